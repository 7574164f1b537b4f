//! `ddrmjpeg completions`: what a shell needs to complete the command's words. Made of what can be
//! typed, so it is never older than the program.

use std::io;

use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::Outcome;
use crate::cli::Cli;

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    pub shell: Shell,
}

/// Prints the completions.
pub fn run(arguments: &CompletionsArgs) -> Result<Outcome> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(arguments.shell, &mut command, name, &mut io::stdout());
    Ok(Outcome::Done)
}
