//! The options of a training: one struct, its defaults and its limits.

use std::fmt;
use std::str::FromStr;

use ddrmjpeg::error::{Error, Result};
use ddrmjpeg::model::registry;
use ddrmjpeg::model::registry::Own;
use ddrmjpeg::options::{Device, Precision};

/// When the learning rate reaches 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// After this many steps: fully reproducible.
    Steps(u64),
    /// After this many hours of training, not counting interruptions: reproducible until the end of
    /// the warm-up; after that the rate depends on the clock.
    Hours(f64),
}

/// How the gradient changes the weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Optimizer {
    /// AdamW for all weights.
    AdamW,
    /// Muon for the convolutions between the first and the last layer, AdamW for the others.
    #[default]
    Muon,
}

impl FromStr for Optimizer {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "adamw" => Ok(Self::AdamW),
            "muon" => Ok(Self::Muon),
            other => Err(Error::options(format!(
                "optimizer {other:?}: must be adamw or muon"
            ))),
        }
    }
}

/// How to train.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainOptions {
    /// Which network. Default: lean.
    pub network: &'static Own,
    /// When to stop. Default: 1 hour.
    pub length: Length,
    /// The same seed gives the same examples. Default: 1234.
    pub seed: u64,
    /// Examples in a step, 1..=1024. Default: 16.
    pub batch: usize,
    /// Side of an example in pixels, a multiple of 16 in 32..=1024. Default: 192.
    pub crop_px: usize,
    /// Share of the examples for a single call, 0..=1; of the others 13 in 18 have noise and a
    /// hint, 5 only noise. Default: 0.82.
    pub one_call_share: f64,
    /// How the gradient changes the weights. Default: muon.
    pub optimizer: Optimizer,
    /// Highest learning rate, over 0 and up to 0.1. Default: 3e-4.
    pub rate: f64,
    /// Steps over which the rate rises to its highest, 1..=100_000. Default: 200.
    pub warm_up: u64,
    /// Share of the old weights in each update of the averaged weights, 0..1. Default: 0.998.
    pub averaging: f64,
    /// Pictures held out for validation, 1..=1000. Default: 12.
    pub held_out: usize,
    /// Steps between validations, 1..=1_000_000. Default: 300.
    pub validate_every: u64,
    /// Seconds between checkpoints, 1..=120. Default: 100.
    pub checkpoint_s: u64,
    /// Where it runs. Default: auto.
    pub device: Device,
    /// Arithmetic of the convolutions; weights and their updates are f32. Default: auto.
    pub precision: Precision,
    /// CPU threads of the network, up to 1024; 0: all.
    pub threads: usize,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            network: &registry::NETWORKS[0],
            length: Length::Hours(1.0),
            seed: 1234,
            batch: 16,
            crop_px: 192,
            one_call_share: 0.82,
            optimizer: Optimizer::default(),
            rate: 3e-4,
            warm_up: 200,
            averaging: 0.998,
            held_out: 12,
            validate_every: 300,
            checkpoint_s: 100,
            device: Device::Auto,
            precision: Precision::Auto,
            threads: 0,
        }
    }
}

impl TrainOptions {
    /// Checks every range.
    ///
    /// # Errors
    /// [`Error::Options`] naming the field, its value and the limit.
    pub fn validate(&self) -> Result<()> {
        match self.length {
            Length::Steps(steps) => within("steps", steps, 1, 100_000_000)?,
            Length::Hours(hours) => within("hours", hours, 0.001, 10_000.0)?,
        }
        within("batch", self.batch, 1, 1024)?;
        within("crop", self.crop_px, 32, 1024)?;
        if !self.crop_px.is_multiple_of(16) {
            return Err(Error::option("crop", self.crop_px, "a multiple of 16"));
        }
        within("one_call_share", self.one_call_share, 0.0, 1.0)?;
        within("rate", self.rate, 1e-9, 0.1)?;
        within("warm_up", self.warm_up, 1, 100_000)?;
        within("averaging", self.averaging, 0.0, 0.999_999)?;
        within("held_out", self.held_out, 1, 1000)?;
        within("validate_every", self.validate_every, 1, 1_000_000)?;
        within("checkpoint_s", self.checkpoint_s, 1, 120)?;
        within("threads", self.threads, 0, 1024)
    }
}

/// `low <= value <= high`, which is false for NaN.
fn within<T: PartialOrd + fmt::Display>(name: &str, value: T, low: T, high: T) -> Result<()> {
    if value >= low && value <= high {
        return Ok(());
    }
    Err(Error::option(name, value, format!("in {low}..={high}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        TrainOptions::default().validate().unwrap();
    }

    #[test]
    fn what_is_out_of_range_is_named_with_its_limits() {
        type Edit = fn(&mut TrainOptions);
        let cases: [(Edit, &str); 8] = [
            (|o| o.batch = 0, "batch = 0: must be in 1..=1024"),
            (|o| o.crop_px = 100, "crop = 100: must be a multiple of 16"),
            (|o| o.crop_px = 16, "crop = 16: must be in 32..=1024"),
            (|o| o.rate = f64::NAN, "rate = NaN"),
            (|o| o.one_call_share = 1.1, "one_call_share = 1.1"),
            (|o| o.averaging = 1.0, "averaging = 1"),
            (
                |o| o.checkpoint_s = 121,
                "checkpoint_s = 121: must be in 1..=120",
            ),
            (|o| o.length = Length::Steps(0), "steps = 0"),
        ];
        for (edit, wanted) in cases {
            let mut options = TrainOptions::default();
            edit(&mut options);
            let message = options.validate().unwrap_err().to_string();
            assert!(message.contains(wanted), "{message}");
        }
    }
}
