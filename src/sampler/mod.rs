//! Makes a picture from a prior and a measurement: schedules, noise, and one file per algorithm.
//!
//! Uses the two traits of `contract` and nothing else.

pub mod cell;
pub mod noise;
pub mod plan;
pub mod published;
pub mod schedule;
pub mod unhinted;

use crate::contract::{Control, Denoiser, Hint, Measurement};
use crate::error::Result;
use crate::frame::{Picture, Rect};
use crate::sampler::plan::Plan;

/// The input of every algorithm.
pub struct Problem<'a> {
    /// The prior.
    pub denoiser: &'a dyn Denoiser,
    /// What was measured of this picture.
    pub measurement: &'a dyn Measurement,
    /// The decoded JPEG and its tables.
    pub hint: &'a Hint,
    /// Progress and cancellation.
    pub control: Control<'a>,
}

/// A picture that is already near the result, except for some parts.
///
/// Only in these parts do draws of the cell sampler run through all noise levels; elsewhere they
/// start from the picture, with noise of [`plan::CellSettings::warm_sigma`].
pub struct Warm<'a> {
    /// The picture.
    pub picture: &'a Picture,
    /// Where it is not near the result.
    pub cold: &'a [Rect],
    /// The prior above that noise level. Its estimates are used only in the cold parts.
    pub denoiser: &'a dyn Denoiser,
}

impl Warm<'_> {
    /// The picture, with `drawn` in the cold parts.
    fn held(&self, drawn: &Picture) -> Picture {
        let mut held = self.picture.clone();
        for rect in self.cold {
            held.paste(drawn, *rect, rect.x, rect.y);
        }
        held
    }
}

/// Carries out `plan`. The result is consistent with the measurement if the plan says so.
///
/// # Errors
/// Those of the denoiser, and [`crate::Error::Cancelled`].
pub fn run(plan: &Plan, problem: &Problem<'_>, seed: u64) -> Result<Picture> {
    run_from(None, plan, problem, seed)
}

/// As [`run`], from a picture that is partly near the result, if `plan` can use that.
///
/// # Errors
/// As [`run`].
pub fn run_from(
    warm: Option<&Warm<'_>>,
    plan: &Plan,
    problem: &Problem<'_>,
    seed: u64,
) -> Result<Picture> {
    match plan {
        Plan::OneCall { .. } => cell::one_call(problem, 1),
        Plan::Cell(settings) => {
            let noise_of = |sample| noise::Field::new(seed, sample);
            cell::mean_of_draws(problem, settings, warm, noise_of)
        }
        Plan::Published(settings) => {
            published::mean_of_samples(problem, settings, |sample| noise::Field::new(seed, sample))
        }
    }
}
