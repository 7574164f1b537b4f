//! What the sweeps share: clean pictures from a folder, what a JPEG of one makes known, one run of
//! a sampler, PSNR.

#![allow(dead_code, reason = "no example uses all of it")]

use std::path::Path;

use anyhow::{Context, Result};
use ddrmjpeg::RestoreOptions;
use ddrmjpeg::contract::{Control, Denoiser};
use ddrmjpeg::frame::{Picture, Planar8};
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::grid::cell::Slack;
use ddrmjpeg::jpeg::{JpegMeasurement, Observation};
use ddrmjpeg::sampler;
use ddrmjpeg::sampler::Problem;
use ddrmjpeg::sampler::plan::Plan;
use ddrmjpeg_lab::eval::metrics;

/// The first `count` pictures of `folder`, by name; of each the middle, `side` pixels wide and
/// high, or all of it for 0.
pub fn pictures(folder: &str, count: usize, side: u32) -> Result<Vec<Planar8>> {
    let folder = Path::new(folder);
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .with_context(|| folder.display().to_string())?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()?;
    names.sort();
    let names = names.iter().take(count);
    names.map(|name| picture(name, side)).collect()
}

fn picture(name: &Path, side: u32) -> Result<Planar8> {
    let picture = image::open(name).with_context(|| name.display().to_string())?;
    let mut picture = picture.into_rgb8();
    if side > 0 {
        let (width, height) = (picture.width().min(side), picture.height().min(side));
        let corner = (picture.width() - width, picture.height() - height);
        let view = image::imageops::crop_imm(&picture, corner.0 / 2, corner.1 / 2, width, height);
        picture = view.to_image();
    }
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    Ok(Planar8::from_rgb(width, height, picture.as_raw()))
}

/// Chroma sampling factors by the usual digits.
pub fn factors(sampling: &str) -> Result<(usize, usize)> {
    Ok(match sampling {
        "444" => (1, 1),
        "422" => (2, 1),
        "440" => (1, 2),
        "420" => (2, 2),
        other => anyhow::bail!("{other}: 444, 440, 422 or 420"),
    })
}

/// What the JPEG of `clean` at this quality, 4:2:0, makes known.
pub fn observed(clean: &Planar8, quality: u8) -> Result<Observation> {
    let bytes = jpeg::encode(clean, quality, (2, 2))?;
    let file = jpeg::read(&bytes, &RestoreOptions::default().limits)?;
    Ok(jpeg::grid::from_file(&file))
}

/// What a plan makes of it, on its aligned grid, with the published seed.
pub fn solved(prior: &dyn Denoiser, seen: &Observation, plan: &Plan) -> Result<Picture> {
    let problem = Problem {
        denoiser: prior,
        measurement: &JpegMeasurement::new(seen, Slack::ROUNDING),
        hint: &seen.hint(),
        control: Control::default(),
    };
    Ok(sampler::run(plan, &problem, 1234)?)
}

/// PSNR in dB over the visible part, not rounded.
pub fn psnr(picture: &Picture, clean: &Planar8) -> f64 {
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
