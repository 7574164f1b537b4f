//! `ddrmjpeg inspect`: what JPEG files say.

use std::path::Path;

use anyhow::Result;
use ddrmjpeg::frame::PixelModel;
use ddrmjpeg::jpeg::file::Component;
use ddrmjpeg::jpeg::origin::Family;
use ddrmjpeg::jpeg::{self, JpegFile, resaved, tables};
use ddrmjpeg::options::Limits;
use serde_json::{Value, json};

use crate::cli::InspectArgs;
use crate::files::Source;
use crate::picture;
use crate::{Outcome, message};

/// Describes every file.
pub fn run(arguments: &InspectArgs) -> Result<Outcome> {
    let mut outcome = Outcome::Done;
    for path in &arguments.files {
        match read(path) {
            Ok(file) if arguments.json => println!("{}", as_json(path, &file)),
            Ok(file) => print!("{}", as_text(path, &file)),
            Err(error) => {
                eprintln!("ddrmjpeg: {}: {}", path.display(), message::of(&error));
                outcome = Outcome::Partly;
            }
        }
    }
    Ok(outcome)
}

fn read(path: &Path) -> Result<JpegFile> {
    let limits = Limits::default();
    let source = Source::File(path.to_owned());
    let bytes = picture::read_bytes(&source, limits.file_bytes)?;
    Ok(jpeg::read(&bytes, &limits)?)
}

/// `quality 75`, or `near quality 75`, by the base table of the component's role.
fn quality(index: usize, component: &Component) -> (u8, bool) {
    let base = match index {
        0 => &tables::BASE_LUMA,
        _ => &tables::BASE_CHROMA,
    };
    let found = tables::nearest_quality(base, &component.steps);
    (found.quality, found.exact)
}

fn model(file: &JpegFile) -> &'static str {
    match &file.ink {
        Some(ink) if ink.is_ycck => return "YCCK",
        Some(_) => return "CMYK",
        None => {}
    }
    match file.model {
        PixelModel::Grey => "grey",
        PixelModel::YCbCr => "YCbCr",
        PixelModel::Rgb => "RGB",
    }
}

/// All of them, black last.
fn components(file: &JpegFile) -> impl Iterator<Item = &Component> {
    let black = file.ink.iter().flat_map(|ink| &ink.black.components);
    file.components.iter().chain(black)
}

fn as_text(path: &Path, file: &JpegFile) -> String {
    let process = if file.progressive {
        "progressive"
    } else {
        "baseline"
    };
    let mut out = format!(
        "{}: {} x {}, {}, {}, {process}\n",
        path.display(),
        file.width,
        file.height,
        model(file),
        file.subsampling_name()
    );
    let components: Vec<&Component> = components(file).collect();
    for (index, component) in components.iter().copied().enumerate() {
        let (number, exact) = quality(index, component);
        let near = if exact { "IJG" } else { "not IJG, nearest" };
        let (h, v) = component.sampling;
        out += &format!(
            "  component {}: sampling {h}x{v}, {} x {} blocks, table: {near} quality {number}\n",
            component.id, component.blocks_wide, component.blocks_high
        );
        if index == 0 || component.steps != components[index - 1].steps {
            for row in component.steps.chunks(8) {
                let cells: Vec<String> = row.iter().map(|step| format!("{step:5}")).collect();
                out += &format!("   {}\n", cells.concat());
            }
        }
    }
    out += &encoder_text(file);
    if let Some(damage) = &file.damage {
        out += &format!("  {}\n", damage.describe(file.height));
    }
    out
}

/// The encoder's family, what its cells are widened by, and the earlier save, if any.
fn encoder_text(file: &JpegFile) -> String {
    let family = Family::of(file);
    let slack = family.slack();
    let mut out = format!(
        "  encoder: {}; cells reach {:.2} steps and {:.1} units further, {:.1} steps away from zero\n",
        family.name(),
        slack.relative,
        slack.absolute,
        slack.outward
    );
    match file.components.first().and_then(resaved::of) {
        Some(earlier) => {
            let told = earlier.first_steps.iter().flatten().count();
            out += &format!("  saved twice: {told} luma steps of an earlier, coarser JPEG show\n");
        }
        None => out += "  saved twice: no sign of it\n",
    }
    out
}

fn encoder_json(file: &JpegFile) -> Value {
    let family = Family::of(file);
    let slack = family.slack();
    let earlier = file.components.first().and_then(resaved::of);
    json!({
        "family": family.name(),
        "slack": {
            "relative": slack.relative, "absolute": slack.absolute, "outward": slack.outward,
        },
        "earlier_save": earlier.map(|earlier| json!({
            "confidence": earlier.confidence, "first_steps": earlier.first_steps.to_vec(),
        })),
    })
}

fn as_json(path: &Path, file: &JpegFile) -> Value {
    let components: Vec<Value> = components(file)
        .enumerate()
        .map(|(index, component)| {
            let (number, exact) = quality(index, component);
            json!({
                "id": component.id,
                "sampling": [component.sampling.0, component.sampling.1],
                "blocks": [component.blocks_wide, component.blocks_high],
                "nearest_quality": number,
                "exact": exact,
                "steps": component.steps.to_vec(),
            })
        })
        .collect();
    json!({
        "file": path.display().to_string(),
        "width": file.width,
        "height": file.height,
        "model": model(file),
        "subsampling": file.subsampling_name(),
        "progressive": file.progressive,
        "components": components,
        "encoder": encoder_json(file),
        "damage": file.damage.as_ref().map(|d| json!({
            "message": d.message, "intact_rows": file.height - d.len(), "is_whole": d.is_empty(),
        })),
    })
}
