//! [`RestoreOptions`]: how a picture is restored.
//!
//! Given with every picture or frame; it can differ from one to the next. Read by `source`,
//! `solve`, `stream` and the sampler's plan.

use crate::assumed_quality::AssumedQuality;
use crate::degradation::Degradation;
use crate::error::{Error, Result};
use crate::options::{Limits, Preset, Temporal};

/// How a picture is restored.
///
/// Made from the defaults, by its setters or by assignment to its fields:
///
/// ```
/// use ddrmjpeg::{Preset, RestoreOptions};
///
/// let options = RestoreOptions::default().with_preset(Preset::Quality).with_samples(Some(4));
/// options.validate()?;
/// # Ok::<(), ddrmjpeg::Error>(())
/// ```
///
/// The model, its device and its arithmetic are [`ModelOptions`](crate::ModelOptions), with which a
/// [`Restorer`](crate::Restorer) is opened.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RestoreOptions {
    /// What the pictures suffered; frames are always taken for decoded JPEG unless it says
    /// levels. Default: `jpeg`.
    pub degradation: Degradation,
    /// How much work to spend. Default: `fast`.
    pub preset: Preset,
    /// 0 gives the decoded JPEG, 1 the full restoration; between, a blend. Default: 1.
    pub strength: f64,
    /// Hold every coefficient so far inside its cell that the output re-encodes to the
    /// file's own levels. Default: false.
    pub strict: bool,
    /// Hand on as decoded what was quantised so little that restoring it would do harm.
    /// Default: true.
    pub identity_gate: bool,
    /// What the damage is taken for where the picture may have been saved before. Default: auto.
    pub assume_quality: AssumedQuality,
    /// Same seed, same pixels. Default: 1234.
    pub seed: u64,
    /// Denoising steps, 1..=1000; `None`: the preset's.
    pub steps: Option<usize>,
    /// Draws to average, 1..=64; `None`: the preset's.
    pub samples: Option<usize>,
    /// η of the preset `paper`: the share of fresh noise, 0..=1. Default: 1, as published.
    pub eta: f64,
    /// η_b of the preset `paper`: the share of the measurement step, 0..=1. Default: 0.4, as
    /// published.
    pub eta_b: f64,
    /// Timestep at which the preset `paper` begins, 1..=1000. Default: 300, as published.
    pub init_timestep: usize,
    /// What a stream makes of the frames before. Default: `reuse`.
    pub temporal: Temporal,
    /// Side of a tile in pixels, 64..=16384; 0: chosen from the size of the picture.
    pub tile_size: usize,
    /// Upper limits on a file that is read.
    pub limits: Limits,
}

impl Default for RestoreOptions {
    fn default() -> Self {
        Self {
            degradation: Degradation::Jpeg,
            preset: Preset::Fast,
            strength: 1.0,
            strict: false,
            identity_gate: true,
            assume_quality: AssumedQuality::Auto,
            seed: 1234,
            steps: None,
            samples: None,
            eta: 1.0,
            eta_b: 0.4,
            init_timestep: 300,
            temporal: Temporal::Reuse,
            tile_size: 0,
            limits: Limits::default(),
        }
    }
}

impl RestoreOptions {
    /// Checks every field against its range.
    ///
    /// # Errors
    /// [`Error::Options`] naming the first field that is out of range, its value and the limit.
    pub fn validate(&self) -> Result<()> {
        let outside =
            |name: &str, value: String, range: &str| Err(Error::option(name, value, range));
        let shares = [
            ("strength", self.strength),
            ("eta", self.eta),
            ("eta-b", self.eta_b),
        ];
        for (name, share) in shares {
            if !(0.0..=1.0).contains(&share) {
                return outside(name, share.to_string(), "in 0..1");
            }
        }
        if let Some(steps) = self.steps.filter(|n| !(1..=1000).contains(n)) {
            return outside("steps", steps.to_string(), "in 1..1000");
        }
        if let Some(samples) = self.samples.filter(|n| !(1..=64).contains(n)) {
            return outside("samples", samples.to_string(), "in 1..64");
        }
        if !(1..=1000).contains(&self.init_timestep) {
            let value = self.init_timestep.to_string();
            return outside("init-timestep", value, "in 1..1000");
        }
        if self.tile_size != 0 && !(64..=16_384).contains(&self.tile_size) {
            return outside("tile-size", self.tile_size.to_string(), "0 or 64..16384");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_option_the_value_and_the_limit() {
        RestoreOptions::default().validate().unwrap();
        let wrong = [
            (
                RestoreOptions::default().with_strength(1.5),
                "strength = 1.5: must be in 0..1",
            ),
            (
                RestoreOptions::default().with_eta_b(f64::NAN),
                "eta-b = NaN: must be in 0..1",
            ),
            (
                RestoreOptions::default().with_steps(Some(0)),
                "steps = 0: must be in 1..1000",
            ),
            (
                RestoreOptions::default().with_samples(Some(65)),
                "samples = 65: must be in 1..64",
            ),
            (
                RestoreOptions::default().with_init_timestep(1001),
                "init-timestep = 1001: must be in 1..1000",
            ),
            (
                RestoreOptions::default().with_tile_size(63),
                "tile-size = 63: must be 0 or 64..16384",
            ),
        ];
        for (options, expected) in wrong {
            let message = options.validate().unwrap_err().to_string();
            assert_eq!(message, format!("bad option: {expected}"));
        }
    }
}
