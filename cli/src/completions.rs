//! What an installation has beside the program: completions of a shell, and man pages. Both are
//! made of what can be typed, so neither can be older than the program.

use std::io;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::Outcome;
use crate::cli::Cli;

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    pub shell: Shell,
}

#[derive(Debug, Args)]
pub struct ManArgs {
    /// The folder, which is created if needed.
    pub folder: PathBuf,
}

/// Prints the completions.
pub fn completions(arguments: &CompletionsArgs) -> Result<Outcome> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(arguments.shell, &mut command, name, &mut io::stdout());
    Ok(Outcome::Done)
}

/// Writes a man page of the command, and one of each subcommand.
pub fn man(arguments: &ManArgs) -> Result<Outcome> {
    let folder = &arguments.folder;
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
        .with_context(|| folder.display().to_string())?;
    Ok(Outcome::Done)
}
