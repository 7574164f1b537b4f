//! Whether a JPEG was made from a picture that had been a coarser JPEG on the same grid.
//!
//! Then the coefficients that were quantised sat on the teeth of the first table, and the
//! levels of the second still crowd there, with gaps between, wherever the first step is at
//! least twice the second. The cells of such a file hold the first JPEG, not the picture.
//! Called by `family` and by `restore`.

use super::estimate::comb::{self, Teeth};
use super::estimate::spectrum::{BINS_PER_UNIT, Counts};
use super::file::{Component, JpegFile};

/// Blocks looked at, spread evenly over the component.
const BLOCKS: usize = 8192;
/// Largest earlier step that is looked for.
const LARGEST: u16 = 255;
/// Fewer blocks than this show crowds and gaps by chance.
const FEWEST_BLOCKS: usize = 256;
/// How far a coefficient of 8-bit samples is from its tooth, rarely more.
const ROUNDING: f32 = 0.8;
/// Fewer levels than this that are not 0 tell nothing.
const FEWEST: u32 = 100;
/// Least mean gain, in nats per level that is not 0, to call a component saved twice.
/// Pictures of tune and train that were saved once, at any quality, stay below 0.013; those
/// saved at 75, then 85, reach 0.05 and more.
const LEAST: f64 = 0.03;
/// Nats that a first step must be ahead of none to be named.
const SURE: f64 = 20.0;

/// The traces of an earlier save in one component.
#[derive(Clone, Debug, PartialEq)]
pub struct Resaved {
    /// Steps of the earlier table, where the levels show them; natural order.
    pub first_steps: [Option<u16>; 64],
    /// Mean log likelihood per level that is not 0 above that of a picture saved once, in
    /// nats, over the frequencies of which the earlier step is told.
    pub confidence: f64,
}

/// The earlier save that the levels of `component` show; `None` where they show none.
pub fn of(component: &Component) -> Option<Resaved> {
    if component.levels.len() < FEWEST_BLOCKS {
        return None;
    }
    let (first_steps, gain, visible) = evidence(component);
    let confidence = gain / f64::from(visible.max(1));
    (visible >= FEWEST && confidence >= LEAST).then_some(Resaved {
        first_steps,
        confidence,
    })
}

/// `file` as it was saved first; `None` when no component shows an earlier save.
pub fn first_save(file: &JpegFile) -> Option<JpegFile> {
    let earlier: Vec<_> = file.components.iter().map(of).collect();
    if earlier.iter().all(Option::is_none) {
        return None;
    }
    let mut first = file.clone();
    for (component, earlier) in first.components.iter_mut().zip(&earlier) {
        if let Some(earlier) = earlier {
            *component = undone(component, earlier);
        }
    }
    Some(first)
}

/// The component as the earlier save had it, where its steps are told: the levels of these
/// frequencies are those of the earlier table, and so are the steps.
pub fn undone(component: &Component, earlier: &Resaved) -> Component {
    let mut out = component.clone();
    for (i, first) in earlier.first_steps.iter().enumerate() {
        let Some(first) = *first else { continue };
        for levels in &mut out.levels {
            let units = f32::from(levels[i]) * f32::from(component.steps[i]);
            levels[i] = (units / f32::from(first)).round() as i16;
        }
        out.steps[i] = first;
    }
    out
}

/// Likeliest earlier steps, their gain in nats, and the levels it was told from.
pub fn evidence(component: &Component) -> ([Option<u16>; 64], f64, u32) {
    let mut first_steps = [None; 64];
    let (mut gain, mut visible) = (0.0, 0);
    for (i, first) in first_steps.iter_mut().enumerate().skip(1) {
        let (step, counts) = (component.steps[i], magnitudes(component, i));
        visible += counts
            .iter()
            .filter(|(bin, _)| *bin > 0)
            .map(|(_, n)| n)
            .sum::<u32>();
        // Below five quarters there is hardly a gap.
        let coarser = (5 * step / 4 + 1)..=LARGEST;
        let scores = coarser.map(|earlier| (gain_of(&counts, earlier, step), earlier));
        match scores.max_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((best, earlier)) if best > SURE => {
                *first = Some(earlier);
                gain += best;
            }
            _ => {}
        }
    }
    (first_steps, gain, visible)
}

/// Log likelihood of `earlier` before `step` above that of `step` alone. A tooth k of the
/// earlier comb went to the second level nearest to it, give or take the rounding between.
fn gain_of(counts: &Counts, earlier: u16, step: u16) -> f64 {
    let (first, alone) = (
        Teeth::fit(counts, earlier, false),
        Teeth::fit(counts, step, false),
    );
    let reach = 0.5 * f32::from(step) + ROUNDING;
    // A tooth's mass is shared by the levels that it may have gone to.
    let levels_near = |at: f32| {
        let step = f32::from(step);
        f64::from(((at + reach) / step).floor() - ((at - reach) / step).ceil() + 1.0).max(1.0)
    };
    let terms = counts.iter().map(|&(bin, n)| {
        let tooth = comb::tooth(bin, earlier);
        let away = (bin as f32 / BINS_PER_UNIT - tooth * f32::from(earlier)).abs();
        let base = alone.log_mass(comb::tooth(bin, step));
        let fits = match away <= reach {
            true => first.log_mass(tooth) - levels_near(tooth * f32::from(earlier)).ln(),
            false => f64::NEG_INFINITY,
        };
        f64::from(n) * (fits - base).max(comb::LOG_OUTLIER)
    });
    terms.sum()
}

fn magnitudes(component: &Component, frequency: usize) -> Counts {
    let stride = component.levels.len().div_ceil(BLOCKS).max(1);
    let mut counts = std::collections::BTreeMap::new();
    for levels in component.levels.iter().step_by(stride) {
        let units =
            u32::from(levels[frequency].unsigned_abs()) * u32::from(component.steps[frequency]);
        *counts.entry(units * BINS_PER_UNIT as u32).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}
