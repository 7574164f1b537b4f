//! Which start level, end level, steps and spread serve the cell sampler best with a prior
//! that has no one-call answer: the lean one, told nothing, stands for those.
//!
//! Prints the rows of docs/measurements/quality.md. Run it as
//! `cargo run --release --example cell_sweep -- FOLDER COUNT QUALITY START:END:STEPS:SAMPLES:FRESH:SPREAD …`

mod common;

use anyhow::{Result, bail};
use common::psnr;
use ddrmjpeg::ModelOptions;
use ddrmjpeg::sampler::plan::{CellSettings, Plan, Start};
use ddrmjpeg::sampler::unhinted::Unhinted;

/// Side of the part that is cut out of the middle of each picture.
const SIDE: u32 = 256;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, count, quality, rows @ ..] = &arguments[..] else {
        bail!("FOLDER COUNT QUALITY START:END:STEPS:SAMPLES:FRESH:SPREAD …");
    };
    let quality = quality.parse()?;
    let pictures = common::pictures(folder, count.parse()?, SIDE)?;
    let seen = pictures
        .iter()
        .map(|clean| common::observed(clean, quality))
        .collect::<Result<Vec<_>>>()?;
    let lean = ddrmjpeg::model::open::open(&ModelOptions::default())?;
    let prior = Unhinted(&*lean);
    println!("| start:end:steps:samples:fresh:spread | JPEG dB | restored dB |\n|---|---|---|");
    for row in rows {
        let plan = Plan::Cell(parse(row)?);
        let (mut before, mut after) = (0.0, 0.0);
        for (clean, seen) in pictures.iter().zip(&seen) {
            before += psnr(&seen.decode(), clean) / pictures.len() as f64;
            after += psnr(&common::solved(&prior, seen, &plan)?, clean) / pictures.len() as f64;
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
        warm_sigma: None,
        calibrated: None,
        spread,
        share: 1.0,
    })
}
