//! Whether a decoded plane sits on the comb that a table says: coefficients near multiples of
//! their steps. A cheap test on some blocks, for tables that may belong to another picture.
//!
//! A frame that was scaled, turned, shifted off the grid, or whose levels were changed since
//! it was decoded is told apart from one that was not; so is one whose decoder was too coarse
//! for its steps. It finds no tables (`estimate`) and no levels (`recover`). Called by `known`.

use super::dct::{self, Block};
use super::observe::fetch;
use super::recover::{MAX_RESIDUAL, MIN_SHARE};
use crate::contract::QuantSteps;
use crate::frame::Picture;

/// Blocks looked at, spread over the plane.
const BLOCKS: usize = 256;
/// Coefficients nearer to 0 than this are there in any smooth picture, on the comb or not.
const SMALLEST: f32 = 1.5;
/// Finer steps than this have no gaps between their teeth once pixels are rounded to 8 bits.
const FINEST: u16 = 3;
/// Standard deviation of a decoded coefficient around its multiple; of YCbCr planes 0.29.
const BLUR: f32 = 0.35;
/// Share of coefficients that clipping or overlays may have moved anywhere.
const OUTLIERS: f32 = 0.02;
/// Fewer coefficients than this contradict nothing: the plane is flat.
const FEWEST: usize = 8;

/// How well a plane sits on a comb.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fit {
    /// Mean log likelihood of the telling DC coefficients against that of a plane that never
    /// was on this comb, in nats; `None` where there are too few.
    pub dc: Option<f64>,
    /// The same of the AC coefficients.
    pub ac: Option<f64>,
    /// Share of the sound blocks that lie near multiples as a whole; `None` without any.
    pub blocks: Option<f64>,
}

impl Fit {
    /// Whether nothing contradicts that the plane was decoded with this table.
    pub fn holds(&self) -> bool {
        let likely = |mean: Option<f64>| mean.is_none_or(|mean| mean > 0.0);
        likely(self.dc) && likely(self.ac) && self.blocks.is_none_or(|share| share >= MIN_SHARE)
    }
}

/// Compares one level-shifted plane (`channels` 1, 8-bit level − 128) with a table.
///
/// Blocks that are clipped somewhere are passed over: clipping moves every coefficient.
pub fn fit(plane: &Picture, steps: &QuantSteps) -> Fit {
    let (mut dc, mut ac) = (Mean::default(), Mean::default());
    let (mut sound, mut fitting) = (0u32, 0u32);
    for samples in sample(plane) {
        let block = dct::forward(&samples);
        sound += 1;
        fitting += u32::from(residual(&block, steps) <= MAX_RESIDUAL);
        for (i, (&value, &step)) in block.iter().zip(steps).enumerate() {
            if step >= FINEST && value.abs() > SMALLEST {
                let mean = if i == 0 { &mut dc } else { &mut ac };
                mean.add(log_likelihood(value, f32::from(step)));
            }
        }
    }
    Fit {
        dc: dc.value(),
        ac: ac.value(),
        blocks: (sound > 0).then(|| f64::from(fitting) / f64::from(sound)),
    }
}

/// Up to [`BLOCKS`] whole, unclipped blocks. Their places are multiples of the golden ratio, so
/// that no width of the plane lines them up in a few columns.
fn sample(plane: &Picture) -> impl Iterator<Item = Block> {
    let (wide, high) = (plane.width / 8, plane.height / 8);
    let count = wide * high;
    let places = (0..count.min(BLOCKS)).map(move |i| match count <= BLOCKS {
        true => i,
        false => ((i as u64 * 0x9E37_79B9 & 0xFFFF_FFFF) * count as u64 >> 32) as usize,
    });
    let blocks = places.map(move |place| {
        let from = 8 * (place / wide) * plane.width;
        fetch(
            &plane.data[from..from + 8 * plane.width],
            plane.width,
            place % wide,
        )
    });
    blocks.filter(|samples| !samples.iter().any(|s| *s <= -128.0 || *s >= 127.0))
}

/// Root mean square distance of a block from the nearest multiples, in coefficient units.
fn residual(block: &Block, steps: &QuantSteps) -> f32 {
    let squares = block.iter().zip(steps).map(|(&value, &step)| {
        let step = f32::from(step);
        (value - step * (value / step).round_ties_even()).powi(2)
    });
    (squares.sum::<f32>() / 64.0).sqrt()
}

/// Of `value` on teeth `step` apart, against a density that is flat across each gap.
fn log_likelihood(value: f32, step: f32) -> f64 {
    let peak = (1.0 - OUTLIERS) / (BLUR * (2.0 * std::f32::consts::PI).sqrt());
    let distance = (value - step * (value / step).round()) / BLUR;
    f64::from((step * peak * (-0.5 * distance * distance).exp() + OUTLIERS).ln())
}

/// A running mean.
#[derive(Default)]
struct Mean {
    sum: f64,
    count: usize,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn value(&self) -> Option<f64> {
        (self.count >= FEWEST).then(|| self.sum / self.count as f64)
    }
}
