//! [`Track`]: what the frames so far say together of one block that stands still.
//!
//! The levels of 1, 2, 4 … frames are held as one answer; those of later frames are gathered
//! beside it until they are as many, and then added, if they agree. So what is shown of a
//! block that stands still changes at ever longer intervals, and work on it grows rare.
//! Called by `scene`.

use crate::contract::QuantSteps;
use crate::interval::Bounds;
use crate::stream::still::posterior;
use crate::stream::still::posterior::{Dither, MOST, Posterior};

/// Standard deviations around its mean that a coefficient is allowed before a frame departs.
const ALLOWED: f32 = 2.0;
/// Standard deviations around its mean that a coefficient may be restored within: so many where
/// it is known well, and so many more for each step of deviation. A whole cell, of deviation
/// 1/√12, is then all of it.
const NEAR: f32 = 0.6;
const WIDE: f32 = 4.0;
/// Standard deviations of both that two answers may be apart and still be of one scene.
const APART: f32 = 3.5;

/// One block over time.
#[derive(Clone, Debug)]
pub struct Track {
    /// Mean level of the frames that are held.
    held: [f32; 64],
    /// How many these are: 0 before any, then powers of two.
    frames: u32,
    /// Levels of the frames since, summed.
    sum: [i32; 64],
    /// How many these are.
    since: u32,
}

/// What a frame did to a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It begins with this frame.
    Begun,
    /// Its answer has changed.
    Refined,
    /// The frame was gathered; the answer is as it was.
    Gathered,
}

impl Default for Track {
    fn default() -> Self {
        Self {
            held: [0.0; 64],
            frames: 0,
            sum: [0; 64],
            since: 0,
        }
    }
}

impl Track {
    /// Frames that the answer is of.
    pub fn frames(&self) -> u32 {
        self.frames
    }

    /// Starts over with one frame.
    pub fn begin(&mut self, levels: &[i16; 64]) -> Step {
        *self = Self {
            held: levels.map(f32::from),
            frames: 1,
            ..Self::default()
        };
        Step::Begun
    }

    /// Adds a frame that does not contradict the answer.
    pub fn add(&mut self, levels: &[i16; 64], dither: &[Dither; 64]) -> Step {
        for (sum, level) in self.sum.iter_mut().zip(levels) {
            *sum += i32::from(*level);
        }
        self.since += 1;
        if self.since < self.frames {
            return Step::Gathered;
        }
        let count = self.since as f32;
        let recent = Self {
            held: self.sum.map(|sum| sum as f32 / count),
            frames: self.since,
            ..Self::default()
        };
        let agree = self.agrees_with(&recent, dither);
        let was = std::mem::replace(self, recent);
        if agree {
            for (held, was) in self.held.iter_mut().zip(&was.held) {
                *held = 0.5 * (*held + was);
            }
            self.frames = (2 * self.frames).min(MOST);
        }
        Step::Refined
    }

    fn agrees_with(&self, other: &Self, dither: &[Dither; 64]) -> bool {
        (0..64).all(|i| {
            let (a, b) = (self.of(i, dither), other.of(i, dither));
            let apart = (self.held[i] + a.offset - other.held[i] - b.offset).abs();
            apart <= APART * (a.spread + b.spread)
        })
    }

    fn of(&self, i: usize, dither: &[Dither; 64]) -> Posterior {
        posterior::of(self.held[i], self.frames, dither[i])
    }

    /// The answer, in coefficient units.
    pub fn answer(&self, steps: &QuantSteps, dither: &[Dither; 64]) -> Answer {
        let mut answer = Answer::default();
        for (i, step) in steps.iter().enumerate() {
            let (step, found) = (f32::from(*step), self.of(i, dither));
            answer.means[i] = step * (self.held[i] + found.offset);
            answer.spreads[i] = step * found.spread;
        }
        answer
    }
}

/// What is known of the 64 coefficients of a block.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Their means.
    pub means: [f32; 64],
    /// Their standard deviations.
    pub spreads: [f32; 64],
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            means: [0.0; 64],
            spreads: [0.0; 64],
        }
    }
}

impl Answer {
    /// The bounds that each coefficient may be restored within.
    ///
    /// If its levels say no more than its cell, that is the cell. The more they say, the less a
    /// prior can add, and the closer the coefficient is held to the mean.
    pub fn bounds(&self, steps: &QuantSteps) -> Bounds {
        std::array::from_fn(|i| {
            let spread = self.spreads[i];
            let within = NEAR + WIDE * spread / f32::from(steps[i]);
            let reach = within * spread;
            (self.means[i] - reach, self.means[i] + reach)
        })
    }

    /// How far a frame's cells lie from the answer: the sum over the 64 coefficients of the
    /// square of the gap between the cell and `ALLOWED` deviations, in units of the noise `sigma`.
    pub fn departure(&self, levels: &[i16; 64], steps: &QuantSteps, sigma: f32) -> f32 {
        let mut squares = 0.0f32;
        for (i, (level, step)) in levels.iter().zip(steps).enumerate() {
            let (level, step) = (f32::from(*level), f32::from(*step));
            let allowed = 0.5 * step + ALLOWED * self.spreads[i];
            let gap = ((step * level - self.means[i]).abs() - allowed).max(0.0);
            squares += gap * gap;
        }
        squares / (sigma * sigma)
    }
}

/// How far an answer reaches to either side of a coefficient's mean before a cell departs from
/// it, in steps, where its levels are all the same.
pub fn reach(frames: u32, dither: Dither) -> f32 {
    ALLOWED * posterior::of(0.0, frames, dither).spread
}
