//! What can be typed. Restoration flags become [`ModelOptions`] and [`RestoreOptions`]; a test
//! compares the lists.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};
use ddrmjpeg::assumed_quality::AssumedQuality;
use ddrmjpeg::degradation::Degradation;
use ddrmjpeg::options::{Device, Limits, Precision, Preset, Temporal};
use ddrmjpeg::{ModelOptions, RestoreOptions};

use crate::bench::BenchArgs;
use crate::eval::arguments::EvalArgs;
use crate::io::carry::Orient;
use crate::io::format::Format;
use crate::io::picture::samples::Depth;
use crate::model::args::ModelArgs;
use crate::sample::arguments::SampleArgs;
use crate::train::arguments::TrainArgs;

/// JPEG restoration by diffusion, consistent with what the file really says.
#[derive(Debug, Parser)]
#[command(name = "ddrmjpeg", version, about)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Restore JPEG files, or banded pictures, to PNG, TIFF, WebP, PPM or a better JPEG.
    Restore(RestoreArgs),
    /// Show what JPEG files say: size, sampling, tables, nearest quality.
    Inspect(InspectArgs),
    /// Print the PSNR of pictures against a reference.
    Compare(CompareArgs),
    /// Encode clean pictures, restore them, and table the gain.
    Eval(EvalArgs),
    /// Measure what networks, stages and presets cost on this machine.
    Bench(BenchArgs),
    /// The published experiment, option for option: degrade a data set, restore it, measure.
    Sample(SampleArgs),
    /// Train a prior on folders of clean pictures, from nothing or from another.
    Train(TrainArgs),
    /// List, fetch, inspect, convert and verify models.
    Model(ModelArgs),
    /// Open a model for another process, and answer its questions on standard input and output.
    #[cfg(feature = "torch")]
    #[command(hide = true)]
    Backend,
}

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// JPEG files (with --deg quant=Nbit: PNG, TIFF, WebP, PPM), folders of them, or - for
    /// standard input.
    #[arg(required = true, value_name = "IN")]
    pub inputs: Vec<PathBuf>,
    /// Output file for one input: the extension chooses png, tif, webp, ppm, pgm, pnm, pam, pfm, y4m,
    /// rgb, yuv or jpg. Or a folder, or - for standard output: PNG there, JPEG with --out-quality or
    /// --tables.
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
    /// The format of the output, by its extension: for standard output, for a folder, or for a file
    /// with another extension. y4m, rgb and yuv take several inputs of one size on standard output.
    #[arg(long, value_name = "NAME", value_parser = Format::named)]
    pub format: Option<Format>,
    /// How exact the samples are: 16 for PNG, TIFF, PNM, PAM, Y4M and raw samples, f32 for TIFF, PFM
    /// and raw RGB. 8 is what is written without it, but for PFM.
    #[arg(long, value_name = "8|16|f32", hide_possible_values = true)]
    pub depth: Option<Depth>,
    /// Write JPEG of that quality, without chroma subsampling. auto, the default for -o OUT.jpg:
    /// the highest whose file is at most half again as large as the input.
    #[arg(long, value_name = "auto|1..100", conflicts_with = "tables")]
    pub out_quality: Option<OutQuality>,
    /// Write JPEG with these tables. source: those of the input; the result then has mostly the
    /// same levels and looks like the input, for programs that work on exact levels. A number: as
    /// --out-quality.
    #[arg(long, value_name = "source|1..100")]
    pub tables: Option<OutTables>,
    /// What to do with the orientation in EXIF. By default the pixels are turned, except for JPEG
    /// output, which keeps the tag.
    #[arg(long, value_name = "apply|keep", hide_possible_values = true)]
    pub orient: Option<Orient>,
    /// Skip inputs whose output already exists.
    #[arg(long, conflicts_with = "overwrite")]
    pub resume: bool,
    /// Replace files that exist in the output folder, and inputs that are their own outputs.
    #[arg(long)]
    pub overwrite: bool,
    /// Write the input as decoded and the restored picture side by side, for comparison.
    #[arg(long)]
    pub compare: bool,
    /// Do not copy EXIF, ICC, XMP and other metadata.
    #[arg(long)]
    pub strip: bool,
    /// The inputs are PNG, TIFF, WebP or PPM that once were JPEG: find grid, tables and sampling
    /// from the pixels. Inputs that show none fail.
    #[arg(long)]
    pub was_jpeg: bool,
    /// Print one JSON object per input on standard output.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub options: OptionArgs,
}

/// The quality of a JPEG that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutQuality {
    /// Chosen by the size of the input.
    Auto,
    /// libjpeg's tables of this quality.
    Fixed(u8),
}

impl FromStr for OutQuality {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("auto", _) => Ok(Self::Auto),
            (_, Ok(quality @ 1..=100)) => Ok(Self::Fixed(quality)),
            _ => Err(format!("{text}: must be auto or a quality of 1..100")),
        }
    }
}

/// The tables of a JPEG that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutTables {
    /// The input's tables and its sampling.
    Source,
    /// libjpeg's of this quality.
    Quality(u8),
}

impl FromStr for OutTables {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("source", _) => Ok(Self::Source),
            (_, Ok(quality @ 1..=100)) => Ok(Self::Quality(quality)),
            _ => Err(format!("{text}: must be source or a quality of 1..100")),
        }
    }
}

#[derive(Debug, Args)]
pub struct InspectArgs {
    /// JPEG files.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print one JSON object per file.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct CompareArgs {
    /// A picture, or a folder of them.
    pub reference: PathBuf,
    /// Pictures of the same size, JPEGs too, or folders with pictures of the same names.
    #[arg(required = true, value_name = "PICTURE")]
    pub pictures: Vec<PathBuf>,
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
    /// For pictures that were saved more than once: auto uses an earlier, coarser save if the
    /// levels show one; off uses the last save; a quality says how coarse a save on another grid or
    /// at another size was, which the levels cannot show.
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
    /// auto, cpu, cuda or cuda:N.
    #[arg(long, default_value = "auto")]
    pub device: Device,
    /// auto, f32, bf16 or int8.
    #[arg(long, default_value = "auto")]
    pub precision: Precision,
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
    /// CPU threads; 0 uses all.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub threads: usize,
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
        ModelOptions::default()
            .with_model(self.model.clone())
            .with_config(self.config.clone())
            .with_class(self.class)
            .with_device(self.device)
            .with_precision(self.precision)
            .with_threads(self.threads)
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
    use clap::CommandFactory;

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

    /// The command's own name, not its package's.
    #[test]
    fn the_version_names_the_command() {
        let version = Cli::command().render_version();
        assert_eq!(
            version,
            concat!("ddrmjpeg ", env!("CARGO_PKG_VERSION"), "\n")
        );
    }

    #[test]
    fn defaults_agree() {
        let cli = Cli::parse_from(["ddrmjpeg", "restore", "a.jpg", "-o", "a.png"]);
        let Command::Restore(arguments) = cli.command else {
            unreachable!("restore was typed");
        };
        let defaults = (ModelOptions::default(), RestoreOptions::default());
        assert_eq!(arguments.options.resolve().unwrap(), defaults);
    }

    #[test]
    fn the_parser_is_consistent() {
        Cli::command().debug_assert();
    }
}
