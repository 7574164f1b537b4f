//! The flags of a restoration, which become [`ModelOptions`] and [`RestoreOptions`]; a test compares
//! the lists.

use clap::Args;
use ddrmjpeg::assumed_quality::AssumedQuality;
use ddrmjpeg::degradation::Degradation;
use ddrmjpeg::options::{Device, Limits, Precision, Preset, Temporal};
use ddrmjpeg::{ModelOptions, RestoreOptions};

/// What a network is computed with: of every subcommand that calls one.
#[derive(Debug, Args)]
pub struct MachineArgs {
    /// auto, cpu, cuda or cuda:N.
    #[arg(long, default_value = "auto")]
    pub device: Device,
    /// auto, f32, bf16 or int8.
    #[arg(long, default_value = "auto")]
    pub precision: Precision,
    /// CPU threads; 0 uses all.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub threads: usize,
}

impl MachineArgs {
    /// The default options of a model, on this machine.
    pub fn options(&self) -> ModelOptions {
        ModelOptions::default()
            .with_device(self.device)
            .with_precision(self.precision)
            .with_threads(self.threads)
    }
}

/// The flags that become [`ModelOptions`] and [`RestoreOptions`].
#[derive(Debug, Args)]
#[command(next_help_heading = "Restoration")]
pub struct OptionArgs {
    /// How the inputs were degraded: jpeg, or quant=Nbit for pictures with only N bits per channel.
    #[arg(
        long,
        visible_alias = "deg",
        default_value = "jpeg",
        value_name = "jpeg|quant=Nbit"
    )]
    pub degradation: Degradation,
    /// fast: one network call; quality: the mean of several draws; sample: one draw, sharper;
    /// paper: the published sampler.
    #[arg(long, default_value = "fast", value_name = "NAME")]
    pub preset: Preset,
    /// 0 gives the decoded JPEG, 1 the full restoration.
    #[arg(long, default_value_t = 1.0, value_name = "0..1")]
    pub strength: f64,
    /// Make the result re-encode to the file's own levels, and report the share that does.
    #[arg(long)]
    pub strict: bool,
    /// Leave as decoded what was quantised so little that restoring it would do harm.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, value_name = "BOOL")]
    pub identity_gate: bool,
    /// For pictures that were saved more than once: auto uses an earlier, coarser save if levels
    /// or pixels show one; off uses the last save; a quality says how coarse an earlier save was,
    /// which is not always seen where the picture was cut or scaled since.
    #[arg(long, default_value = "auto", value_name = "auto|off|1..100")]
    pub assume_quality: AssumedQuality,
    /// The same seed gives the same pixels.
    #[arg(long, default_value_t = 1234)]
    pub seed: u64,
    /// lean or nano (embedded; nano is the small one, for moving pictures), identity, a config
    /// (.yml) with its checkpoints under exp/logs, or a checkpoint. Default: lean, or what --config
    /// describes.
    #[arg(long, value_name = "NAME|FILE")]
    pub model: Option<String>,
    /// The published config that describes the checkpoint given as --model; without --model, the
    /// model itself. lean, nano and identity have none.
    #[arg(long, value_name = "YML")]
    pub config: Option<String>,
    /// The class for a class-conditional model.
    #[arg(long, value_name = "N")]
    pub class: Option<usize>,
    #[command(flatten)]
    pub machine: MachineArgs,
    /// Denoising steps instead of the preset's.
    #[arg(long, value_name = "1..1000")]
    pub steps: Option<usize>,
    /// Draws to average instead of the preset's.
    #[arg(long, value_name = "1..64")]
    pub samples: Option<usize>,
    /// With --preset paper: share of fresh noise.
    #[arg(long, default_value_t = 1.0, value_name = "0..1")]
    pub eta: f64,
    /// With --preset paper: share of the measurement step.
    #[arg(long, default_value_t = 0.4, value_name = "0..1")]
    pub eta_b: f64,
    /// With --preset paper: the first timestep, of 1000.
    #[arg(long, default_value_t = 300, value_name = "1..1000")]
    pub init_timestep: usize,
    /// How a stream uses earlier frames: off, reuse or accumulate. Files are always restored one by
    /// one.
    #[arg(long, default_value = "reuse", value_name = "NAME")]
    pub temporal: Temporal,
    /// Side of a tile in pixels; 0 chooses from the size of the picture.
    #[arg(long, default_value_t = 0, value_name = "PX")]
    pub tile_size: usize,
    /// Most tiles of one size in one network call; 0: 1 on a CPU, 8 on CUDA.
    #[arg(long, default_value_t = 0, value_name = "0..64")]
    pub max_batch: usize,
    /// How many milliseconds a tile waits at most for others to join it.
    #[arg(long = "max-delay", default_value_t = 2.0, value_name = "MS")]
    pub max_delay_ms: f64,
    /// Most megapixels of an input; by default as many as fit in free memory.
    #[arg(long, value_name = "N")]
    pub max_megapixels: Option<usize>,
}

impl OptionArgs {
    /// The options, checked: of the model, and of each picture.
    pub fn resolve(&self) -> ddrmjpeg::Result<(ModelOptions, RestoreOptions)> {
        let (model, restore) = (self.of_model(), self.of_pictures());
        model.validate()?;
        restore.validate()?;
        Ok((model, restore))
    }

    fn of_model(&self) -> ModelOptions {
        self.machine
            .options()
            .with_model(self.model.clone())
            .with_config(self.config.clone())
            .with_class(self.class)
            .with_max_batch(self.max_batch)
            .with_max_delay_ms(self.max_delay_ms)
    }

    fn of_pictures(&self) -> RestoreOptions {
        let pixels = self.max_megapixels.map(|n| n.saturating_mul(1_000_000));
        RestoreOptions::default()
            .with_degradation(self.degradation)
            .with_preset(self.preset)
            .with_strength(self.strength)
            .with_strict(self.strict)
            .with_identity_gate(self.identity_gate)
            .with_assume_quality(self.assume_quality)
            .with_seed(self.seed)
            .with_steps(self.steps)
            .with_samples(self.samples)
            .with_eta(self.eta)
            .with_eta_b(self.eta_b)
            .with_init_timestep(self.init_timestep)
            .with_temporal(self.temporal)
            .with_tile_size(self.tile_size)
            .with_limits(Limits::default().with_pixels(pixels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::{CommandFactory, Parser};

    /// The names of the fields that `text` shows, which is what `Debug` makes of options.
    fn fields(text: &str) -> Vec<String> {
        let fields = text.split(['{', ',']);
        let names = fields.filter_map(|part| Some(part.split_once(':')?.0.trim().to_owned()));
        // What follows them is inside the limits.
        names.take_while(|name| name != "limits").collect()
    }

    /// Every field of both structs except `limits` has a flag of the same name, without the unit at
    /// its end.
    #[test]
    fn flags_and_options_are_the_same_list() {
        let of_model = fields(&format!("{:?}", ModelOptions::default()));
        let of_pictures = fields(&format!("{:?}", RestoreOptions::default()));
        assert_eq!((of_model.len(), of_pictures.len()), (8, 14));
        let cli = Cli::command();
        let restore = cli.find_subcommand("restore").unwrap();
        for name in of_model.iter().chain(&of_pictures) {
            let flag = name.trim_end_matches("_ms").replace('_', "-");
            assert!(
                restore.get_arguments().any(|a| a.get_long() == Some(&flag)),
                "no flag --{flag}"
            );
        }
    }

    #[test]
    fn defaults_agree() {
        let cli = Cli::parse_from(["ddrmjpeg", "restore", "a.jpg", "-o", "a.png"]);
        let Command::Restore(arguments) = cli.command else {
            unreachable!("restore was typed");
        };
        let defaults = (ModelOptions::default(), RestoreOptions::default());
        assert_eq!(arguments.how.options.resolve().unwrap(), defaults);
    }
}
