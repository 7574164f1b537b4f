//! What slack by encoder family is worth, and trust by departures: pictures encoded by rounding,
//! by mozjpeg's trellis, and twice; one network call each, brought into cells of several widths.
//! Prints the tables of docs/measurements/cell.md.
//!
//! `cargo run --release --example slack_sweep -- FOLDER COUNT`

mod common;

use anyhow::{Result, bail};
use common::psnr;
use ddrmjpeg::contract::{Denoiser, Measurement, Trust};
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::file::write::Quantiser;
use ddrmjpeg::jpeg::grid::cell::Slack;
use ddrmjpeg::jpeg::grid::tables;
use ddrmjpeg::jpeg::recover::resaved;
use ddrmjpeg::jpeg::{JpegFile, JpegMeasurement};
use ddrmjpeg::sampler::cell::ONE_CALL_SIGMA;
use ddrmjpeg::{ModelOptions, RestoreOptions};

/// (encoder, how it comes from the clean picture).
type Encoder = (&'static str, fn(&Planar8) -> Result<Vec<u8>>);

const ENCODERS: [Encoder; 13] = [
    ("libjpeg 60", |clean| Ok(jpeg::encode(clean, 60, (2, 2))?)),
    ("libjpeg 90", |clean| Ok(jpeg::encode(clean, 90, (2, 2))?)),
    ("libjpeg 90, 4:4:4", |clean| {
        Ok(jpeg::encode(clean, 90, (1, 1))?)
    }),
    ("libjpeg 98, 4:4:4", |clean| {
        Ok(jpeg::encode(clean, 98, (1, 1))?)
    }),
    ("trellis 60", |clean| trellis(clean, 60)),
    ("trellis 85", |clean| trellis(clean, 85)),
    ("60, then 85", |clean| twice(clean, 60, 85)),
    ("75, then 90", |clean| twice(clean, 75, 90)),
    ("40, then 80", |clean| twice(clean, 40, 80)),
    ("30, then 95", |clean| twice(clean, 30, 95)),
    ("20, then 90", |clean| twice(clean, 20, 90)),
    ("15, then 75", |clean| twice(clean, 15, 75)),
    ("10, then 60", |clean| twice(clean, 10, 60)),
];

fn trellis(clean: &Planar8, quality: u8) -> Result<Vec<u8>> {
    let (luma, chroma) = tables::ijg_pair(quality);
    let steps = [luma, chroma, chroma];
    Ok(jpeg::file::write::encode_by(
        clean,
        &steps,
        (2, 2),
        Quantiser::Trellis,
    )?)
}

fn twice(clean: &Planar8, first: u8, second: u8) -> Result<Vec<u8>> {
    let once = jpeg::encode(clean, first, (2, 2))?;
    let shown = jpeg::file::pixels::decode(&once, &RestoreOptions::default().limits)?;
    Ok(jpeg::encode(&shown, second, (2, 2))?)
}

const fn slack(relative: f32, outward: f32) -> Slack {
    Slack {
        relative,
        absolute: 0.1,
        outward,
    }
}

const SLACKS: [(&str, Slack); 8] = [
    ("rounding", Slack::ROUNDING),
    ("0.07 q", slack(0.07, 0.0)),
    ("0.41 q", slack(0.41, 0.0)),
    ("2 q", slack(2.0, 0.0)),
    ("0.25 q out", slack(0.01, 0.25)),
    ("0.5 q out", slack(0.01, 0.5)),
    ("1 q out", slack(0.01, 1.0)),
    ("2 q out", slack(0.01, 2.0)),
];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, count] = &arguments[..] else {
        bail!("FOLDER COUNT");
    };
    let pictures = common::pictures(folder, count.parse()?, 0)?;
    let prior = ddrmjpeg::model::open::open(&ModelOptions::default())?;
    let names: Vec<&str> = SLACKS.iter().map(|(name, _)| *name).collect();
    println!(
        "| encoder | JPEG dB | no cells | judged | {} | earlier save | outside | far |",
        names.join(" | ")
    );
    println!(
        "|---|---|---|---|{}---|---|---|",
        "---|".repeat(SLACKS.len())
    );
    for (name, encode) in ENCODERS {
        let mut sums: Vec<f64> = Vec::new();
        for clean in &pictures {
            let file = jpeg::read(&encode(clean)?, &RestoreOptions::default().limits)?;
            let row = measure(&*prior, clean, &file)?;
            sums.resize(row.len(), 0.0);
            sums.iter_mut()
                .zip(row)
                .for_each(|(sum, value)| *sum += value);
        }
        let cells: Vec<String> = sums
            .iter()
            .map(|s| format!("{:.3}", s / pictures.len() as f64))
            .collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
    Ok(())
}

/// PSNR of the JPEG, of the estimate in no cells, judged, clamped to the cells of each slack, judged
/// by those of the earlier save where one shows; shares of coefficients outside and far outside
/// their cells.
fn measure(prior: &dyn Denoiser, clean: &Planar8, file: &JpegFile) -> Result<Vec<f64>> {
    let seen = jpeg::grid::from_file(file);
    let hint = seen.hint();
    let x0 = prior.denoise(&hint.decoded, ONE_CALL_SIGMA, Some(&hint))?;
    let mut row = vec![psnr(&hint.decoded, clean), psnr(&x0, clean)];
    let mut held = |slack, trust| {
        let measurement = JpegMeasurement::new(&seen, slack);
        let mut held = x0.clone();
        measurement.project(&mut held, trust);
        row.push(psnr(&held, clean));
        measurement.departures()
    };
    let found = held(Slack::ROUNDING, Trust::Judged);
    for (_, slack) in SLACKS {
        held(slack, Trust::Clamp);
    }
    row.push(earlier(prior, clean, file)?.unwrap_or(row[2]));
    let shares = [found.left, found.far].map(|n| n as f64 / found.known as f64);
    row.extend(shares);
    Ok(row)
}

fn earlier(prior: &dyn Denoiser, clean: &Planar8, file: &JpegFile) -> Result<Option<f64>> {
    let Some(first) = resaved::first_save(file) else {
        return Ok(None);
    };
    let mut seen = first.observation();
    seen.draw();
    let hint = seen.hint();
    let mut x0 = prior.denoise(&hint.decoded, ONE_CALL_SIGMA, Some(&hint))?;
    JpegMeasurement::new(&seen, Slack::ROUNDING).project(&mut x0, Trust::Judged);
    Ok(Some(psnr(&x0, clean)))
}
