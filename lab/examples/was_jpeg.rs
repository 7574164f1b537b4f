//! What `restore --was-jpeg` is worth: clean pictures as JPEGs, restored from the file, and from
//! the pixels alone that a viewer shows, as a PNG keeps them. Prints the Markdown table of
//! docs/measurements/estimation.md.
//!
//! `cargo run --release --example was_jpeg -- FOLDER COUNT QUALITY,… SAMPLING,… [SIDE]`; with SIDE
//! the middle of each picture alone, so many pixels wide and high.

mod common;

use anyhow::{Result, bail};
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::{Control, Error, ModelOptions, RestoreOptions, Restorer, jpeg};
use ddrmjpeg_lab::eval::metrics;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, count, qualities, samplings, side @ ..] = &arguments[..] else {
        bail!("FOLDER COUNT QUALITY,… SAMPLING,… [SIDE]");
    };
    let side = side.first().map_or(Ok(0), |side| side.parse())?;
    let pictures = common::pictures(folder, count.parse()?, side)?;
    let options = RestoreOptions::default();
    let restorer = Restorer::open(&ModelOptions::default())?;
    println!(
        "| sampling | quality | JPEG dB | from the file | from the pixels | gain of that | worst | luma table exact | chroma told | not told |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for sampling in samplings.split(',') {
        for quality in qualities.split(',') {
            let (quality, factors) = (quality.parse()?, common::factors(sampling)?);
            let rows = pictures
                .iter()
                .map(|clean| measure(&restorer, clean, quality, factors, &options))
                .collect::<Result<Vec<_>>>()?;
            let [four, h, v] = [0..1, 1..2, 2..3].map(|at| &sampling[at]);
            println!("| {four}:{h}:{v} | {quality} | {} |", line(&rows));
        }
    }
    Ok(())
}

/// One picture: PSNR in dB of what a viewer shows of its JPEG, of that restored from the file, and
/// from these pixels; as shown where they do not tell their tables.
struct Row {
    jpeg: f64,
    file: f64,
    pixels: f64,
    exact: bool,
    chroma: bool,
    told: bool,
}

fn measure(
    restorer: &Restorer,
    clean: &Planar8,
    quality: u8,
    sampling: (usize, usize),
    options: &RestoreOptions,
) -> Result<Row> {
    let bytes = jpeg::encode(clean, quality, sampling)?;
    let shown = jpeg::file::pixels::decode(&bytes, &options.limits)?;
    let file = restorer.restore_jpeg(&bytes, options, Control::default())?;
    let told = match restorer.restore_decoded(&shown, options, Control::default()) {
        Ok(restored) => Some(restored),
        Err(Error::Unsupported(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let estimated = told.as_ref().and_then(|told| told.report.estimated.clone());
    let (luma, chroma) = jpeg::grid::tables::ijg_pair(quality);
    let right = estimated.as_deref().map(|found| {
        let chroma_right = found.chroma.as_ref().is_some_and(|e| e.steps == chroma);
        let sampling_right = found.subsampling == Some(sampling);
        (found.luma.steps == luma, chroma_right && sampling_right)
    });
    let pixels = told.as_ref().map_or(&shown, |told| &told.frame);
    Ok(Row {
        jpeg: metrics::psnr(clean, &shown)?,
        file: metrics::psnr(clean, &file.frame)?,
        pixels: metrics::psnr(clean, pixels)?,
        exact: right.is_some_and(|right| right.0),
        chroma: right.is_some_and(|right| right.1),
        told: told.is_some(),
    })
}

fn line(rows: &[Row]) -> String {
    let mean = |value: fn(&Row) -> f64| rows.iter().map(value).sum::<f64>() / rows.len() as f64;
    let count = |is: fn(&&Row) -> bool| rows.iter().filter(is).count();
    let gain = |row: &Row| row.pixels - row.jpeg;
    let worst = rows.iter().map(gain).fold(f64::INFINITY, f64::min);
    format!(
        "{:.3} | {:.3} | {:.3} | {:+.3} | {worst:+.3} | {} of {} | {} | {}",
        mean(|row| row.jpeg),
        mean(|row| row.file),
        mean(|row| row.pixels),
        mean(|row| row.pixels - row.jpeg),
        count(|row| row.exact),
        rows.len(),
        count(|row| row.chroma),
        count(|row| !row.told),
    )
}
