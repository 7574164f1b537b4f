//! `ddrmjpeg inspect`: what JPEG files say.

mod beside;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use ddrmjpeg::frame::PixelModel;
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::JpegFile;
use ddrmjpeg::jpeg::file::origin::Family;
use ddrmjpeg::jpeg::file::{Component, Damage};
use ddrmjpeg::jpeg::grid::tables;
use ddrmjpeg::jpeg::recover::moved;
use ddrmjpeg::jpeg::recover::moved::{Move, Moved};
use ddrmjpeg::jpeg::recover::resaved;
use ddrmjpeg::jpeg::recover::resaved::Resaved;
use ddrmjpeg::jpeg::segments::behind;
use ddrmjpeg::jpeg::segments::behind::Behind;
use ddrmjpeg::options::Limits;
use serde_json::{Value, json};

use crate::io::files::Source;
use crate::io::picture;
use crate::stdout::{out, outln};
use crate::{Outcome, message, screen};

#[derive(Debug, Args)]
pub struct InspectArgs {
    /// JPEG files.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print one JSON object per file.
    #[arg(long)]
    pub json: bool,
}

/// Describes every file.
pub fn run(arguments: &InspectArgs) -> Result<Outcome> {
    let mut outcome = Outcome::Done;
    for path in &arguments.files {
        match read(path) {
            Ok((file, behind)) if arguments.json => outln!("{}", as_json(path, &file, &behind)),
            Ok((file, behind)) => out!("{}{}", as_text(path, &file), beside::text(&file, &behind)),
            Err(error) => {
                eprintln!("ddrmjpeg: {}: {}", path.display(), message::of(&error));
                outcome = Outcome::Partly;
            }
        }
    }
    Ok(outcome)
}

fn read(path: &Path) -> Result<(JpegFile, Behind)> {
    let limits = Limits::default();
    let source = Source::File(path.to_owned());
    let bytes = picture::read_bytes(&source, limits.file_bytes)?;
    Ok((jpeg::read(&bytes, &limits)?, behind::look(&bytes)))
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

/// All components, black last.
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

/// The encoder's family, how much its cells are widened, and the earlier save, if any.
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
    out += &earlier_text(file);
    out
}

/// What the levels show of an earlier save.
fn earlier_text(file: &JpegFile) -> String {
    let earlier = resaved::of(file);
    let luma = earlier.first().and_then(Option::as_ref);
    let Some(luma) = luma else {
        return moved_text(moved_before(file).as_ref());
    };
    let Some(table) = luma.table else {
        let told = luma.first_steps.iter().flatten().count();
        return format!("  saved twice: {told} luma steps of an earlier, coarser JPEG show\n");
    };
    let chroma = earlier[1..].iter().flatten().filter_map(|c| c.table);
    let of = match chroma.filter(|chroma| *chroma == table).count() {
        2 => "luma and chroma",
        _ => "luma",
    };
    let (number, exact) = quality(0, &file.components[0]);
    let about = if exact { "" } else { "about " };
    format!("  saved earlier at {table} ({of}), then at {about}{number}\n")
}

/// The earlier save on another grid that the pixels of a file that is whole show.
fn moved_before(file: &JpegFile) -> Option<Moved> {
    let whole = file.damage.as_ref().is_none_or(Damage::is_empty);
    let look = || moved::look(&mut jpeg::grid::from_levels(file));
    whole.then(look).flatten()
}

fn moved_text(moved: Option<&Moved>) -> String {
    let Some(moved) = moved else {
        return "  saved twice: no sign of it\n".into();
    };
    let how = match moved.how {
        Move::Cut(x, y) => format!("cut, so that its blocks begin at column {x}, row {y}"),
        Move::Scaled(period) => format!("scaled to blocks of {period:.2} pixels"),
        _ => "moved".into(),
    };
    format!(
        "  saved coarser before, then {how}: restored as at quality {}\n",
        moved.quality
    )
}

fn encoder_json(file: &JpegFile) -> Value {
    let family = Family::of(file);
    let slack = family.slack();
    let earlier = resaved::of(file);
    let table = |save: &Option<Resaved>| {
        let table = save.as_ref()?.table?;
        Some(json!({"family": table.tables.name(), "quality": table.quality}))
    };
    let tables: Vec<_> = earlier.iter().map(table).collect();
    let luma = earlier.first().and_then(Option::as_ref);
    let moved = luma.is_none().then(|| moved_before(file)).flatten();
    json!({
        "family": family.name(),
        "slack": {
            "relative": slack.relative, "absolute": slack.absolute, "outward": slack.outward,
        },
        "earlier_save": luma.map(|luma| json!({
            "confidence": luma.confidence, "first_steps": luma.first_steps.to_vec(), "tables": tables,
        })),
        "moved": moved.as_ref().map(screen::moved),
    })
}

fn as_json(path: &Path, file: &JpegFile, behind: &Behind) -> Value {
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
        "metadata": beside::metadata_json(&file.metadata),
        "behind": beside::behind_json(behind),
        "damage": file.damage.as_ref().map(|d| json!({
            "message": d.message, "intact_rows": file.height - d.len(), "is_whole": d.is_empty(),
        })),
    })
}
