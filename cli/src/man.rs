//! `ddrmjpeg man`: the man pages, made of what can be typed. `scripts/install.sh` calls it.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, CommandFactory};

use crate::Outcome;
use crate::cli::Cli;

#[derive(Debug, Args)]
pub struct ManArgs {
    /// The folder, which is created if needed.
    pub folder: PathBuf,
}

/// Writes a page of the command, and one of each subcommand.
pub fn run(arguments: &ManArgs) -> Result<Outcome> {
    let folder = &arguments.folder;
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
        .with_context(|| folder.display().to_string())?;
    Ok(Outcome::Done)
}
