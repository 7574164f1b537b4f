//! What can be typed after `ddrmjpeg train`. The flags become [`TrainOptions`].

use std::path::PathBuf;

use clap::Args;
use ddrmjpeg::model::registry;
use ddrmjpeg::model::registry::Own;
use ddrmjpeg_lab::train::{Length, Optimizer, TrainOptions};

use crate::options::MachineArgs;

#[derive(Debug, Args)]
pub struct TrainArgs {
    /// Folders of clean pictures (png, tif, webp, ppm; jpg, best with --shrink).
    #[arg(long, required = true, num_args = 1.., value_name = "DIR")]
    pub pictures: Vec<PathBuf>,
    /// Folders of drawings, text and screenshots; about one example in eight is taken from these.
    #[arg(long, num_args = 1.., value_name = "DIR")]
    pub drawings: Vec<PathBuf>,
    /// Folder for the state, the model and the record.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Continue from the state in --out.
    #[arg(long)]
    pub resume: bool,
    /// A model to start from, instead of random weights.
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    pub from: Option<PathBuf>,
    /// Scale the pictures down by this factor, to remove what compression left in them.
    #[arg(long, default_value_t = 1, value_name = "1..8", value_parser = clap::value_parser!(u8).range(1..=8))]
    pub shrink: u8,
    #[command(flatten)]
    pub options: TrainOptionArgs,
}

/// The flags that become [`TrainOptions`].
#[derive(Debug, Args)]
#[command(next_help_heading = "Training")]
pub struct TrainOptionArgs {
    /// Which network, if training starts from random weights: lean or nano.
    #[arg(long, default_value = "lean", value_name = "NAME", value_parser = registry::get)]
    pub model_kind: &'static Own,
    /// Hours of training, over which the learning rate falls to 0.
    #[arg(long, default_value_t = 1.0, conflicts_with = "steps")]
    pub hours: f64,
    /// Steps of training, instead of --hours.
    #[arg(long, value_name = "N")]
    pub steps: Option<u64>,
    /// The same seed gives the same examples.
    #[arg(long, default_value_t = 1234)]
    pub seed: u64,
    /// Examples in a step.
    #[arg(long, default_value_t = 16, value_name = "1..1024")]
    pub batch: usize,
    /// Side of an example in pixels.
    #[arg(long, default_value_t = 192, value_name = "32..1024")]
    pub crop: usize,
    /// Share of the examples that ask for the picture from the JPEG alone.
    #[arg(long, default_value_t = 0.82, value_name = "0..1")]
    pub one_call_share: f64,
    /// How the gradient changes the weights: muon or adamw.
    #[arg(long, default_value = "muon", value_name = "NAME")]
    pub optimizer: Optimizer,
    /// Highest learning rate.
    #[arg(long, default_value_t = 3e-4)]
    pub rate: f64,
    /// Steps over which the learning rate rises.
    #[arg(long, default_value_t = 200, value_name = "N")]
    pub warm_up: u64,
    /// Share of the old weights in each update of the averaged weights.
    #[arg(long, default_value_t = 0.998, value_name = "0..1")]
    pub averaging: f64,
    /// Pictures held out for validation.
    #[arg(long, default_value_t = 12, value_name = "N")]
    pub held_out: usize,
    /// Steps between validations.
    #[arg(long, default_value_t = 300, value_name = "N")]
    pub validate_every: u64,
    /// Seconds between checkpoints.
    #[arg(long, default_value_t = 100, value_name = "1..120")]
    pub checkpoint_s: u64,
    #[command(flatten)]
    pub machine: MachineArgs,
}

impl TrainOptionArgs {
    /// The options, checked.
    pub fn resolve(&self) -> ddrmjpeg::Result<TrainOptions> {
        let options = TrainOptions {
            network: self.model_kind,
            length: self.steps.map_or(Length::Hours(self.hours), Length::Steps),
            seed: self.seed,
            batch: self.batch,
            crop_px: self.crop,
            one_call_share: self.one_call_share,
            optimizer: self.optimizer,
            rate: self.rate,
            warm_up: self.warm_up,
            averaging: self.averaging,
            held_out: self.held_out,
            validate_every: self.validate_every,
            checkpoint_s: self.checkpoint_s,
            device: self.machine.device,
            precision: self.machine.precision,
            threads: self.machine.threads,
        };
        options.validate()?;
        Ok(options)
    }
}
