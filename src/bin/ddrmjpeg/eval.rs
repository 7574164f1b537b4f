//! `ddrmjpeg eval`: encodes clean pictures (or keeps a few bits of them), restores them, and
//! prints a Markdown table.

use anyhow::{Result, bail};
use ddrmjpeg::degradation::{Bits, Degradation};
use ddrmjpeg::eval::gain::{self, Gain, LevelsGain};
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::options::Preset;
use ddrmjpeg::{Options, Restorer};

use crate::Outcome;
use crate::cli::EvalArgs;
use crate::{files, message, picture};

/// Prints a row per quality and preset, or per preset for a number of bits.
pub fn run(arguments: &EvalArgs) -> Result<Outcome> {
    let options = arguments.options.resolve()?;
    let pictures = load(arguments)?;
    let restorer = Restorer::open(&options)?;
    message::caution(&restorer);
    match options.degradation {
        Degradation::Jpeg => qualities(arguments, &options, &restorer, &pictures)?,
        Degradation::Quant(bits) => levels(arguments, bits, &options, &restorer, &pictures)?,
    }
    Ok(Outcome::Done)
}

/// A row per quality and preset.
fn qualities(
    arguments: &EvalArgs,
    options: &Options,
    restorer: &Restorer,
    pictures: &[Planar8],
) -> Result<()> {
    println!(
        "| quality | preset | JPEG dB | restored dB | gain | worst gain | lost on | s/Mpixel |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for &quality in &arguments.quality {
        for &preset in &arguments.presets {
            let options = Options {
                preset,
                ..options.clone()
            };
            let gains = pictures
                .iter()
                .map(|clean| gain::measure(restorer, clean, quality, arguments.sampling, &options))
                .collect::<ddrmjpeg::Result<Vec<_>>>()?;
            println!("{}", row(quality, preset, &gains, pictures));
        }
    }
    Ok(())
}

/// A row per preset.
fn levels(
    arguments: &EvalArgs,
    bits: Bits,
    options: &Options,
    restorer: &Restorer,
    pictures: &[Planar8],
) -> Result<()> {
    println!(
        "| bits | preset | floor dB | centre dB | restored dB | over floor | over centre | worst over centre | s/Mpixel |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for &preset in &arguments.presets {
        let options = Options {
            preset,
            ..options.clone()
        };
        let gains = pictures
            .iter()
            .map(|clean| gain::measure_levels(restorer, clean, bits, &options))
            .collect::<ddrmjpeg::Result<Vec<_>>>()?;
        println!("{}", levels_row(bits, preset, &gains, pictures));
    }
    Ok(())
}

fn load(arguments: &EvalArgs) -> Result<Vec<Planar8>> {
    let names = files::below(&arguments.folder, files::PICTURES)?;
    let count = arguments.first.unwrap_or(names.len());
    let pictures: Vec<Planar8> = names
        .iter()
        .take(count)
        .map(|name| picture::load(&arguments.folder.join(name)))
        .collect::<Result<_>>()?;
    if pictures.is_empty() {
        bail!("{}: no pictures in this folder", arguments.folder.display());
    }
    Ok(pictures)
}

fn row(quality: u8, preset: Preset, gains: &[Gain], pictures: &[Planar8]) -> String {
    let mean = |of: &dyn Fn(&Gain) -> f64| gains.iter().map(of).sum::<f64>() / gains.len() as f64;
    let gain = |g: &Gain| g.restored - g.jpeg;
    let worst = gains.iter().map(gain).fold(f64::INFINITY, f64::min);
    let lost = gains.iter().filter(|g| gain(g) < 0.0).count();
    let seconds: f64 = gains.iter().map(|g| g.seconds).sum();
    format!(
        "| {quality} | {preset} | {:.3} | {:.3} | {:+.3} | {worst:+.3} | {lost} of {} | {:.2} |",
        mean(&|g| g.jpeg),
        mean(&|g| g.restored),
        mean(&gain),
        gains.len(),
        per_mpixel(seconds, pictures)
    )
}

fn levels_row(bits: Bits, preset: Preset, gains: &[LevelsGain], pictures: &[Planar8]) -> String {
    let mean =
        |of: &dyn Fn(&LevelsGain) -> f64| gains.iter().map(of).sum::<f64>() / gains.len() as f64;
    let over = |g: &LevelsGain| g.restored - g.centre;
    let worst = gains.iter().map(over).fold(f64::INFINITY, f64::min);
    format!(
        "| {} | {preset} | {:.3} | {:.3} | {:.3} | {:+.3} | {:+.3} | {worst:+.3} | {:.2} |",
        bits.get(),
        mean(&|g| g.floor),
        mean(&|g| g.centre),
        mean(&|g| g.restored),
        mean(&|g| g.restored - g.floor),
        mean(&over),
        per_mpixel(gains.iter().map(|g| g.seconds).sum(), pictures)
    )
}

fn per_mpixel(seconds: f64, pictures: &[Planar8]) -> f64 {
    let pixels: usize = pictures.iter().map(|p| p.width() * p.height()).sum();
    1e6 * seconds / pixels as f64
}
