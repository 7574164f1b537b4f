//! `ddrmjpeg model calibrate`: a prior of this project with what was measured of it beside its
//! weights: the spread of its estimates, and the peaks of its maps.

use std::path::Path;

use anyhow::{Context, Result, bail};
use ddrmjpeg::ModelOptions;
use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::model::checkpoint;
use ddrmjpeg::model::checkpoint::{StoreAs, write_safetensors};
use ddrmjpeg::model::registry::Own;
use ddrmjpeg_lab::eval::{peaks, spread};
use image::imageops;

use crate::Outcome;
use crate::io::{files, picture};
use crate::model::args::CalibrateArgs;
use crate::stdout::outln;

/// Sides must be whole MCUs of 4:2:0.
const MCU_PX: u32 = 16;

/// Measures, and writes the weights with the result, completely or not at all.
pub fn run(arguments: &CalibrateArgs) -> Result<Outcome> {
    if !files::has_extension(&arguments.out, &["safetensors"]) {
        bail!("{}: must end in .safetensors", arguments.out.display());
    }
    if !arguments.side.is_multiple_of(MCU_PX) {
        bail!("--side {}: must be a multiple of {MCU_PX}", arguments.side);
    }
    let source = checkpoint::open(&arguments.model)?;
    let prior = Own::open(&arguments.model, &ModelOptions::default())?;
    let pictures = pictures(arguments)?;
    let count = pictures.len();
    let mut metadata = source.metadata().clone();
    // A prior that has never seen noise has no spread.
    if !prior.facts().one_call_only {
        let table = spread::measure(&*prior, &pictures, arguments.seed, |done| {
            eprintln!("{done} of {count} pictures");
        })?;
        table.write(&mut metadata);
    }
    let own = Own::of(source.metadata())?;
    let mut meter = own.peak_meter(checkpoint::open(&arguments.model)?)?;
    peaks::measure(&mut meter, &pictures)?;
    meter.write(&mut metadata);
    // The weights may be mapped from the file that is written: a new one takes its place.
    write_safetensors(&arguments.out, &*source, &metadata, StoreAs::Keep)
        .with_context(|| arguments.out.display().to_string())?;
    outln!(
        "{}: calibrated on {count} pictures",
        arguments.out.display()
    );
    Ok(Outcome::Done)
}

/// The middle squares of the pictures below the folder.
fn pictures(arguments: &CalibrateArgs) -> Result<Vec<Planar8>> {
    let folder = &arguments.pictures;
    let names =
        files::below(folder, &files::PICTURES).with_context(|| folder.display().to_string())?;
    let names = names.iter().take(arguments.first.unwrap_or(usize::MAX));
    names
        .map(|name| middle(&folder.join(name), arguments.side))
        .collect()
}

fn middle(path: &Path, side: u32) -> Result<Planar8> {
    let picture = picture::load(path)?;
    let (width, height) = (picture.width() as u32, picture.height() as u32);
    if width.min(height) < side || picture.model == PixelModel::Grey {
        bail!(
            "{}: {width}x{height}: must be in colour and at least {side} pixels on a side (--side)",
            path.display()
        );
    }
    let whole = image::RgbImage::try_from(&picture)?;
    let corner = ((width - side) / 2, (height - side) / 2);
    let part = imageops::crop_imm(&whole, corner.0, corner.1, side, side).to_image();
    Ok(Planar8::from(&part))
}
