//! A prior in another process: `ddrmjpeg-torch`, which has libtorch, opens it and answers.
//!
//! So neither the command nor the plugin loads libtorch: its OpenMP runtime and its oneDNN would
//! share their process, and a crash or want of memory in CUDA would end it. `find` looks for the
//! program, `client` asks it, `server` is its side; `protocol` and `messages` are what passes
//! between them. Called by `open` and `registry` in builds without torch, and by the command.

mod client;
pub mod find;
mod link;
mod messages;
mod protocol;
pub mod server;
mod wire;

use std::path::Path;
use std::sync::Arc;

use crate::contract::Denoiser;
use crate::error::{Error, Result};
use crate::options::ModelOptions;

/// The hidden subcommand by which the program is asked to answer on its standard input and output.
pub const SUBCOMMAND: &str = "backend";

/// The device file that a CUDA driver makes.
const CUDA_DRIVER: &str = "/dev/nvidiactl";

/// The prior that `options` name, opened by the program that has libtorch. `what` needs it, in words.
///
/// # Errors
/// [`Error::Unsupported`] where the program is not found, [`Error::Backend`] where it is of another
/// version, ends or speaks nonsense, and the errors of opening the model there.
pub fn open(what: &str, options: &ModelOptions) -> Result<Arc<dyn Denoiser>> {
    let program = find::program().map_err(|missing| missing.for_want_of(what))?;
    open_by(&program, options)
}

/// The same by a program whose place is known.
///
/// # Errors
/// As [`open`].
pub fn open_by(program: &Path, options: &ModelOptions) -> Result<Arc<dyn Denoiser>> {
    Ok(Arc::new(client::Remote::start(program, options)?))
}

/// Whether it is worth while to ask for CUDA: there is a driver, and the program to use it.
pub fn may_have_cuda() -> bool {
    Path::new(CUDA_DRIVER).exists() && find::program().is_ok()
}

impl find::Missing {
    /// The error of somebody who needs the program for `what`.
    pub fn for_want_of(&self, what: &str) -> Error {
        Error::Unsupported(format!("{what}: {self}"))
    }
}
