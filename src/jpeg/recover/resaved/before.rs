//! The coefficients of a component before its last quantisation, and whether they contradict a
//! table of the save before.
//!
//! Smooth upsampling mixes each chroma sample with its neighbours; whether that happened between
//! the saves is decided by which assumption fits the table better. Called by `resaved`.

use crate::contract::QuantSteps;
use crate::frame::Picture;
use crate::jpeg::file::{Component, Levels};
use crate::jpeg::grid::component::{dequantise, fetch, store};
use crate::jpeg::grid::dct;
use crate::jpeg::grid::dct::Block;
use crate::jpeg::grid::upsampled;
use crate::jpeg::recover::resaved::score::{ROUNDING, SURE};
use crate::runtime::threads::crew;

/// Smallest share of the coefficients that are near a tooth after a save with that step: clipping
/// moves the others.
const HITS: f64 = 0.5;
/// If more than this are near a tooth by chance, a step shows nothing.
const MOST_BY_CHANCE: f64 = 0.4;
/// How much more than [`ROUNDING`] DC may move if all samples of a block are rounded in the same
/// way.
const FLAT: f32 = 3.2;
/// Nats per block by which the right table may be contradicted, in addition to [`SURE`]. For the
/// chroma of 20 photographs at five pairs of qualities it was at most 0.15 in all; for chroma that
/// was not subsampled before it was 0.23 and more.
const CLIPPED: f64 = 0.13;
/// The lowest frequencies other than DC, of which most is left.
const LOWEST: [usize; 3] = [1, 8, 9];

/// The earlier levels of `component` with `steps`, and whether smooth chroma had mixed them; the
/// component is sampled at one of `factors`. `None` if its coefficients are on that table's teeth
/// hardly more often than by chance. Too few coefficients contradict nothing.
pub fn levels(
    component: &Component,
    factors: (usize, usize),
    steps: &QuantSteps,
) -> Option<(Vec<Levels>, bool)> {
    let direct = Before {
        blocks: dequantised(component),
        own: component.steps,
    };
    let found = direct.evidence(steps);
    let (before, found, mixed) = match factors {
        (2, _) | (_, 2) => {
            let unmixed = direct.unmixed(component, factors);
            let evidence = unmixed.evidence(steps);
            match evidence.iter().sum::<f64>() >= found.iter().sum::<f64>() {
                true => (unmixed, evidence, true),
                false => (direct, found, false),
            }
        }
        _ => (direct, found, false),
    };
    let most_against = SURE + CLIPPED * component.levels.len() as f64;
    let agrees = found.iter().all(|evidence| *evidence > -most_against);
    agrees.then(|| (before.levels(component, steps), mixed))
}

/// The earlier levels of a component that agrees with `steps`, as another part of it has shown;
/// `mixed` by smooth chroma of these factors, or not.
pub fn levels_after(
    component: &Component,
    mixed: Option<(usize, usize)>,
    steps: &QuantSteps,
) -> Vec<Levels> {
    let direct = Before {
        blocks: dequantised(component),
        own: component.steps,
    };
    match mixed {
        Some(factors) => direct.unmixed(component, factors).levels(component, steps),
        None => direct.levels(component, steps),
    }
}

/// Whether the DC of `component` contradicts an earlier quantisation with `steps`.
pub fn dc_contradicts(component: &Component, steps: &QuantSteps) -> bool {
    let before = Before {
        blocks: dequantised(component),
        own: component.steps,
    };
    before.evidence_at(0, steps[0]) < -SURE
}

/// Coefficients before the last quantisation, which used other steps.
struct Before {
    blocks: Vec<Block>,
    own: QuantSteps,
}

impl Before {
    /// The same with the mixing by smooth chroma undone.
    fn unmixed(&self, component: &Component, factors: (usize, usize)) -> Self {
        let (wide, high) = (component.blocks_wide, component.blocks_high);
        let mut plane = Picture::new(1, 8 * wide, 8 * high);
        let stride = plane.width;
        let rows = plane.data.chunks_exact_mut(8 * stride);
        crew::each(
            rows.zip(self.blocks.chunks_exact(wide)),
            |_, (row, blocks)| {
                for (x, block) in blocks.iter().enumerate() {
                    store(row, stride, x, &dct::inverse(block));
                }
            },
        );
        upsampled::unmix(&mut plane, factors);
        let rows: Vec<&[f32]> = plane.data.chunks_exact(8 * stride).collect();
        let blocks = crew::map(&rows, |row| {
            let blocks = (0..wide).map(|x| dct::forward(&fetch(row, stride, x)));
            blocks.collect::<Vec<Block>>()
        });
        Self {
            blocks: blocks.concat(),
            own: self.own,
        }
    }

    /// Evidence in nats for these steps, relative to arbitrary coefficients: from DC, and from the
    /// lowest other frequencies.
    fn evidence(&self, steps: &QuantSteps) -> [f64; 2] {
        let lowest = LOWEST.iter().map(|&i| self.evidence_at(i, steps[i]));
        [self.evidence_at(0, steps[0]), lowest.sum()]
    }

    fn evidence_at(&self, i: usize, step: u16) -> f64 {
        let (own, wide) = (f32::from(self.own[i]), f32::from(step));
        let reach = 0.5 * own + ROUNDING + if i == 0 { FLAT } else { 0.0 };
        let chance = f64::from(2.0 * reach / wide);
        if step <= self.own[i] || chance > MOST_BY_CHANCE {
            return 0.0;
        }
        let (hit, miss) = ((HITS / chance).ln(), ((1.0 - HITS) / (1.0 - chance)).ln());
        let values = self.blocks.iter().map(|block| block[i]);
        let telling = values.filter(|value| value.abs() > 0.5 * own);
        let terms = telling.map(|value| {
            let away = value - wide * (value / wide).round();
            if away.abs() <= reach { hit } else { miss }
        });
        terms.sum()
    }

    /// The nearest levels; those of `component` if its own steps apply.
    fn levels(&self, component: &Component, steps: &QuantSteps) -> Vec<Levels> {
        let both = self.blocks.iter().zip(&component.levels);
        let nearest = both.map(|(block, own)| {
            let mut levels: Levels = std::array::from_fn(|i| match steps[i] == self.own[i] {
                true => own[i],
                false => (block[i] / f32::from(steps[i])).round() as i16,
            });
            if steps[0] != self.own[0] && levels[1..] == [0; 63] {
                levels[0] = flat_level(block[0], steps[0]);
            }
            levels
        });
        nearest.collect()
    }
}

fn dequantised(component: &Component) -> Vec<Block> {
    let blocks = component.levels.iter();
    let blocks = blocks.map(|levels| dequantise(levels, &component.steps));
    blocks.collect()
}

/// The level of DC whose flat block, with all samples rounded in the same way, has a DC nearest to
/// `value`.
fn flat_level(value: f32, step: u16) -> i16 {
    let step = f32::from(step);
    let nearest = (value / step).round();
    let shown = |level: f32| 8.0 * (level * step / 8.0 + 0.5).floor();
    let levels = [nearest, nearest - 1.0, nearest + 1.0].into_iter();
    let away = |level: &f32| (value - shown(*level)).abs();
    let best = levels.min_by(|a, b| away(a).total_cmp(&away(b)));
    best.unwrap_or(nearest) as i16
}
