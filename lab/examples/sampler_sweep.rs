//! Which sampler, how many steps, from which level, how many draws: every metric, one table.
//!
//! Prints the rows of docs/measurements/sweep.md. Run it as
//! `cargo run --release --example sampler_sweep -- FOLDER COUNT SIDE QUALITY,… METHOD …`, a
//! METHOD being `one` (one call), `paper:TIMESTEPS:INIT:ETA:ETA_B:SAMPLES`,
//! `cell:START:END:STEPS:SAMPLES:FRESH:SPREAD[:SHARE]`, or `own:…` with multiples of the prior's
//! calibrated spread as its last number; `MODEL@METHOD` asks a prior other than lean.

mod common;

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use ddrmjpeg::ModelOptions;
use ddrmjpeg::contract::Denoiser;
use ddrmjpeg::frame::{Picture, Planar8};
use ddrmjpeg::sampler::plan::{CellSettings, Plan, PublishedSettings, Start};
use ddrmjpeg_lab::eval::scores::{Metric, Scores};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, count, side, qualities, methods @ ..] = &arguments[..] else {
        bail!("FOLDER COUNT SIDE QUALITY,… METHOD …");
    };
    let pictures = common::pictures(folder, count.parse()?, side.parse()?)?;
    let names: String = Metric::ALL.map(|m| format!(" {m} |")).concat();
    println!("| quality | method | calls |{names} lost on |");
    println!("|---|---|---|---|{}", "---|".repeat(Metric::ALL.len()));
    let mut priors = HashMap::new();
    for quality in qualities.split(',') {
        let quality = quality.parse()?;
        let seen = pictures
            .iter()
            .map(|clean| common::observed(clean, quality))
            .collect::<Result<Vec<_>>>()?;
        let jpeg = row((quality, "jpeg", 0), &pictures, None, |i| {
            Ok(seen[i].decode())
        })?;
        for method in methods {
            let (model, plan) = method.split_once('@').unwrap_or(("lean", method));
            let prior = prior(&mut priors, model)?;
            let plan = parse(plan)?;
            let of = (quality, method.as_str(), plan.calls());
            row(of, &pictures, Some(&jpeg), |i| {
                common::solved(&*prior, &seen[i], &plan)
            })?;
        }
    }
    Ok(())
}

fn prior(
    priors: &mut HashMap<String, Arc<dyn Denoiser>>,
    model: &str,
) -> Result<Arc<dyn Denoiser>> {
    if let Some(prior) = priors.get(model) {
        return Ok(Arc::clone(prior));
    }
    let options = ModelOptions::default().with_model(model.to_owned());
    let prior = ddrmjpeg::model::open::open(&options)?;
    priors.insert(model.to_owned(), Arc::clone(&prior));
    Ok(prior)
}

/// Prints one row: quality, method and calls, the means over the pictures, and of how many of them
/// the PSNR is below the JPEG's. Answers the scores.
fn row(
    (quality, method, calls): (u8, &str, usize),
    pictures: &[Planar8],
    jpeg: Option<&[Scores]>,
    restored: impl Fn(usize) -> Result<Picture>,
) -> Result<Vec<Scores>> {
    let scores = pictures.iter().enumerate().map(|(i, clean)| {
        let shown = shown(&restored(i)?, clean);
        Ok(Scores::of(&Metric::ALL, clean, &shown)?)
    });
    let scores = scores.collect::<Result<Vec<_>>>()?;
    let mean = Scores::mean(&scores).context("no pictures")?;
    let cells = Metric::ALL.iter().zip(&mean.0);
    let cells: String = cells
        .map(|(metric, value)| format!(" {value:.*} |", metric.digits()))
        .collect();
    let psnr = Metric::ALL
        .iter()
        .position(|&metric| metric == Metric::Psnr);
    let psnr = psnr.context("PSNR is no metric")?;
    let pairs = jpeg.unwrap_or(&scores).iter().zip(&scores);
    let lost = pairs
        .filter(|(jpeg, own)| own.0[psnr] < jpeg.0[psnr])
        .count();
    println!(
        "| {quality} | {method} | {calls} |{cells} {lost} of {} |",
        scores.len()
    );
    Ok(scores)
}

fn parse(method: &str) -> Result<Plan> {
    let (name, numbers) = method.split_once(':').unwrap_or((method, ""));
    let numbers = numbers
        .split_terminator(':')
        .map(str::parse)
        .collect::<Result<Vec<f64>, _>>()
        .with_context(|| method.to_owned())?;
    Ok(match (name, &numbers[..]) {
        ("one", []) => Plan::OneCall { views: 1 },
        ("paper", &[timesteps, init, eta, eta_b, samples]) => Plan::Published(PublishedSettings {
            timesteps: timesteps as usize,
            init_timestep: init as usize,
            eta,
            eta_b,
            samples: samples as usize,
        }),
        (
            "cell",
            &[
                start_sigma,
                end_sigma,
                steps,
                samples,
                fresh,
                spread,
                ref share @ ..,
            ],
        ) => Plan::Cell(CellSettings {
            start: Start::OneCall,
            start_sigma,
            end_sigma,
            steps: steps as usize,
            samples: samples as usize,
            fresh,
            warm_sigma: None,
            calibrated: None,
            spread,
            share: share.first().copied().unwrap_or(1.0),
        }),
        ("own", &[start_sigma, end_sigma, steps, samples, fresh, factor]) => {
            Plan::Cell(CellSettings {
                start: Start::OneCall,
                start_sigma,
                end_sigma,
                steps: steps as usize,
                samples: samples as usize,
                fresh,
                calibrated: Some(factor),
                ..CellSettings::default()
            })
        }
        _ => bail!("{method}: must be one, paper:… of five numbers, cell:… or own:… of six"),
    })
}

/// The visible part, rounded to 8 bits.
fn shown(picture: &Picture, clean: &Planar8) -> Planar8 {
    let mut out = clean.clone();
    for (c, plane) in out.planes.iter_mut().enumerate() {
        let rows = picture.plane(c).chunks_exact(picture.width);
        for (row, bytes) in rows.zip(plane.data.chunks_exact_mut(plane.width)) {
            for (x, byte) in row.iter().zip(bytes) {
                *byte = (127.5 * (x.clamp(-1.0, 1.0) + 1.0)).round() as u8;
            }
        }
    }
    out
}
