//! `ddrmjpeg model`: lists, fetches, inspects, converts, verifies and calibrates models.
//!
//! One file per subcommand; this one dispatches.

pub mod args;
mod bar;
mod calibrate;
mod convert;
mod fetch;
mod info;
mod list;
mod subject;
mod verify;

use anyhow::Result;

use crate::Outcome;
use crate::model::args::{ModelArgs, ModelCommand};

/// Runs the subcommand that was typed.
pub fn run(arguments: &ModelArgs) -> Result<Outcome> {
    match &arguments.command {
        ModelCommand::List(arguments) => list::run(arguments),
        ModelCommand::Info(arguments) => info::run(arguments),
        ModelCommand::Fetch(arguments) => fetch::run(arguments),
        ModelCommand::Convert(arguments) => convert::run(arguments),
        ModelCommand::Verify(arguments) => verify::run(arguments),
        ModelCommand::Calibrate(arguments) => calibrate::run(arguments),
    }
}
