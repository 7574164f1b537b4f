//! What needs libtorch: this process becomes `ddrmjpeg-torch`, with the same arguments.
//!
//! What was typed has been read and checked here, so help and wrong usage are the same without it.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result, bail};
use ddrmjpeg::model::remote::find;

use crate::Outcome;

/// Set in the program's environment, so that two programs without libtorch do not call each other
/// for ever.
const MARK: &str = "DDRMJPEG_HANDED_OVER";

/// Does not return if the program is there. `what` needs it, in words.
pub fn all_of(what: &str) -> Result<Outcome> {
    let program = find::program().map_err(|missing| missing.for_want_of(what))?;
    if env::var_os(MARK).is_some() {
        bail!("{what} needs libtorch, and {} has none", program.display());
    }
    let error = Command::new(&program)
        .args(env::args_os().skip(1))
        .env(MARK, "1")
        .exec();
    Err(error).with_context(|| program.display().to_string())
}

/// The same where the program would only do it better: returns if it is not there.
pub fn if_there(what: &str) -> Result<()> {
    match find::program() {
        Ok(_) if env::var_os(MARK).is_none() => all_of(what).map(drop),
        _ => Ok(()),
    }
}
