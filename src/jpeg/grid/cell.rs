//! The cell of a coefficient: the interval of values that quantise to its level.
//!
//! A level k at step q means q(k − ½) ≤ c ≤ q(k + ½), except for the rounding of the encoder, which
//! the slack allows for. Units: those of the quantisation table.

use crate::contract::QuantSteps;
use crate::interval;
use crate::interval::Bounds;
use crate::jpeg::file::Levels;

/// How far outside its nominal bounds a cell reaches; negative values shrink it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slack {
    /// Share of the step.
    pub relative: f32,
    /// Coefficient units.
    pub absolute: f32,
    /// Additional share of the step at the bound away from zero, or both bounds for level 0:
    /// encoders that weigh bits against error only move levels towards zero.
    pub outward: f32,
}

impl Slack {
    /// None: the nominal cell.
    pub const NONE: Self = Self {
        relative: 0.0,
        absolute: 0.0,
        outward: 0.0,
    };

    /// For the error of the integer DCT in an encoder that rounds to the nearest level.
    pub const ROUNDING: Self = Self {
        relative: 0.01,
        absolute: 0.1,
        ..Self::NONE
    };

    /// At most four cells outwards; inwards the cell never vanishes.
    #[inline(always)]
    fn of(self, step: f32) -> f32 {
        let slack = self.relative * step + self.absolute;
        interval::clamp(slack, (-0.4 * step, 4.0 * step))
    }
}

/// The interval that a coefficient must lie in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Lower bound.
    pub low: f32,
    /// Upper bound.
    pub high: f32,
}

impl Cell {
    /// The cell of `level` at `step`.
    #[inline(always)]
    pub fn new(level: i16, step: u16, slack: Slack) -> Self {
        let (level, step) = (f32::from(level), f32::from(step));
        let (both, outward) = (slack.of(step), slack.outward * step);
        let below = if level <= 0.0 { outward } else { 0.0 };
        let above = if level >= 0.0 { outward } else { 0.0 };
        Self {
            low: step * (level - 0.5) - both - below,
            high: step * (level + 0.5) + both + above,
        }
    }

    /// The nearest value inside.
    #[inline]
    pub fn clamp(self, value: f32) -> f32 {
        value.clamp(self.low, self.high)
    }
}

/// The cells of a block.
#[inline(always)]
pub fn bounds(levels: &Levels, steps: &QuantSteps, slack: Slack) -> Bounds {
    std::array::from_fn(|i| {
        let cell = Cell::new(levels[i], steps[i], slack);
        (cell.low, cell.high)
    })
}

/// The published step: replaces the estimate's own quantised value by the measured one.
///
/// This is not a projection: just outside the cell it jumps by a whole step. For comparison with
/// the published method.
#[inline(always)]
pub fn swap(value: f32, level: i16, step: u16) -> f32 {
    let step = f32::from(step);
    value - step * (value / step).round_ties_even() + step * f32::from(level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cell_of_a_level() {
        let cell = Cell::new(-2, 10, Slack::NONE);
        assert_eq!((cell.low, cell.high), (-25.0, -15.0));
        assert_eq!(cell.clamp(-14.0), -15.0);
    }

    #[test]
    fn negative_slack_keeps_a_fifth_of_the_smallest_cell() {
        let inward = Slack {
            absolute: -1.0,
            ..Slack::NONE
        };
        let cell = Cell::new(3, 1, inward);
        assert!((cell.high - cell.low - 0.2).abs() < 1e-5);
    }

    #[test]
    fn a_trellis_moves_levels_towards_zero_only() {
        let slack = Slack {
            outward: 1.0,
            ..Slack::NONE
        };
        let bounds = |level| {
            (
                Cell::new(level, 10, slack).low,
                Cell::new(level, 10, slack).high,
            )
        };
        assert_eq!(bounds(2), (15.0, 35.0));
        assert_eq!(bounds(-2), (-35.0, -15.0));
        assert_eq!(bounds(0), (-15.0, 15.0));
    }

    /// The published step jumps by a whole step just outside the cell.
    #[test]
    fn swap_jumps() {
        assert!((swap(14.9, 1, 10) - 14.9).abs() < 1e-4);
        assert!((swap(15.1, 1, 10) - 5.1).abs() < 1e-4);
    }
}
