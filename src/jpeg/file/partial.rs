//! [`Partial`]: how far each coefficient of an incomplete component is known.
//!
//! A progressive file sends most coefficients several times: first without their lowest bits, then
//! one more bit with each scan. If it ends early, it still gives an interval for each of them.
//! Filled by `read`; used by `grid`.

use crate::contract::QuantSteps;
use crate::interval::Bounds;
use crate::jpeg::file::{Component, Levels};
use crate::jpeg::grid::cell::{Cell, Slack};
use crate::jpeg::grid::component::dequantise;
use crate::jpeg::grid::dct;
use crate::jpeg::grid::dct::Block;

/// No coefficient of 8-bit samples is larger, in units of the quantisation table.
const LARGEST: f32 = 1024.0;

/// An impossible mean, in the same units: twice as far from grey as white is.
const WILD: i32 = 2048;

/// Step for a coefficient that was not sent: so large that there is only one level.
const COARSEST: u16 = 2048;

/// The lowest bit that is known of each coefficient, natural order; `None`: it was not sent.
pub type Profile = [Option<u8>; 64];

/// How far each coefficient of a component is known, and how it is shown all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partial {
    /// The distinct profiles; in the first nothing is known.
    pub profiles: Vec<Profile>,
    /// The index of each block's profile, blocks in raster order.
    pub blocks: Vec<u8>,
    /// Samples as libjpeg shows them: eight per block in a row, and eight rows or more per row of
    /// blocks.
    pub shown: Vec<u8>,
}

impl Partial {
    /// The part of `wide` times `high` blocks from block (`x`, `y`) of a component with `columns`
    /// blocks in a row.
    pub(crate) fn part(
        &self,
        columns: usize,
        (x, y): (usize, usize),
        (wide, high): (usize, usize),
    ) -> Self {
        let cut = |numbers: &[u8], scale: usize| {
            let rows = numbers
                .chunks_exact((scale * columns).max(1))
                .skip(scale * y);
            let rows = rows.take(scale * high);
            let rows = rows.flat_map(|row| row[scale * x..].iter().take(scale * wide));
            rows.copied().collect()
        };
        Self {
            profiles: self.profiles.clone(),
            blocks: cut(&self.blocks, 1),
            shown: cut(&self.shown, 8),
        }
    }

    /// The same on a grid of `wide` times `high` blocks. Blocks beyond the component's own
    /// `columns` are unknown, and their samples are undefined.
    pub fn on_grid(&self, columns: usize, (wide, high): (usize, usize)) -> Self {
        // In profile 0 nothing is known.
        Self {
            profiles: self.profiles.clone(),
            blocks: laid_out(&self.blocks, columns, (wide, high)),
            shown: laid_out(&self.shown, 8 * columns, (8 * wide, 8 * high)),
        }
    }

    /// Redraws blocks of which nothing is known and whose mean is impossible in a picture, because
    /// the decoder shows those darker than black as white, and others as black. `levels` are those
    /// of all blocks of `component`.
    pub fn saturate(&mut self, component: &Component, levels: impl Iterator<Item = Levels>) {
        let (wide, stride) = (component.blocks_wide, 8 * component.blocks_wide);
        for (at, levels) in levels.enumerate() {
            let mean = i32::from(levels[0]) * i32::from(component.steps[0]);
            if self.is_known(at) || mean.abs() <= WILD {
                continue;
            }
            let samples = dct::inverse(&dequantise(&levels, &component.steps));
            let rows = self.shown.chunks_exact_mut(stride).skip(at / wide * 8);
            for (row, samples) in rows.zip(samples.chunks_exact(8)) {
                let shown = samples.iter().map(|&s| (s + 128.0).round() as u8);
                let row = row[8 * (at % wide)..].iter_mut();
                row.zip(shown).for_each(|(to, sample)| *to = sample);
            }
        }
    }

    /// The likeliest coefficients of block number `at` with these `levels`: the middle of each
    /// interval. For coefficients that were not sent, those of libjpeg's samples in `shown`, which
    /// it interpolates from the neighbours.
    #[inline(always)]
    pub fn guess(&self, at: usize, levels: &Levels, steps: &QuantSteps, shown: &Block) -> Block {
        let profile = self.profile(at);
        let cells = bounds(levels, profile, steps, Slack::NONE);
        let smooth = dct::forward(shown);
        std::array::from_fn(|i| match profile[i] {
            Some(_) => 0.5 * (cells[i].0 + cells[i].1),
            None => smooth[i],
        })
    }

    /// The profile of block number `at`.
    #[inline(always)]
    pub fn profile(&self, at: usize) -> &Profile {
        &self.profiles[usize::from(self.blocks[at])]
    }

    /// Whether the whole component is known.
    pub fn is_whole(&self) -> bool {
        let whole: Vec<bool> = self.profiles.iter().map(|p| *p == [Some(0); 64]).collect();
        self.blocks
            .iter()
            .all(|&profile| whole[usize::from(profile)])
    }

    /// Whether anything of block number `at` is known, which means its DC.
    pub fn is_known(&self, at: usize) -> bool {
        self.profile(at)[0].is_some()
    }

    /// The effective steps of the component: geometric means over the blocks of which something is
    /// known.
    pub fn coarser(&self, steps: &QuantSteps) -> QuantSteps {
        let mut counts = vec![0u32; self.profiles.len()];
        let blocks = self.blocks.iter().map(|&profile| usize::from(profile));
        blocks.for_each(|profile| counts[profile] += 1);
        let of = |i: usize| {
            let (mut sum, mut blocks) = (0.0, 0u32);
            let known = self.profiles.iter().zip(&counts);
            for (profile, &n) in known.filter(|(profile, _)| profile[0].is_some()) {
                sum += f64::from(n) * f64::from(coarse(steps[i], profile[i])).log2();
                blocks += n;
            }
            match blocks {
                0 => steps[i],
                _ => (sum / f64::from(blocks)).exp2().round() as u16,
            }
        };
        std::array::from_fn(of)
    }
}

/// Converts rows of `length` numbers to rows of `wide`, cut or padded with zeros.
fn laid_out(numbers: &[u8], length: usize, (wide, high): (usize, usize)) -> Vec<u8> {
    let mut out = Vec::with_capacity(wide * high);
    for row in numbers.chunks_exact(length.max(1)).take(high) {
        out.extend(row.iter().take(wide));
        out.resize(out.len().next_multiple_of(wide), 0);
    }
    out.resize(wide * high, 0);
    out
}

/// The effective step of a coefficient of which only the bits from `low` on are known.
fn coarse(step: u16, low: Option<u8>) -> u16 {
    let coarsest = step.max(COARSEST);
    low.map_or(coarsest, |low| {
        let wide = u32::from(step) << low.min(15);
        wide.min(u32::from(coarsest)) as u16
    })
}

/// The interval of coefficient number `i` if only the bits of `level` from `low` on are known.
#[inline(always)]
pub fn cell(i: usize, level: i16, low: Option<u8>, step: u16, slack: Slack) -> (f32, f32) {
    let Some(low) = low else {
        return (-LARGEST, LARGEST);
    };
    let (least, most) = levels(i, level, low.min(14));
    let lowest = Cell::new(least, step, slack).low;
    (lowest, Cell::new(most, step, slack).high)
}

/// The smallest and the largest level with the same bits from `low` on. DC is shifted, all others
/// are truncated towards zero (T.81, G.1.2.1 and G.1.2.2).
fn levels(i: usize, level: i16, low: u8) -> (i16, i16) {
    let rest = (1i16 << low) - 1;
    let cut = match i == 0 || level >= 0 {
        true => level & !rest,
        false => -(level.saturating_neg() & !rest),
    };
    match (i, cut) {
        (1.., 0) => (-rest, rest),
        (1.., ..0) => (cut.saturating_sub(rest), cut),
        _ => (cut, cut.saturating_add(rest)),
    }
}

/// The cells of a block.
#[inline(always)]
pub fn bounds(levels: &Levels, profile: &Profile, steps: &QuantSteps, slack: Slack) -> Bounds {
    std::array::from_fn(|i| cell(i, levels[i], profile[i], steps[i], slack))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Truncates all levels as an encoder does, and checks which become equal.
    #[test]
    fn an_interval_holds_the_levels_that_are_sent_alike() {
        let sent = |i: usize, level: i16, low: u8| match i {
            0 => level >> low,
            _ => level.signum() * (level.abs() >> low),
        };
        for (i, low, level) in (0..2)
            .flat_map(|i| (0..4).map(move |low| (i, low)))
            .flat_map(|(i, low)| (-40..40).map(move |level| (i, low, level)))
        {
            let alike = (-80..80).filter(|&other| sent(i, other, low) == sent(i, level, low));
            let alike: Vec<i16> = alike.collect();
            let wanted = (alike[0], alike[alike.len() - 1]);
            assert_eq!(levels(i, level, low), wanted, "{i} {low} {level}");
        }
    }

    #[test]
    fn what_is_known_whole_has_the_cell_of_its_level() {
        for level in [-3, 0, 5] {
            let wanted = Cell::new(level, 10, Slack::ROUNDING);
            let found = cell(7, level, Some(0), 10, Slack::ROUNDING);
            assert_eq!(found, (wanted.low, wanted.high));
        }
        let (low, high) = cell(7, 4, None, 10, Slack::NONE);
        assert!(low <= -1024.0 && high >= 1024.0);
    }

    /// Darker than black is shown as black.
    #[test]
    fn what_is_far_out_is_shown_saturated() {
        let mut levels = [[0; 64]; 2];
        levels[1][0] = -900;
        let component = Component {
            id: 1,
            sampling: (1, 1),
            steps: [16; 64],
            blocks_wide: 2,
            blocks_high: 1,
            levels: levels.to_vec(),
        };
        let mut partial = Partial {
            profiles: vec![[None; 64]],
            blocks: vec![0, 0],
            shown: vec![200; 128],
        };
        partial.saturate(&component, levels.into_iter());
        for row in partial.shown.chunks_exact(16) {
            assert_eq!(row[..8], [200; 8]);
            assert_eq!(row[8..], [0; 8]);
        }
    }

    #[test]
    fn coarser_steps_are_means_over_blocks() {
        let mut half = [Some(0); 64];
        half[3] = Some(2);
        let partial = Partial {
            profiles: vec![[None; 64], [Some(0); 64], half],
            blocks: vec![0, 1, 2, 0],
            shown: Vec::new(),
        };
        let steps = partial.coarser(&[10; 64]);
        assert_eq!((steps[2], steps[3]), (10, 20));
    }
}
