//! The command `ddrmjpeg`: restores, inspects, compares and evaluates pictures, benchmarks, trains
//! and manages models, and repeats the published experiment.
//!
//! Uses only the public API of the library. `cli` says what can be typed; one module per subcommand
//! does it; this one turns the outcome into an exit status: 0 for success, 1 if something failed, 2
//! for wrong usage. Two executables are made of it, with libtorch and without.

#[cfg(feature = "torch")]
mod backend;
mod bench;
mod cli;
mod compare;
mod completions;
mod eval;
#[cfg(not(feature = "torch"))]
mod hand_over;
mod heap;
mod inspect;
mod io;
mod man;
mod message;
mod model;
mod options;
mod page;
mod restore;
mod sample;
mod screen;
mod stdout;
mod train;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

/// How a subcommand ended, if it could be carried out.
pub enum Outcome {
    /// Everything was done.
    Done,
    /// Some inputs failed; each has been reported.
    Partly,
}

/// Does what was typed.
pub fn main() -> ExitCode {
    heap::keep();
    stdout::end_on_closed_pipes();
    let outcome = match Cli::parse().command {
        Command::Restore(arguments) => restore::run(&arguments),
        Command::Watch(arguments) => watch::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Eval(arguments) => eval::run(&arguments),
        Command::Sample(arguments) => sample::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
        Command::Model(arguments) => model::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
        #[cfg(feature = "torch")]
        Command::Backend => backend::run(),
    };
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Partly) => ExitCode::from(1),
        Err(error) => {
            eprintln!("ddrmjpeg: {}", message::of(&error));
            ExitCode::from(2)
        }
    }
}
