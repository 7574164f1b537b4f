//! What can be typed after `ddrmjpeg sample`: the options of the published `main.py`, with its
//! spelling and defaults, then those of this project.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use ddrmjpeg::options::Preset;
use ddrmjpeg::{Error, ModelOptions, RestoreOptions};
use ddrmjpeg_lab::experiment::Operator;

use crate::options::MachineArgs;

#[derive(Debug, Args)]
#[command(infer_long_args = true)]
pub struct SampleArgs {
    /// Config file: a path, or a name in configs/ (this project's own are built in).
    #[arg(long, value_name = "YML")]
    pub config: String,
    /// Random seed.
    #[arg(long, default_value_t = 1234)]
    pub seed: u64,
    /// Folder with datasets/, logs/ and image_samples/.
    #[arg(long, default_value = "exp", value_name = "FOLDER")]
    pub exp: PathBuf,
    /// Name of the folder under <exp>/logs that the log file is written to.
    #[arg(long)]
    pub doc: String,
    /// A remark for the log.
    #[arg(long, default_value = "")]
    pub comment: String,
    /// What is logged: debug, info, warning or critical.
    #[arg(long, default_value = "info", value_name = "LEVEL")]
    pub verbose: Level,
    /// Accepted and without effect, as in the published program.
    #[arg(long)]
    pub sample: bool,
    /// Folder under <exp>/image_samples for the results.
    #[arg(short = 'i', long = "image_folder", default_value = "images")]
    pub image_folder: PathBuf,
    /// No interaction: results of an earlier run are overwritten without asking.
    #[arg(long)]
    pub ni: bool,
    /// Number of steps.
    #[arg(long, default_value_t = 20)]
    pub timesteps: usize,
    /// Degradation: jpegXX for quality XX, quant, or quant=Nbit.
    #[arg(long)]
    pub deg: Operator,
    /// Samples to average for each picture.
    #[arg(long = "num_avg_samples", default_value_t = 1)]
    pub num_avg_samples: usize,
    /// Eta: share of fresh noise.
    #[arg(long, default_value_t = 1.0)]
    pub eta: f64,
    /// Eta_b: share of the measurement step.
    #[arg(long = "etaB", default_value_t = 0.4)]
    pub eta_b: f64,
    /// First picture; -1 for all.
    #[arg(long = "subset_start", default_value_t = -1, allow_hyphen_values = true)]
    pub subset_start: i64,
    /// The picture after the last.
    #[arg(long = "subset_end", default_value_t = -1, allow_hyphen_values = true)]
    pub subset_end: i64,
    /// First timestep.
    #[arg(long = "init_timestep", default_value_t = 300)]
    pub init_timestep: usize,
    #[command(flatten)]
    pub own: OwnArgs,
}

/// RestoreOptions that the published program does not have.
#[derive(Debug, Args)]
#[command(next_help_heading = "Not in the published program")]
pub struct OwnArgs {
    /// Continue an interrupted run: pictures whose results exist are counted, not computed.
    #[arg(long)]
    pub resume: bool,
    /// The network's checkpoint, instead of its published place under <exp>/logs.
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// The classifier's checkpoint, to go with --weights.
    #[arg(long, value_name = "FILE", requires = "weights")]
    pub classifier: Option<PathBuf>,
    /// How to restore: paper is the published sampler; timesteps, eta, etaB and init_timestep apply
    /// to it only.
    #[arg(long, default_value = "paper", value_name = "NAME")]
    pub preset: Preset,
    #[command(flatten)]
    pub machine: MachineArgs,
}

/// How serious a line is, by the names of Python's `logging`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For finding errors.
    Debug,
    /// What is being done.
    Info,
    /// What may be wrong.
    Warning,
    /// What failed.
    Error,
    /// What ends the run.
    Critical,
}

impl Level {
    const ALL: [(&'static str, Self); 5] = [
        ("DEBUG", Self::Debug),
        ("INFO", Self::Info),
        ("WARNING", Self::Warning),
        ("ERROR", Self::Error),
        ("CRITICAL", Self::Critical),
    ];

    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, level)| *level == self);
        found.map_or("", |(name, _)| name)
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text));
        found.map(|(_, level)| *level).ok_or_else(|| {
            format!("level {text} not supported: must be debug, info, warning, error or critical")
        })
    }
}

impl SampleArgs {
    /// The options of the model and of the restoration, checked. The numbers of steps and samples
    /// apply to the published sampler; other presets use their own.
    ///
    /// The published program crashes if there are more steps than timesteps; here each timestep
    /// then gets one step.
    pub fn options(&self) -> Result<(ModelOptions, RestoreOptions), Error> {
        let model = self.own.machine.options();
        let paper = self.own.preset == Preset::Paper;
        let options = RestoreOptions::default()
            .with_preset(self.own.preset)
            .with_seed(self.seed)
            .with_steps(paper.then_some(self.timesteps))
            .with_samples(paper.then_some(self.num_avg_samples))
            .with_eta(self.eta)
            .with_eta_b(self.eta_b)
            .with_init_timestep(self.init_timestep);
        model.validate()?;
        options.validate()?;
        Ok((model, options))
    }

    /// The ids that were asked for, of a set of `count` pictures.
    pub fn subset(&self, count: usize) -> Result<std::ops::Range<usize>, Error> {
        if self.subset_start < 0 || self.subset_end <= 0 {
            return Ok(0..count);
        }
        let (start, end) = (self.subset_start as usize, self.subset_end as usize);
        if start >= end || end > count {
            return Err(Error::options(format!(
                "subset_start = {start}, subset_end = {end}: must be in order and at most {count}"
            )));
        }
        Ok(start..end)
    }

    /// What results depend on, in one line: a run is resumed only if it is the same.
    pub fn signature(&self) -> String {
        format!(
            "config={} deg={:?} seed={} preset={} timesteps={} num_avg_samples={} eta={} etaB={} \
             init_timestep={} weights={:?} classifier={:?} precision={}",
            self.config,
            self.deg,
            self.seed,
            self.own.preset,
            self.timesteps,
            self.num_avg_samples,
            self.eta,
            self.eta_b,
            self.init_timestep,
            self.own.weights,
            self.own.classifier,
            self.own.machine.precision
        )
    }
}
