//! The steps, noise levels and samples of each preset.
//!
//! Made from the options; read by the algorithms. Defaults follow from
//! docs/measurements/quality.md.

use crate::contract::ModelFacts;
use crate::error::{Error, Result};
use crate::options::{Preset, RestoreOptions};

/// Weight of the draw in preset `sample`, if it starts from a one-call estimate.
const SAMPLE_SHARE: f64 = 0.8;
/// Noise level at which draws of a prior without a one-call estimate start from the last frame's
/// result: see docs/measurements/video.md. A one-call estimate is the better start if there is one.
const WARM_SIGMA: f64 = 0.2;
/// Views that preset `quality` averages: all symmetries of a square.
const VIEWS: usize = 8;

/// One algorithm and its settings.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// One network call at the one-call level, moved into the cells; or the mean of several, each
    /// for another view of the picture.
    OneCall {
        /// Number of symmetries of the block grid for which the network is called, 1..=8.
        views: usize,
    },
    /// The cell sampler.
    Cell(CellSettings),
    /// The published sampler.
    Published(PublishedSettings),
}

/// The picture from which the draws of the cell sampler start, with noise added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The prior's one-call estimate.
    OneCall,
    /// The decoded JPEG, for a prior without one.
    Decoded,
}

/// Settings of the cell sampler.
#[derive(Clone, Debug, PartialEq)]
pub struct CellSettings {
    /// What the draws start from.
    pub start: Start,
    /// Noise level that the draws start from, in units of the `[-1, 1]` range.
    pub start_sigma: f64,
    /// Last noise level before the end.
    pub end_sigma: f64,
    /// Noise level at which draws start where the last frame's result is inside this frame's cells;
    /// `None` if they are better without it.
    pub warm_sigma: Option<f64>,
    /// Network calls of one draw.
    pub steps: usize,
    /// Draws that are averaged.
    pub samples: usize,
    /// Share of fresh noise, c1 in x = x0' + σ (c1 z + c2 e), c1² + c2² = 1.
    pub fresh: f64,
    /// r(σ, u, v), the spread of the estimate's error, as a multiple of what was measured for the
    /// prior. If `None`, or if it was not measured, `spread` is used.
    pub calibrated: Option<f64>,
    /// r(σ) = `spread` · σ at every frequency, if it was not measured.
    pub spread: f64,
    /// Weight of the mean of the draws, 0..=1; the rest is the picture they started from. The error
    /// that the draws add counts by the square of this, and so does the texture.
    pub share: f64,
}

/// Settings of the published sampler, with its published defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedSettings {
    /// Requested steps; see [`crate::sampler::published::step_list`] for the actual number.
    pub timesteps: usize,
    /// First timestep, of 1000.
    pub init_timestep: usize,
    /// η: share of fresh noise.
    pub eta: f64,
    /// η_b: share of the measurement step.
    pub eta_b: f64,
    /// Samples that are averaged.
    pub samples: usize,
}

impl Default for CellSettings {
    fn default() -> Self {
        Self {
            start: Start::OneCall,
            start_sigma: 0.15,
            end_sigma: 0.03,
            warm_sigma: None,
            steps: 3,
            samples: 4,
            fresh: 1.0,
            calibrated: Some(1.0),
            spread: 0.35,
            share: 1.0,
        }
    }
}

impl Default for PublishedSettings {
    fn default() -> Self {
        Self {
            timesteps: 20,
            init_timestep: 300,
            eta: 1.0,
            eta_b: 0.4,
            samples: 1,
        }
    }
}

impl Plan {
    /// The plan of a preset for a prior that does or does not restore in one call, with the
    /// options' own steps and samples if they are given.
    pub fn of(options: &RestoreOptions, one_call: bool) -> Self {
        match options.preset {
            Preset::Fast if one_call => Self::OneCall { views: 1 },
            Preset::Quality if one_call && options.steps.is_none() => Self::OneCall {
                views: options.samples.unwrap_or(VIEWS).min(VIEWS),
            },
            Preset::Paper => Self::Published(published_settings(options)),
            preset if one_call => Self::Cell(cell_settings(options, from_one_call(preset))),
            preset => Self::Cell(cell_settings(options, from_decoded(preset))),
        }
    }

    /// The plan of a preset for a picture whose levels are `step` 8-bit units apart.
    ///
    /// The prior gets no hint, so every draw starts from the centres of the bins.
    pub fn for_levels(options: &RestoreOptions, step: u8) -> Self {
        match options.preset {
            Preset::Paper => Self::Published(published_settings(options)),
            preset => Self::Cell(cell_settings(options, from_levels(preset, step))),
        }
    }

    /// Network calls over the whole picture.
    pub fn calls(&self) -> usize {
        match self {
            Self::OneCall { views } => *views,
            Self::Cell(s) => usize::from(s.start == Start::OneCall) + s.steps * s.samples,
            Self::Published(s) => {
                s.samples * crate::sampler::published::step_list(s.timesteps, s.init_timestep).len()
            }
        }
    }

    /// Number of views of the picture over which every call is averaged.
    pub fn views(&self) -> usize {
        match self {
            Self::OneCall { views } => *views,
            _ => 1,
        }
    }

    /// Views or draws that are averaged.
    pub fn averaged(&self) -> usize {
        match self {
            Self::OneCall { views } => *views,
            Self::Cell(settings) => settings.samples,
            Self::Published(settings) => settings.samples,
        }
    }

    /// Whether it starts from the last frame's result where that is near.
    pub fn begins_warm(&self) -> bool {
        matches!(self, Self::Cell(settings) if settings.warm_sigma.is_some())
    }

    /// Refuses what a prior with these `facts` cannot carry out.
    ///
    /// # Errors
    /// [`Error::Options`] naming the model and the presets that it supports.
    pub fn check(&self, facts: &ModelFacts) -> Result<()> {
        if matches!(self, Self::OneCall { .. }) || !facts.one_call_only {
            return Ok(());
        }
        Err(Error::options(format!(
            "model = {:?} restores JPEG in one call only: it needs preset fast, or quality \
             without steps",
            facts.name
        )))
    }
}

/// The cell sampler for a prior that restores in one call.
fn from_one_call(preset: Preset) -> CellSettings {
    match preset {
        // Without fresh noise, and with a spread that trusts the cells, texture is kept that one
        // call would smooth; the share of the one call keeps it faithful. See
        // docs/measurements/quality.md.
        Preset::Sample => CellSettings {
            start_sigma: 0.4,
            steps: 5,
            samples: 1,
            fresh: 0.0,
            calibrated: None,
            spread: 1.0,
            share: SAMPLE_SHARE,
            ..CellSettings::default()
        },
        _ => CellSettings::default(),
    }
}

/// The cell sampler for any other prior. The noise must hide the errors of the decoded picture, so
/// draws start at a higher level. The figures are from the sweep in docs/measurements/quality.md,
/// with a prior without hints.
fn from_decoded(preset: Preset) -> CellSettings {
    let (start_sigma, end_sigma, steps, samples) = match preset {
        Preset::Fast => (0.4, 0.1, 4, 1),
        Preset::Sample => (0.8, 0.05, 8, 1),
        _ => (0.4, 0.1, 8, 4),
    };
    CellSettings {
        start: Start::Decoded,
        start_sigma,
        end_sigma,
        warm_sigma: Some(WARM_SIGMA),
        steps,
        samples,
        fresh: 1.0,
        calibrated: None,
        spread: 0.7,
        share: 1.0,
    }
}

/// The cell sampler for levels. Noise is in units of the error from rounding to levels, step / √12.
/// The figures are from the sweep in docs/measurements/dequantisation.md.
fn from_levels(preset: Preset, step: u8) -> CellSettings {
    let error = f64::from(step) / 12f64.sqrt() / 127.5;
    let (start, steps, samples) = match preset {
        Preset::Fast => (2.3, 1, 1),
        Preset::Sample => (3.0, 8, 1),
        _ => (3.0, 8, 4),
    };
    CellSettings {
        start: Start::Decoded,
        start_sigma: start * error,
        end_sigma: 0.4 * error,
        warm_sigma: None,
        steps,
        samples,
        fresh: 1.0,
        calibrated: None,
        spread: 0.38,
        share: 1.0,
    }
}

fn published_settings(options: &RestoreOptions) -> PublishedSettings {
    let published = PublishedSettings::default();
    PublishedSettings {
        timesteps: options.steps.unwrap_or(published.timesteps),
        init_timestep: options.init_timestep,
        eta: options.eta,
        eta_b: options.eta_b,
        samples: options.samples.unwrap_or(published.samples),
    }
}

fn cell_settings(options: &RestoreOptions, preset: CellSettings) -> CellSettings {
    CellSettings {
        steps: options.steps.unwrap_or(preset.steps),
        samples: options.samples.unwrap_or(preset.samples),
        ..preset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_cost_what_they_say() {
        let calls = |preset, one_call| {
            let options = RestoreOptions {
                preset,
                ..RestoreOptions::default()
            };
            Plan::of(&options, one_call).calls()
        };
        let expected = [
            (Preset::Fast, 1, 4),
            (Preset::Quality, 8, 32),
            (Preset::Sample, 6, 8),
            (Preset::Paper, 20, 20),
        ];
        for (preset, with, without) in expected {
            assert_eq!(calls(preset, true), with, "{preset}");
            assert_eq!(calls(preset, false), without, "{preset}");
        }
    }

    #[test]
    fn levels_begin_at_what_was_seen() {
        let plan = |preset| {
            let options = RestoreOptions {
                preset,
                ..RestoreOptions::default()
            };
            Plan::for_levels(&options, 32)
        };
        let calls = [Preset::Fast, Preset::Quality, Preset::Sample].map(|p| plan(p).calls());
        assert_eq!(calls, [1, 32, 8]);
        let Plan::Cell(settings) = plan(Preset::Quality) else {
            unreachable!("quality averages draws");
        };
        assert_eq!(settings.start, Start::Decoded);
        // 3 · 32 / √12 / 127.5
        assert!((settings.start_sigma - 0.21735).abs() < 1e-4);
    }
}
