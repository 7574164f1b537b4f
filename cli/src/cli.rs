//! What can be typed: the subcommands. The arguments of each stand beside it.

use clap::{Parser, Subcommand};

use crate::bench::BenchArgs;
use crate::compare::CompareArgs;
use crate::completions::CompletionsArgs;
use crate::eval::arguments::EvalArgs;
use crate::inspect::InspectArgs;
use crate::man::ManArgs;
use crate::model::args::ModelArgs;
use crate::restore::arguments::RestoreArgs;
use crate::sample::arguments::SampleArgs;
use crate::train::arguments::TrainArgs;
use crate::watch::WatchArgs;

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
    /// Restore what comes into a folder, until it is stopped.
    Watch(WatchArgs),
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
    /// Print the completions of a shell: bash, zsh, fish, elvish or powershell.
    Completions(CompletionsArgs),
    /// Write man pages to a folder.
    #[command(hide = true)]
    Man(ManArgs),
    /// Open a model for another process, and answer its questions on standard input and output.
    #[cfg(feature = "torch")]
    #[command(hide = true)]
    Backend,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

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
    fn the_parser_is_consistent() {
        Cli::command().debug_assert();
    }
}
