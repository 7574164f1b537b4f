//! Which start level, end level, steps and spread serve the cell sampler best with a prior
//! that has no one-call answer: the lean one, told nothing, stands for those.
//!
//! Prints the rows of docs/quality.md. Run it as
//! `cargo run --release --example cell_sweep -- FOLDER COUNT QUALITY START:END:STEPS:SAMPLES:FRESH:SPREAD …`

use std::path::Path;

use anyhow::{Context, Result, bail};
use ddrmjpeg::contract::{Control, Denoiser};
use ddrmjpeg::eval::metrics;
use ddrmjpeg::frame::{Picture, Planar8};
use ddrmjpeg::jpeg::{self, JpegMeasurement, Observation, cell::Slack};
use ddrmjpeg::options::Limits;
use ddrmjpeg::sampler::plan::{CellSettings, Plan, Start};
use ddrmjpeg::sampler::{self, Problem, unhinted::Unhinted};
use ddrmjpeg::{Options, restore};

/// Side of the part that is cut out of the middle of each picture.
const SIDE: u32 = 256;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, count, quality, rows @ ..] = &arguments[..] else {
        bail!("FOLDER COUNT QUALITY START:END:STEPS:SAMPLES:FRESH:SPREAD …");
    };
    let quality = quality.parse()?;
    let pictures = load(Path::new(folder), count.parse()?)?;
    let seen = pictures
        .iter()
        .map(|clean| observe(clean, quality))
        .collect::<Result<Vec<_>>>()?;
    let lean = restore::model::open(&Options::default())?;
    let prior = Unhinted(&*lean);
    println!("| start:end:steps:samples:fresh:spread | JPEG dB | restored dB |\n|---|---|---|");
    for row in rows {
        let settings = parse(row)?;
        let (mut before, mut after) = (0.0, 0.0);
        for (clean, seen) in pictures.iter().zip(&seen) {
            before += psnr(&seen.decode(), clean) / pictures.len() as f64;
            after += psnr(&solve(&prior, seen, &settings)?, clean) / pictures.len() as f64;
        }
        println!("| {row} | {before:.3} | {after:.3} |");
    }
    Ok(())
}

fn parse(row: &str) -> Result<CellSettings> {
    let numbers = row
        .split(':')
        .map(str::parse)
        .collect::<Result<Vec<f64>, _>>()?;
    let [start_sigma, end_sigma, steps, samples, fresh, spread] = numbers[..] else {
        bail!("{row}: six numbers wanted");
    };
    Ok(CellSettings {
        start: Start::Decoded,
        start_sigma,
        end_sigma,
        steps: steps as usize,
        samples: samples as usize,
        fresh,
        calibrated: None,
        spread,
    })
}

fn load(folder: &Path, count: usize) -> Result<Vec<Planar8>> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .with_context(|| folder.display().to_string())?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()?;
    names.sort();
    names.iter().take(count).map(|name| middle(name)).collect()
}

fn middle(name: &Path) -> Result<Planar8> {
    let picture = image::open(name)?.to_rgb8();
    let (width, height) = (picture.width().min(SIDE), picture.height().min(SIDE));
    let (x, y) = (
        (picture.width() - width) / 2,
        (picture.height() - height) / 2,
    );
    let part = image::imageops::crop_imm(&picture, x, y, width, height).to_image();
    Ok(Planar8::from_rgb(
        width as usize,
        height as usize,
        part.as_raw(),
    ))
}

fn observe(clean: &Planar8, quality: u8) -> Result<Observation> {
    let bytes = jpeg::encode(clean, quality, (2, 2))?;
    Ok(jpeg::observe::from_file(&jpeg::read(
        &bytes,
        &Limits::default(),
    )?))
}

fn solve(prior: &dyn Denoiser, seen: &Observation, settings: &CellSettings) -> Result<Picture> {
    let problem = Problem {
        denoiser: prior,
        measurement: &JpegMeasurement::new(seen, Slack::ROUNDING),
        hint: &seen.hint(),
        control: Control::default(),
    };
    Ok(sampler::run(&Plan::Cell(settings.clone()), &problem, 1234)?)
}

/// PSNR in dB over the visible part, not rounded.
fn psnr(picture: &Picture, clean: &Planar8) -> f64 {
    let mut squares = 0.0;
    for (c, plane) in clean.planes.iter().enumerate() {
        let rows = picture.plane(c).chunks_exact(picture.width);
        for (row, bytes) in rows.zip(plane.data.chunks_exact(plane.width)) {
            for (x, &byte) in row.iter().zip(bytes) {
                let level = 127.5 * (f64::from(*x).clamp(-1.0, 1.0) + 1.0);
                squares += (level - f64::from(byte)).powi(2);
            }
        }
    }
    metrics::psnr_of(squares / (3 * clean.width() * clean.height()) as f64)
}
