//! From a prior and a measurement to a picture: schedules, noise, and one file per algorithm.
//!
//! Knows the two seams of `contract` and nothing else.

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

/// What every algorithm works on.
pub struct Problem<'a> {
    /// What pictures look like.
    pub denoiser: &'a dyn Denoiser,
    /// What was seen of this one.
    pub measurement: &'a dyn Measurement,
    /// The decoded JPEG and its tables.
    pub hint: &'a Hint,
    /// Progress and cancellation.
    pub control: Control<'a>,
}

/// A picture that is near the answer already, but for some parts of it.
///
/// Draws of the cell sampler walk all the way in these parts alone; elsewhere they begin from the
/// picture, under the noise of [`plan::CellSettings::warm_sigma`].
pub struct Warm<'a> {
    /// The picture.
    pub picture: &'a Picture,
    /// Where it is not near.
    pub cold: &'a [Rect],
    /// Asked above that noise. Its answers count in the cold parts alone.
    pub denoiser: &'a dyn Denoiser,
}

impl Warm<'_> {
    /// The picture, with `drawn` where it is not near.
    fn held(&self, drawn: &Picture) -> Picture {
        let mut held = self.picture.clone();
        for rect in self.cold {
            held.paste(drawn, *rect, rect.x, rect.y);
        }
        held
    }
}

/// Carries out `plan`. The result is held to the measurement where the plan says so.
///
/// # Errors
/// Those of the denoiser, and [`crate::Error::Cancelled`].
pub fn run(plan: &Plan, problem: &Problem<'_>, seed: u64) -> Result<Picture> {
    run_from(None, plan, problem, seed)
}

/// As [`run`], from a picture that is near the answer in part, where `plan` can use that.
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
