//! `ddrmjpeg-torch backend`: the library's server on standard input and output.
//!
//! Started by the library where a model needs libtorch. Ends with its input, whatever is being
//! computed: the process that asked has ended too, or has no use for it any more.

use std::fs::File;
use std::io::{BufReader, stderr, stdin, stdout};
use std::os::fd::{AsFd, AsRawFd};

use anyhow::{Context, Result};
use ddrmjpeg::model::open;
use ddrmjpeg::model::remote::server;

use crate::{Outcome, message};

/// Bytes that are read at once.
const BUFFER: usize = 256 * 1024;

/// Serves, and does not return.
pub fn run() -> Result<Outcome> {
    let from = File::from(
        stdin()
            .as_fd()
            .try_clone_to_owned()
            .context("standard input")?,
    );
    let to = File::from(
        stdout()
            .as_fd()
            .try_clone_to_owned()
            .context("standard output")?,
    );
    // What libraries print must not get between the answers.
    // SAFETY: both are open, and dup2 replaces one of them at once.
    let moved = unsafe { libc::dup2(stderr().as_raw_fd(), stdout().as_raw_fd()) };
    if moved < 0 {
        return Err(std::io::Error::last_os_error()).context("standard output");
    }
    let mut from = BufReader::with_capacity(BUFFER, from);
    let served = server::serve(&mut from, to, open::open);
    let status = match served {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("ddrmjpeg-torch: {}", message::of(&error.into()));
            2
        }
    };
    // Without what runs at exit, which would wait for the network.
    // SAFETY: nothing of this process is used after it.
    unsafe { libc::_exit(status) }
}
