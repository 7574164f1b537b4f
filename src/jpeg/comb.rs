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
/// Least standard deviation of a block's samples, in 8-bit levels. In a flatter
/// block all samples round alike, and a coefficient may be off by as much as 4.
const LEAST_ACTIVE: f32 = 2.0;
/// From here on the error of libjpeg's fast IDCT shows, which grows with the coefficient.
const LARGE: f32 = 50.0;
/// The fast IDCT rounds samples down, half a level too dark: measured −3.4 to −3.9 in DC, with
/// a spread of about 1. Steps above twice that still round to the right level.
const TRUNCATED: (f32, f32) = (-3.8, 1.0);
const TRUNCATED_STEP: u16 = 9;

/// How well a plane sits on a comb.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fit {
    /// Mean log likelihood of the telling DC coefficients against that of a plane that never
    /// was on this comb, in nats; `None` where there are too few.
    pub dc: Option<f64>,
    /// The same of the AC coefficients.
    pub ac: Option<f64>,
    /// The same of the large ones among them, which an inexact decoder moves most.
    pub large: Option<f64>,
    /// How many of the 64 steps are wide enough to be told in 8-bit pixels.
    pub telling: usize,
    /// Share of the sound blocks that lie near multiples as a whole; `None` without any.
    pub blocks: Option<f64>,
}

impl Fit {
    /// Whether nothing contradicts that the plane was decoded with this table, and the levels
    /// can be told from it.
    pub fn holds(&self) -> bool {
        let likely = |mean: Option<f64>| mean.is_none_or(|mean| mean > 0.0);
        [self.dc, self.ac, self.large].into_iter().all(likely)
            && self.telling >= 32
            && self.blocks.is_none_or(|share| share >= MIN_SHARE)
    }
}

/// Compares one level-shifted plane (`channels` 1, 8-bit level − 128) with a table.
///
/// Blocks that are clipped somewhere are passed over: clipping moves every coefficient.
pub fn fit(plane: &Picture, steps: &QuantSteps) -> Fit {
    let blocks: Vec<Block> = sample(plane)
        .map(|samples| dct::forward(&samples))
        .collect();
    let fitting = blocks
        .iter()
        .filter(|block| residual(block, steps) <= MAX_RESIDUAL);
    let share = fitting.count() as f64 / blocks.len() as f64;
    let active: Vec<&Block> = blocks.iter().filter(|block| is_active(block)).collect();
    let (ac, large) = compare_ac(&active, steps);
    Fit {
        dc: compare_dc(&active, steps[0]),
        ac,
        large,
        telling: steps.iter().filter(|&&step| step >= FINEST).count(),
        blocks: (!blocks.is_empty()).then_some(share),
    }
}

/// Whether rounding to 8 bits acts on the coefficients of this block as noise does.
fn is_active(block: &Block) -> bool {
    let squares: f32 = block[1..].iter().map(|value| value * value).sum();
    squares >= 64.0 * LEAST_ACTIVE * LEAST_ACTIVE
}

/// DC may be exact or, where that leaves the levels, rounded down.
fn compare_dc(blocks: &[&Block], step: u16) -> Option<f64> {
    let (mut exact, mut truncated) = (Mean::default(), Mean::default());
    let telling = blocks.iter().map(|block| block[0]);
    for value in telling.filter(|value| step >= FINEST && value.abs() > SMALLEST) {
        let step = f32::from(step);
        exact.add(log_likelihood(value, step, BLUR));
        truncated.add(log_likelihood(value - TRUNCATED.0, step, TRUNCATED.1));
    }
    match (exact.value(), truncated.value()) {
        (Some(exact), Some(truncated)) if step >= TRUNCATED_STEP => Some(exact.max(truncated)),
        (exact, _) => exact,
    }
}

/// All telling AC coefficients, and the large ones.
fn compare_ac(blocks: &[&Block], steps: &QuantSteps) -> (Option<f64>, Option<f64>) {
    let (mut all, mut large) = (Mean::default(), Mean::default());
    for block in blocks {
        for (&value, &step) in block.iter().zip(steps).skip(1) {
            if step >= FINEST && value.abs() > SMALLEST {
                let likelihood = log_likelihood(value, f32::from(step), BLUR);
                all.add(likelihood);
                if value.abs() > LARGE {
                    large.add(likelihood);
                }
            }
        }
    }
    (all.value(), large.value())
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

/// Of `value` on teeth `step` apart and `blur` wide, against a density that is flat across each
/// gap.
fn log_likelihood(value: f32, step: f32, blur: f32) -> f64 {
    let peak = (1.0 - OUTLIERS) / (blur * (2.0 * std::f32::consts::PI).sqrt());
    let distance = (value - step * (value / step).round()) / blur;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::tables;

    /// Coefficients on the comb of `steps`, moved by `shift`, as 8-bit pixels show them.
    fn plane(steps: &QuantSteps, shift: f32) -> Picture {
        let mut out = Picture::new(1, 256, 128);
        for (n, rows) in out.data.chunks_exact_mut(8 * 256).enumerate() {
            for x in 0..32 {
                let block = std::array::from_fn(|i| {
                    let level = ((n * 31 + x * 17 + i * 7) % 5) as f32 - 2.0;
                    let level = if i > 12 { 0.0 } else { level };
                    level * f32::from(steps[i]) + if i > 0 && level != 0.0 { shift } else { 0.0 }
                });
                let samples = dct::inverse(&block).map(f32::round);
                super::super::observe::store(rows, 256, x, &samples);
            }
        }
        out
    }

    #[test]
    fn a_plane_fits_its_own_table_and_no_other() {
        for quality in [10, 50, 80, 95] {
            let steps = tables::ijg(&tables::BASE_LUMA, quality);
            assert!(fit(&plane(&steps, 0.0), &steps).holds(), "{quality}");
        }
        let [own, other] = [50, 52].map(|quality| tables::ijg(&tables::BASE_LUMA, quality));
        assert!(!fit(&plane(&own, 0.0), &other).holds());
    }

    #[test]
    fn coefficients_beside_the_comb_are_seen() {
        let steps = tables::ijg(&tables::BASE_LUMA, 50);
        let found = fit(&plane(&steps, 3.0), &steps);
        assert!(!found.holds() && found.ac.unwrap() < 0.0, "{found:?}");
    }

    #[test]
    fn a_flat_plane_contradicts_nothing() {
        let steps = tables::ijg(&tables::BASE_LUMA, 50);
        let found = fit(&Picture::new(1, 64, 64), &steps);
        assert!(found.holds() && found.ac.is_none() && found.dc.is_none());
        assert!(fit(&Picture::new(1, 7, 7), &steps).holds());
    }

    #[test]
    fn steps_that_8_bits_cannot_tell_do_not_hold() {
        assert!(!fit(&Picture::new(1, 64, 64), &[2; 64]).holds());
    }
}
