//! eval of pictures with only a few bits per channel: a row per preset.

use anyhow::Result;
use ddrmjpeg::degradation::Bits;
use ddrmjpeg::options::Preset;
use ddrmjpeg::{ModelOptions, RestoreOptions, Restorer};
use ddrmjpeg_lab::eval::gain;
use ddrmjpeg_lab::eval::gain::LevelsGain;

use crate::eval::arguments::EvalArgs;
use crate::eval::measure::Pictures;
use crate::stdout::outln;

/// Prints the table.
pub fn run(
    arguments: &EvalArgs,
    bits: Bits,
    (model, options): (&ModelOptions, &RestoreOptions),
    pictures: &Pictures,
) -> Result<()> {
    let restorer = Restorer::open(model)?;
    outln!(
        "| bits | preset | floor dB | centre dB | restored dB | over floor | over centre | worst over centre | s/Mpixel |"
    );
    outln!("|---|---|---|---|---|---|---|---|---|");
    for &preset in &arguments.presets {
        let options = options.clone().with_preset(preset);
        let gains = pictures
            .clean
            .iter()
            .map(|clean| gain::measure_levels(&restorer, clean, bits, &options))
            .collect::<ddrmjpeg::Result<Vec<_>>>()?;
        outln!("{}", row(bits, preset, &gains, pictures));
    }
    Ok(())
}

fn row(bits: Bits, preset: Preset, gains: &[LevelsGain], pictures: &Pictures) -> String {
    let mean =
        |of: &dyn Fn(&LevelsGain) -> f64| gains.iter().map(of).sum::<f64>() / gains.len() as f64;
    let over = |g: &LevelsGain| g.restored - g.centre;
    let worst = gains.iter().map(over).fold(f64::INFINITY, f64::min);
    let seconds: f64 = gains.iter().map(|g| g.seconds).sum();
    let clean = pictures.clean.iter();
    let pixels: usize = clean.map(|p| p.width() * p.height()).sum();
    format!(
        "| {} | {preset} | {:.3} | {:.3} | {:.3} | {:+.3} | {:+.3} | {worst:+.3} | {:.2} |",
        bits.get(),
        mean(&|g| g.floor),
        mean(&|g| g.centre),
        mean(&|g| g.restored),
        mean(&|g| g.restored - g.floor),
        mean(&over),
        1e6 * seconds / pixels as f64
    )
}
