//! What `measure` does with blocks whose levels are known: one rule for each operation.

use crate::contract::{QuantSteps, Trust};
use crate::interval;
use crate::interval::Bounds;
use crate::jpeg::file::Levels;
use crate::jpeg::grid::cell::{Slack, swap};
use crate::jpeg::grid::component::Observed;
use crate::jpeg::grid::dct;
use crate::jpeg::grid::departures::Counts;
use crate::jpeg::grid::measure::JpegMeasurement;

/// An operation on known blocks. Inlined into the kernel that calls it.
pub(crate) trait Rule: Sync {
    /// Returns new coefficients to replace `before`, those of A·x, if it changes them, and its
    /// counts.
    fn apply(&self, block: Known<'_>, before: &dct::Block) -> (Option<dct::Block>, Counts);
}

/// A block with known levels.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    /// Index of the component, index of the block in it.
    pub place: (usize, usize),
    pub component: &'a Observed,
    pub levels: &'a Levels,
    pub steps: &'a QuantSteps,
}

/// How far a block is outside its cells; `first` for the first component.
#[inline(always)]
fn stand(first: bool, before: &dct::Block, cells: &Bounds, steps: &QuantSteps) -> Counts {
    let (mut left, mut far) = (0u32, 0u32);
    for ((&x, &bounds), &step) in before.iter().zip(cells).zip(steps) {
        let outside = (x - interval::clamp(x, bounds)).abs();
        left += u32::from(outside > 0.0);
        far += u32::from(outside > 0.5 * f32::from(step));
    }
    let (left, far) = (u64::from(left), u64::from(far));
    match first {
        true => [64, left, far, 64, far],
        false => [64, left, far, 0, 0],
    }
}

/// Moves a block into its cells, or its narrower bounds, and counts how far it was outside the
/// cells.
pub(crate) struct IntoCells<'t, 'a> {
    pub measurement: &'t JpegMeasurement<'a>,
    pub trust: Trust<'t>,
}

impl Rule for IntoCells<'_, '_> {
    #[inline(always)]
    fn apply(&self, block: Known<'_>, before: &dct::Block) -> (Option<dct::Block>, Counts) {
        let (component, levels, (c, at)) = (block.component, block.levels, block.place);
        let steps = block.steps;
        let cells = component.cells(at, (levels, steps), self.measurement.slack);
        let narrower = self.measurement.narrower.and_then(|bounds| bounds(c, at));
        let allowed = narrower.unwrap_or(&cells);
        let after = match self.trust {
            Trust::Judged => interval::judged(allowed, before),
            Trust::Clamp => Some(each(|i| interval::clamp(before[i], allowed[i]))),
            Trust::Swap if component.partial.is_none() => {
                Some(each(|i| swap(before[i], levels[i], steps[i])))
            }
            // If only an interval is known, there is no level to swap in.
            Trust::Swap => Some(each(|i| interval::clamp(before[i], allowed[i]))),
            Trust::Mean(spread) => {
                let spread = self.measurement.part(spread, component);
                let mean = |i| interval::truncated_mean(allowed[i], before[i], spread[i]);
                Some(each(mean))
            }
        };
        (after, stand(c == 0, before, &cells, steps))
    }
}

/// Counts the coefficients that quantise to their level.
pub(crate) struct Kept;

impl Rule for Kept {
    #[inline(always)]
    fn apply(&self, block: Known<'_>, before: &dct::Block) -> (Option<dct::Block>, Counts) {
        let (component, (_, at)) = (block.component, block.place);
        // Whether the nearest multiple of the step is in the interval of the level.
        let cells = component.cells(at, (block.levels, block.steps), Slack::NONE);
        let known = cells.iter().zip(block.steps).zip(before);
        let kept = known.filter(|(((low, high), step), x)| {
            let step = f32::from(**step);
            let nearest = (*x / step).round_ties_even() * step;
            (low..=high).contains(&&nearest)
        });
        (None, [kept.count() as u64, 64, 0, 0, 0])
    }
}

#[inline(always)]
fn each(value: impl Fn(usize) -> f32) -> dct::Block {
    std::array::from_fn(value)
}
