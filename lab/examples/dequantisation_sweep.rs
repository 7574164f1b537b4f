//! Which start level, steps and spread restore banded pictures best with the lean prior.
//!
//! Prints the table of docs/measurements/dequantisation.md. Run it as
//! `cargo run --release --example dequantisation_sweep -- FOLDER COUNT BITS START,… END,… STEPS,… SPREAD,… FRESH,… SAMPLES,…`

mod common;

use anyhow::{Result, bail};
use ddrmjpeg::ModelOptions;
use ddrmjpeg::contract::{Control, Denoiser};
use ddrmjpeg::degradation::Bits;
use ddrmjpeg::frame::{Picture, Planar8};
use ddrmjpeg::sampler;
use ddrmjpeg::sampler::Problem;
use ddrmjpeg::sampler::plan::{CellSettings, Plan, Start};
use ddrmjpeg::sampler::unhinted::Unhinted;
use ddrmjpeg::source::dequantised::{Levels, QuantMeasurement};
use ddrmjpeg_lab::eval::metrics;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [
        folder,
        count,
        bits,
        starts,
        ends,
        steps,
        spreads,
        fresh,
        samples,
    ] = &arguments[..]
    else {
        bail!("FOLDER COUNT BITS START,… END,… STEPS,… SPREAD,… FRESH,… SAMPLES,…");
    };
    let pictures = common::pictures(folder, count.parse()?, 0)?;
    let bits = Bits::new(bits.parse()?)?;
    let denoiser = ddrmjpeg::model::open::open(&ModelOptions::default())?;
    let shown =
        |show: &dyn Fn(&Levels) -> Picture| mean(&pictures, |clean| Ok(show(&levels(clean, bits))));
    println!(
        "{} bits: {:.3} dB at the floor, {:.3} dB at the centre\n",
        bits.get(),
        shown(&Levels::at_floor)?,
        shown(&Levels::at_centre)?
    );
    println!(
        "| start | end | steps | spread | fresh | samples | dB |\n|---|---|---|---|---|---|---|"
    );
    for settings in grid(&[starts, ends, steps, spreads, fresh, samples])? {
        let db = mean(&pictures, |clean| {
            restore_one(&*denoiser, clean, bits, &settings)
        })?;
        let s = settings;
        println!(
            "| {} | {} | {} | {} | {} | {} | {db:.3} |",
            s.start_sigma, s.end_sigma, s.steps, s.spread, s.fresh, s.samples
        );
    }
    Ok(())
}

/// Every combination of the lists.
fn grid(lists: &[&String; 6]) -> Result<Vec<CellSettings>> {
    let mut rows: Vec<Vec<f64>> = vec![Vec::new()];
    for list in lists {
        let values = list
            .split(',')
            .map(str::parse)
            .collect::<Result<Vec<f64>, _>>()?;
        let longer = |row: &Vec<f64>| {
            let row = row.clone();
            values
                .iter()
                .map(move |&v| [row.as_slice(), &[v]].concat())
                .collect::<Vec<_>>()
        };
        rows = rows.iter().flat_map(longer).collect();
    }
    let settings = |row: &Vec<f64>| CellSettings {
        start: Start::Decoded,
        start_sigma: row[0],
        end_sigma: row[1].min(row[0]),
        steps: row[2] as usize,
        warm_sigma: None,
        calibrated: None,
        spread: row[3],
        fresh: row[4],
        samples: row[5] as usize,
        share: 1.0,
    };
    Ok(rows.iter().map(settings).collect())
}

fn levels(clean: &Planar8, bits: Bits) -> Levels {
    Levels::of_bytes(clean, bits, clean.width(), clean.height())
}

/// Mean PSNR over the pictures of what `make` makes of each.
fn mean(pictures: &[Planar8], make: impl Fn(&Planar8) -> Result<Picture>) -> Result<f64> {
    let mut sum = 0.0;
    for clean in pictures {
        sum += metrics::psnr(clean, &to_bytes(&make(clean)?))?;
    }
    Ok(sum / pictures.len() as f64)
}

fn to_bytes(picture: &Picture) -> Planar8 {
    let n = picture.plane_len();
    let byte = |x: f32| (127.5 * (x + 1.0)).round() as u8;
    let pixels = (0..n).flat_map(|i| [0, 1, 2].map(|c: usize| byte(picture.data[c * n + i])));
    Planar8::from_rgb(picture.width, picture.height, &pixels.collect::<Vec<_>>())
}

fn restore_one(
    denoiser: &dyn Denoiser,
    clean: &Planar8,
    bits: Bits,
    settings: &CellSettings,
) -> Result<Picture> {
    let seen = levels(clean, bits);
    let problem = Problem {
        denoiser: &Unhinted(denoiser),
        measurement: &QuantMeasurement::new(&seen),
        hint: &seen.hint(),
        control: Control::default(),
    };
    Ok(sampler::run(&Plan::Cell(settings.clone()), &problem, 1234)?)
}
