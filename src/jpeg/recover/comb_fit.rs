//! Whether a decoded plane fits the comb of a table, that is, coefficients are near multiples of
//! their steps. A cheap test on some blocks, for tables that may belong to another picture.
//!
//! It detects frames that were scaled, turned, shifted off the grid or otherwise changed since they
//! were decoded, and those whose decoder was not exact enough for the steps. It does not find
//! tables (`estimate`) or levels (`recover`). Called by `by_header` for tables of the stream, and
//! by `source` for those of an earlier frame.

use crate::contract::QuantSteps;
use crate::frame::{Picture, Plane8};
use crate::jpeg::grid::component::fetch;
use crate::jpeg::grid::dct;
use crate::jpeg::grid::dct::Block;
use crate::jpeg::recover::estimate::Offset;
use crate::jpeg::recover::{MAX_RESIDUAL, MIN_SHARE};

/// Blocks looked at, spread over the plane.
const BLOCKS: usize = 256;
/// Coefficients nearer to 0 than this, or than this many times their blur, occur in any smooth
/// picture, on the comb or not.
const SMALLEST: f32 = 1.5;
const SMALLEST_BLURS: f32 = 3.3;
/// Finer steps than this leave no gaps between the teeth once pixels are rounded to 8 bits.
const FINEST: u16 = 3;
/// Standard deviation of a decoded coefficient around its multiple, for fine and for wide steps.
/// Rounding to 8 bits gives 0.29. If wide steps have left a single wave along a block, its eight
/// rows are rounded in the same way, and the deviation is up to √8 times as large.
const BLUR: (f32, f32) = (0.35, 0.9);
/// The deviation as a share of the step, between these two.
const BLUR_OF_STEP: f32 = 1.0 / 12.0;
/// Share of coefficients that clipping or overlays may have changed arbitrarily.
const OUTLIERS: f32 = 0.02;
/// Smallest share of levels ±1 among those that are not 0. Small levels are the most frequent ones,
/// so every picture has far more of them; if they are missing, the true steps are a multiple of
/// these.
const FEWEST_UNITS: f64 = 0.05;
/// With fewer coefficients than this nothing is contradicted: the plane is flat.
const FEWEST: usize = 8;
/// Smallest standard deviation of a block's samples, in 8-bit levels. In a flatter block all
/// samples are rounded in the same way, and a coefficient may be off by as much as 4.
const LEAST_ACTIVE: f32 = 2.0;
/// From this size on the error of libjpeg's fast IDCT is visible, which grows with the coefficient.
const LARGE: f32 = 50.0;
/// The fast IDCT rounds samples down, half a level too dark: measured −3.4 to −3.9 in DC, with
/// a spread of about 1. Steps above twice that still round to the right level.
const TRUNCATED: (f32, f32) = (-3.8, 1.0);
const TRUNCATED_STEP: u16 = 9;

/// How well a plane fits a comb.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fit {
    /// Mean log likelihood of the informative DC coefficients, relative to a plane that was never
    /// on this comb, in nats; `None` if there are too few.
    pub dc: Option<f64>,
    /// The same for the AC coefficients.
    pub ac: Option<f64>,
    /// The same for the large AC coefficients, which an inexact decoder changes most.
    pub large: Option<f64>,
    /// How many of the 64 steps are wide enough to be visible in 8-bit pixels.
    pub telling: usize,
    /// Share of the sound blocks in which all coefficients are near multiples; `None` without sound
    /// blocks.
    pub blocks: Option<f64>,
    /// Share of the informative AC coefficients whose nearest level is ±1; `None` if there are too
    /// few.
    pub units: Option<f64>,
}

impl Fit {
    /// Whether the steps are wide enough to recover levels from 8-bit pixels at all.
    pub fn tells(&self) -> bool {
        self.telling >= 32
    }

    /// Whether nothing contradicts that the plane was decoded with this table, and its levels can
    /// be recovered.
    pub fn holds(&self) -> bool {
        let likely = |mean: Option<f64>| mean.is_none_or(|mean| mean > 0.0);
        [self.dc, self.ac, self.large].into_iter().all(likely)
            && self.tells()
            && self.blocks.is_none_or(|share| share >= MIN_SHARE)
    }

    /// Whether the plane was decoded with exactly this table, as far as can be seen, and not with a
    /// multiple of these steps. For tables without any statement that they belong to this plane.
    pub fn is_of_this_table(&self) -> bool {
        self.holds() && self.units.is_none_or(|share| share >= FEWEST_UNITS)
    }
}

/// Compares one level-shifted plane (`channels` 1, 8-bit level − 128) with a table.
///
/// Blocks with clipped samples are skipped, because clipping changes every coefficient.
pub fn of(plane: &Picture, steps: &QuantSteps) -> Fit {
    let blocks = places(plane.width / 8, plane.height / 8).map(|(x, y)| {
        let rows = &plane.data[8 * y * plane.width..8 * (y + 1) * plane.width];
        fetch(rows, plane.width, x)
    });
    compare(blocks, steps)
}

/// [`of`] for samples as bytes, on the grid whose first whole block is at `offset`.
pub fn of_bytes(plane: &Plane8, offset: Offset, steps: &QuantSteps) -> Fit {
    let whole = |side: usize, first: usize| side.saturating_sub(first) / 8;
    let places = places(whole(plane.width, offset.0), whole(plane.height, offset.1));
    let blocks = places.map(|(x, y)| {
        std::array::from_fn(|i| {
            let (x, y) = (offset.0 + 8 * x + i % 8, offset.1 + 8 * y + i / 8);
            f32::from(plane.data[y * plane.width + x]) - 128.0
        })
    });
    compare(blocks, steps)
}

fn compare(samples: impl Iterator<Item = Block>, steps: &QuantSteps) -> Fit {
    let blocks: Vec<Block> = samples
        .filter(|samples| !samples.iter().any(|s| *s <= -128.0 || *s >= 127.0))
        .map(|samples| dct::forward(&samples))
        .collect();
    let fitting = blocks
        .iter()
        .filter(|block| residual(block, steps) <= MAX_RESIDUAL);
    let share = fitting.count() as f64 / blocks.len() as f64;
    let active: Vec<&Block> = blocks.iter().filter(|block| is_active(block)).collect();
    let (ac, large, units) = compare_ac(&active, steps);
    Fit {
        dc: compare_dc(&active, steps[0]),
        ac,
        large,
        telling: steps.iter().filter(|&&step| step >= FINEST).count(),
        blocks: (!blocks.is_empty()).then_some(share),
        units,
    }
}

/// Whether rounding to 8 bits affects the coefficients of this block like noise.
fn is_active(block: &Block) -> bool {
    let squares: f32 = block[1..].iter().map(|value| value * value).sum();
    squares >= 64.0 * LEAST_ACTIVE * LEAST_ACTIVE
}

/// Whether a coefficient can distinguish a comb of this step from none.
fn is_telling(value: f32, step: u16) -> bool {
    step >= FINEST && value.abs() > SMALLEST.max(SMALLEST_BLURS * blur(step))
}

fn blur(step: u16) -> f32 {
    (BLUR_OF_STEP * f32::from(step)).clamp(BLUR.0, BLUR.1)
}

/// DC may be exact or, if the levels survive that, rounded down.
fn compare_dc(blocks: &[&Block], step: u16) -> Option<f64> {
    let (mut exact, mut truncated) = (Mean::default(), Mean::default());
    let values = blocks.iter().map(|block| block[0]);
    for value in values.filter(|&value| is_telling(value, step)) {
        exact.add(log_likelihood(value, f32::from(step), blur(step)));
        let step = f32::from(step);
        truncated.add(log_likelihood(value - TRUNCATED.0, step, TRUNCATED.1));
    }
    match (exact.value(), truncated.value()) {
        (Some(exact), Some(truncated)) if step >= TRUNCATED_STEP => Some(exact.max(truncated)),
        (exact, _) => exact,
    }
}

/// All informative AC coefficients, the large ones, and the share of levels ±1 among all.
fn compare_ac(blocks: &[&Block], steps: &QuantSteps) -> (Option<f64>, Option<f64>, Option<f64>) {
    let (mut all, mut large, mut units) = (Mean::default(), Mean::default(), Mean::default());
    for block in blocks {
        for (&value, &step) in block.iter().zip(steps).skip(1) {
            if is_telling(value, step) {
                let likelihood = log_likelihood(value, f32::from(step), blur(step));
                all.add(likelihood);
                let level = (value / f32::from(step)).round().abs();
                units.add(f64::from(u8::from(level == 1.0)));
                if value.abs() > LARGE {
                    large.add(likelihood);
                }
            }
        }
    }
    (all.value(), large.value(), units.value())
}

/// Up to [`BLOCKS`] of `wide` times `high` blocks, by column and row. Their positions are multiples
/// of the golden ratio, so that they never line up in a few columns, whatever the width.
fn places(wide: usize, high: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = wide * high;
    let places = (0..count.min(BLOCKS)).map(move |i| match count <= BLOCKS {
        true => i,
        false => ((((i as u64 * 0x9E37_79B9) & 0xFFFF_FFFF) * count as u64) >> 32) as usize,
    });
    places.map(move |place| (place % wide, place / wide))
}

/// Root mean square distance of a block from the nearest multiples, in coefficient units.
fn residual(block: &Block, steps: &QuantSteps) -> f32 {
    let squares = block.iter().zip(steps).map(|(&value, &step)| {
        let step = f32::from(step);
        (value - step * (value / step).round_ties_even()).powi(2)
    });
    (squares.sum::<f32>() / 64.0).sqrt()
}

/// Log likelihood of `value` on teeth `step` apart and `blur` wide, relative to a density that is
/// flat across each gap.
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
    use crate::jpeg::grid::tables;

    /// A plane whose coefficients are on the comb of `steps`, moved by `shift`, rounded to 8-bit
    /// pixels.
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
                crate::jpeg::grid::component::store(rows, 256, x, &samples);
            }
        }
        out
    }

    /// The same as bytes, with `left` columns and `top` rows before its grid.
    fn bytes(plane: &Picture, (left, top): (usize, usize)) -> Plane8 {
        let mut out = Plane8::new(plane.width, plane.height);
        for (byte, sample) in out.data.iter_mut().zip(&plane.data) {
            *byte = (sample + 128.0).clamp(0.0, 255.0) as u8;
        }
        out.with_margin((left, top))
    }

    #[test]
    fn a_plane_fits_its_own_table_and_no_other() {
        for quality in [10, 50, 80, 95] {
            let steps = tables::ijg(&tables::BASE_LUMA, quality);
            assert!(of(&plane(&steps, 0.0), &steps).holds(), "{quality}");
        }
        let [own, other] = [50, 52].map(|quality| tables::ijg(&tables::BASE_LUMA, quality));
        assert!(!of(&plane(&own, 0.0), &other).holds());
    }

    #[test]
    fn bytes_on_a_grid_of_their_own_fit_as_well() {
        let steps = tables::ijg(&tables::BASE_LUMA, 50);
        let bytes = bytes(&plane(&steps, 0.0), (3, 6));
        assert!(of_bytes(&bytes, (3, 6), &steps).is_of_this_table());
        assert!(!of_bytes(&bytes, (0, 0), &steps).holds());
        assert!(of_bytes(&Plane8::new(3, 3), (5, 5), &steps).holds());
    }

    /// Multiples of wide steps are also multiples of a half and a third of them.
    #[test]
    fn a_table_of_which_this_is_a_fraction_is_told_by_the_levels_that_are_not_there() {
        let fine: QuantSteps = std::array::from_fn(|i| 4 + (i % 5) as u16);
        for factor in [2, 3] {
            let found = of(&plane(&fine.map(|step| factor * step), 0.0), &fine);
            assert!(found.holds() && !found.is_of_this_table(), "{found:?}");
        }
        assert!(of(&plane(&fine, 0.0), &fine).is_of_this_table());
    }

    #[test]
    fn coefficients_beside_the_comb_are_seen() {
        let steps = tables::ijg(&tables::BASE_LUMA, 50);
        let found = of(&plane(&steps, 3.0), &steps);
        assert!(!found.holds() && found.ac.unwrap() < 0.0, "{found:?}");
    }

    #[test]
    fn a_flat_plane_contradicts_nothing() {
        let steps = tables::ijg(&tables::BASE_LUMA, 50);
        let found = of(&Picture::new(1, 64, 64), &steps);
        assert!(found.holds() && found.ac.is_none() && found.dc.is_none());
        assert!(of(&Picture::new(1, 7, 7), &steps).holds());
    }

    #[test]
    fn steps_that_8_bits_cannot_tell_do_not_hold() {
        assert!(!of(&Picture::new(1, 64, 64), &[2; 64]).holds());
    }
}
