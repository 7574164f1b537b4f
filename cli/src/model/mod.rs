//! `ddrmjpeg model`: lists, fetches, inspects, converts, exports, verifies and calibrates models.
//!
//! One file per subcommand; this one dispatches.

pub mod args;
mod bar;
mod calibrate;
mod convert;
mod export;
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
        ModelCommand::Info(arguments) => {
            know_networks("model info")?;
            info::run(arguments)
        }
        ModelCommand::Fetch(arguments) => {
            know_networks("model fetch")?;
            fetch::run(arguments)
        }
        ModelCommand::Convert(arguments) => convert::run(arguments),
        ModelCommand::Export(arguments) => export::run(arguments),
        ModelCommand::Verify(arguments) => {
            know_networks("model verify")?;
            verify::run(arguments)
        }
        ModelCommand::Calibrate(arguments) => calibrate::run(arguments),
    }
}

/// Only the program with libtorch knows the tensors of published networks. Without it the rest of
/// the work is done.
#[cfg(not(feature = "torch"))]
fn know_networks(what: &str) -> Result<()> {
    crate::hand_over::if_there(what)
}

#[cfg(feature = "torch")]
fn know_networks(_: &str) -> Result<()> {
    Ok(())
}
