//! Fetches one large file over HTTP: resumes interrupted downloads, checks the file, and moves it
//! into place once it is complete.
//!
//! While it is incomplete it is `NAME.part` next to its target, and `NAME.part.from` says where it
//! comes from; neither is ever mistaken for the file. Nothing is printed: a [`Watch`] reports and
//! cancels. The caller, `ddrmjpeg model fetch`, decides what to fetch from where.

mod client;
mod digest;
mod part;
mod transfer;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::model::catalog::Hash;
use crate::model::fetch::part::Part;

pub use crate::model::fetch::digest::digest;

/// What to fetch.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// `https://…` or `http://…`. From https no redirect leads to http.
    pub url: &'a str,
    /// The target path. Missing folders are created.
    pub target: &'a Path,
    /// Its size in bytes, if it is known beforehand.
    pub size: Option<u64>,
    /// Its digest, if one is known.
    pub hash: Option<&'a Hash>,
    /// A last check of the complete file before it is moved into place.
    pub check: Option<&'a Check>,
}

/// Checks a file; returns [`Error::Checkpoint`] if it is not the right one.
pub type Check = dyn Fn(&Path) -> Result<()>;

/// Timeouts, retries and limits of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Time to connect, including TLS.
    pub connect: Duration,
    /// Time until the server must respond, and within which more bytes must arrive.
    pub stall: Duration,
    /// Attempts after the first; the count restarts after one that brought [`PROGRESS_BYTES`].
    pub retries: u32,
    /// Pause before the first of them; it doubles, up to 30 s.
    pub pause: Duration,
    /// A file larger than this is refused, whatever the server says.
    pub most_bytes: u64,
}

/// An attempt that brought this many bytes counts as progress.
pub const PROGRESS_BYTES: u64 = 1 << 20;

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            stall: Duration::from_secs(60),
            retries: 4,
            pause: Duration::from_secs(1),
            most_bytes: 16 << 30,
        }
    }
}

/// What happens during a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The file exists, but is not the right one; it is kept until its replacement is complete.
    Stale(&'a str),
    /// Earlier bytes cannot be used, and are fetched again.
    Restarted(&'a str),
    /// `done` bytes are there, of `total` if the server says.
    Received {
        /// Bytes so far, including those of earlier attempts.
        done: u64,
        /// Bytes in all.
        total: Option<u64>,
    },
    /// The connection broke; the next attempt follows after `pause`.
    Broken {
        /// What happened.
        why: &'a str,
        /// Until the next attempt.
        pause: Duration,
    },
    /// `done` of `total` bytes are read again for the digest.
    Verifying {
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
}

/// Reports progress and cancels. A cancelled fetch stops after the current bytes or, if the server
/// is silent, after [`Settings::stall`].
#[derive(Clone, Copy, Default)]
pub struct Watch<'a> {
    /// If true, the fetch stops with [`Error::Cancelled`] and keeps its bytes.
    pub cancel: Option<&'a AtomicBool>,
    /// Called for each event.
    pub report: Option<&'a dyn Fn(Event<'_>)>,
}

impl Watch<'_> {
    /// Reports `event`, and returns an error if the fetch is cancelled.
    fn tell(&self, event: Event<'_>) -> Result<()> {
        if let Some(report) = self.report {
            report(event);
        }
        self.cancelled()
    }

    fn cancelled(&self) -> Result<()> {
        match self.cancel {
            Some(flag) if flag.load(Ordering::Relaxed) => Err(Error::Cancelled),
            _ => Ok(()),
        }
    }
}

/// How a fetch succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The right file was already there.
    Present,
    /// It has been fetched.
    Now {
        /// Its bytes.
        bytes: u64,
        /// How many of them were left from an earlier run.
        resumed: u64,
    },
}

/// Fetches `request`, unless the right file is already there.
///
/// # Errors
/// [`Error::Io`] naming the URL, if the server refuses or the connection keeps breaking, or naming
/// a file that cannot be written, for example because the disk is full. What was received is kept,
/// and the next call resumes there. [`Error::Checkpoint`] if the complete file has the wrong size
/// or digest; it is then deleted. [`Error::Limits`] for a file that is too large,
/// [`Error::Options`] for an invalid URL, [`Error::Cancelled`].
pub fn fetch(request: &Request<'_>, settings: &Settings, watch: Watch<'_>) -> Result<Fetched> {
    let target = request.target;
    if let Ok(found) = std::fs::metadata(target) {
        if !found.is_file() {
            let why =
                std::io::Error::new(std::io::ErrorKind::AlreadyExists, "is there, and no file");
            return Err(Error::io(target, why));
        }
        match verify(request, target, watch) {
            Ok(()) => return Ok(Fetched::Present),
            Err(Error::Checkpoint(why)) => watch.tell(Event::Stale(&why))?,
            Err(other) => return Err(other),
        }
    }
    let mut part = Part::open(target)?;
    if let Err(error) = transfer::transfer(request, settings, watch, &mut part) {
        if part.len() == 0 {
            part.discard();
        }
        return Err(error);
    }
    match verify(request, part.path(), watch) {
        Ok(()) => {}
        Err(Error::Checkpoint(why)) => {
            part.discard();
            return Err(Error::Checkpoint(format!("{why}; the download is deleted")));
        }
        Err(other) => return Err(other),
    }
    let (bytes, resumed) = (part.len(), part.inherited());
    part.keep_as(target)?;
    Ok(Fetched::Now { bytes, resumed })
}

/// Checks whether `path` is what `request` asks for. The caller's `check` comes last.
fn verify(request: &Request<'_>, path: &Path, watch: Watch<'_>) -> Result<()> {
    let bad = |fault: String| Error::Checkpoint(format!("{}: {fault}", path.display()));
    let found = std::fs::metadata(path).map_err(|e| Error::io(path, e))?;
    if let Some(size) = request.size.filter(|&size| size != found.len()) {
        return Err(bad(format!("has {} bytes, wanted {size}", found.len())));
    }
    if let Some(wanted) = request.hash {
        let found = digest(path, wanted.algorithm, watch)?;
        if found != *wanted {
            return Err(bad(format!("has {found}, wanted {wanted}")));
        }
    }
    request.check.map_or(Ok(()), |check| check(path))
}
