//! Seams that are not 8 pixels apart: the picture was scaled.
//!
//! Interpolation leaves a pattern of its own, with one wave and hardly any overtone; seams are
//! narrow and have overtones.

use std::f64::consts::TAU;

use crate::jpeg::recover::moved::profile::{Profile, standing_out};
use crate::jpeg::recover::moved::{Move, Moved};

/// Periods that are looked at, in pixels: scaled by 0.7 to 1.55.
const PERIODS: (f64, f64) = (5.6, 12.4);
/// Distance of neighbouring frequencies, in cycles a pixel.
const GRAIN: f64 = 0.0005;
/// Periods this near to the last grid's are not told from it.
const NEAR_OWN: f64 = 0.25;
/// Least power of wave and first overtone over both axes, in parts of what noise has.
const POWER: f64 = 60.0;
/// Least height of the weaker axis, in parts of the mean kink.
const HEIGHT: f64 = 0.05;
/// With more than this part of the power in the wave, interpolation made it.
const PURE: f64 = 0.955;
/// The weaker axis must have this part of the mean power of an axis in its wave.
const WEAKER: f64 = 0.1;
/// The quality to restore by, where the seams are higher than this, and where they are not.
const COARSE: (f64, u8) = (0.12, 30);
const MILD: u8 = 60;

/// Wave and first overtone of one axis, at one frequency.
#[derive(Clone, Copy)]
struct Waves([f64; 2]);

/// The scaling that both axes show.
pub(super) fn find(axes: &[Profile; 2]) -> Option<Moved> {
    let kinks = axes.each_ref().map(|axis| standing_out(&axis.kinks));
    let others = kinks.each_ref().map(|kinks| without_own_grid(kinks));
    let count = ((1.0 / PERIODS.0 - 1.0 / PERIODS.1) / GRAIN) as usize;
    let frequencies = (0..count).map(|n| 1.0 / PERIODS.1 + n as f64 * GRAIN);
    let far = frequencies.filter(|f| (1.0 / f - 8.0).abs() > NEAR_OWN);
    let (power, share, frequency) = far
        .filter_map(|f| strength(&others, f).map(|(power, share)| (power, share, f)))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    let height = |axis: usize| height(&kinks[axis], frequency) / mean(&axes[axis].kinks).max(1e-12);
    let height = height(0).min(height(1));
    let shows = power > POWER && share < PURE && height > HEIGHT;
    shows.then_some(Moved {
        how: Move::Scaled(1.0 / frequency),
        quality: if height > COARSE.0 { COARSE.1 } else { MILD },
    })
}

/// Power of all waves at `frequency`, and the part of it that is not overtone; `None` if only one
/// axis has the wave.
fn strength(axes: &[Vec<f64>; 2], frequency: f64) -> Option<(f64, f64)> {
    let waves = axes.each_ref().map(|axis| Waves::of(axis, frequency));
    let base = waves[0].0[0] + waves[1].0[0];
    let power = base + waves[0].0[1] + waves[1].0[1];
    let weaker = waves[0].0[0].min(waves[1].0[0]);
    (weaker > WEAKER * power / 2.0).then_some((power, base / power))
}

impl Waves {
    fn of(values: &[f64], frequency: f64) -> Self {
        let noise: f64 = values.iter().map(|v| v * v).sum();
        Self([1.0, 2.0].map(|overtone| {
            let (re, im) = wave(values, overtone * frequency);
            (re * re + im * im) / noise.max(1e-12)
        }))
    }
}

/// The Fourier sum of `values` at `frequency` cycles a sample.
fn wave(values: &[f64], frequency: f64) -> (f64, f64) {
    let (sin, cos) = (TAU * frequency).sin_cos();
    let (mut re, mut im) = (0.0, 0.0);
    let (mut x, mut y) = (1.0, 0.0);
    for value in values {
        re += value * x;
        im += value * y;
        (x, y) = (x * cos - y * sin, x * sin + y * cos);
    }
    (re, im)
}

/// Height of wave and first overtone together.
fn height(values: &[f64], frequency: f64) -> f64 {
    let heights = [1.0, 2.0].map(|overtone| {
        let (re, im) = wave(values, overtone * frequency);
        2.0 * re.hypot(im) / values.len() as f64
    });
    heights.iter().sum()
}

/// `values` less the mean of each column of the last grid's blocks.
fn without_own_grid(values: &[f64]) -> Vec<f64> {
    let means: [f64; 8] = std::array::from_fn(|column| {
        let own = values.iter().skip(column).step_by(8);
        own.clone().sum::<f64>() / own.count().max(1) as f64
    });
    let pairs = values.iter().enumerate();
    pairs.map(|(x, value)| value - means[x % 8]).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
