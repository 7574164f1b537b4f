//! What can be typed after `ddrmjpeg model`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use ddrmjpeg::model::catalog::EXPERIMENTS;
use ddrmjpeg::model::checkpoint::StoreAs;

#[derive(Debug, Args)]
pub struct ModelArgs {
    #[command(subcommand)]
    pub command: ModelCommand,
}

#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// List the models of the catalogue, and which of them are on this machine.
    List(ListArgs),
    /// Show what a model is made of, and which config it fits.
    Info(InfoArgs),
    /// Download models of the catalogue; resumes interrupted downloads and checks what arrives.
    Fetch(FetchArgs),
    /// Write a checkpoint of any container as safetensors.
    Convert(ConvertArgs),
    /// Write lean, nano or a network of your own as ONNX, for other runtimes.
    Export(ExportArgs),
    /// Read every tensor, and compare names and shapes with those of the network.
    Verify(VerifyArgs),
    /// Measure how far a prior's estimates are off, and store that with its weights: samplers use
    /// it to decide how far to trust them.
    Calibrate(CalibrateArgs),
}

/// Where models are stored.
#[derive(Debug, Args)]
pub struct Place {
    /// Folder of experiments: models are below its logs/, as in the published program.
    #[arg(long = "into", visible_alias = "exp", value_name = "DIR", default_value = EXPERIMENTS)]
    pub experiments: PathBuf,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON object per model.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct InfoArgs {
    /// Names from the catalogue, or checkpoint files.
    #[arg(required = true, value_name = "NAME|FILE")]
    pub models: Vec<String>,
    /// Also list every tensor.
    #[arg(long)]
    pub tensors: bool,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON object per model.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct FetchArgs {
    /// Names from the catalogue.
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub place: Place,
    /// Fetch from this address, a mirror, instead of the publisher's. Size and digest must still be
    /// those of the catalogue. For one NAME.
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Print one JSON object per model.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ConvertArgs {
    /// A name from the catalogue, or a checkpoint file.
    #[arg(value_name = "NAME|FILE")]
    pub input: String,
    /// The file to write; it must end in .safetensors.
    #[arg(value_name = "OUT.safetensors")]
    pub output: PathBuf,
    /// Type of the elements. A value that does not fit is an error.
    #[arg(long, value_enum, default_value_t)]
    pub dtype: Dtype,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// lean, nano, or a checkpoint of their kind.
    #[arg(value_name = "NAME|FILE")]
    pub input: String,
    /// The file to write; it must end in .onnx.
    #[arg(long, value_name = "OUT.onnx")]
    pub onnx: PathBuf,
    /// Put the tables and the sampling of this JPEG into the graph, which then has no inputs for
    /// them: for programs that give a network pictures and nothing else.
    #[arg(long, value_name = "FILE.jpg")]
    pub tables_of: Option<PathBuf>,
    /// Write the whole denoiser, with inputs for the noisy picture and σ, instead of the one call
    /// of the preset fast.
    #[arg(long)]
    pub with_noise: bool,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Names from the catalogue, or checkpoint files.
    #[arg(required = true, value_name = "NAME|FILE")]
    pub models: Vec<String>,
    /// The network it must be: a published YAML file, or the name of one that is built in. Without
    /// it, models of the catalogue are compared with their own config.
    #[arg(long, value_name = "FILE|NAME")]
    pub config: Option<String>,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON object per model.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct CalibrateArgs {
    /// A checkpoint of this project's own networks (.safetensors).
    #[arg(value_name = "FILE")]
    pub model: PathBuf,
    /// Folder of clean pictures (png, tif, webp, ppm).
    #[arg(long, value_name = "DIR")]
    pub pictures: PathBuf,
    /// The file to write, .safetensors; it may be FILE.
    #[arg(long, value_name = "OUT.safetensors")]
    pub out: PathBuf,
    /// Use only the first pictures, sorted by name.
    #[arg(long, value_name = "N")]
    pub first: Option<usize>,
    /// Side in pixels of the square used from the middle of each picture; a multiple of 16.
    #[arg(long, value_name = "PX", default_value_t = 256, value_parser = clap::value_parser!(u32).range(64..=4096))]
    pub side: u32,
    /// The same seed gives the same noise.
    #[arg(long, default_value_t = 1234)]
    pub seed: u64,
}

/// Element types that can be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Dtype {
    /// As they are.
    #[default]
    Keep,
    /// IEEE half precision.
    F16,
    /// bfloat16.
    Bf16,
    /// IEEE single precision.
    F32,
}

impl From<Dtype> for StoreAs {
    fn from(dtype: Dtype) -> Self {
        match dtype {
            Dtype::Keep => Self::Keep,
            Dtype::F16 => Self::F16,
            Dtype::Bf16 => Self::Bf16,
            Dtype::F32 => Self::F32,
        }
    }
}
