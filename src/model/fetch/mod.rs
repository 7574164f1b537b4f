//! Fetches one large file over HTTP: resumed where it broke off, checked, and moved into place
//! whole.
//!
//! While it is incomplete it is `NAME.part` beside its place, with `NAME.part.from` telling what
//! it is a part of; neither is ever taken for the file. Nothing is printed: a [`Watch`] reports
//! and cancels. What is fetched, and where from, is the caller's business: `ddrmjpeg model
//! fetch`, from the catalogue.

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

/// What is to be fetched.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// `https://…` or `http://…`. From https no redirect leads to http.
    pub url: &'a str,
    /// Where it goes. Folders on the way are made.
    pub target: &'a Path,
    /// Its bytes, when they are known beforehand.
    pub size: Option<u64>,
    /// Its digest, when one is known.
    pub hash: Option<&'a Hash>,
    /// A last look at the whole file, before it takes its place: whether it is what it should be.
    pub check: Option<&'a Check>,
}

/// Whether a file is what it should be; [`Error::Checkpoint`] when it is not.
pub type Check = dyn Fn(&Path) -> Result<()>;

/// How patient a fetch is, and how much it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Time to connect, TLS included.
    pub connect: Duration,
    /// Time in which the server begins to answer, and within which more bytes must come.
    pub stall: Duration,
    /// Attempts after the first, counted anew whenever one brought [`PROGRESS_BYTES`].
    pub retries: u32,
    /// Pause before the first of them; it doubles, up to 30 s.
    pub pause: Duration,
    /// A file larger than this is refused, whatever the server says.
    pub most_bytes: u64,
}

/// An attempt that brought this much was not in vain.
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

/// What happens meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The file is there, but is not what it should be; it stays until its successor is whole.
    Stale(&'a str),
    /// What was fetched before is of no use, and is fetched again.
    Restarted(&'a str),
    /// `done` bytes are there, of `total` if the server says.
    Received {
        /// Bytes so far, those of earlier attempts included.
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

/// Reports out, cancellation in. A cancelled fetch stops after the bytes in hand, or, when the
/// server is silent, after [`Settings::stall`].
#[derive(Clone, Copy, Default)]
pub struct Watch<'a> {
    /// When true, the fetch stops with [`Error::Cancelled`] and keeps what it has.
    pub cancel: Option<&'a AtomicBool>,
    /// Called with what happens.
    pub report: Option<&'a dyn Fn(Event<'_>)>,
}

impl Watch<'_> {
    /// Reports `event`, and answers whether to go on.
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

/// How a fetch ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The file was there, and is what it should be.
    Present,
    /// It is there now.
    Now {
        /// Its bytes.
        bytes: u64,
        /// How many of them were there from an earlier run.
        resumed: u64,
    },
}

/// Fetches `request`, unless it is there and is what it should be.
///
/// # Errors
/// [`Error::Io`] naming the URL, when the server refuses or the connection keeps breaking, or a
/// file, when it cannot be written: a full disk among them. What was received is kept, and the
/// next call goes on from there. [`Error::Checkpoint`] when the whole has the wrong size or
/// digest: it is deleted. [`Error::Limits`] for what is too large, [`Error::Options`] for a URL
/// that is none, [`Error::Cancelled`].
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

/// Whether `path` is what `request` is after. The file's last look is the caller's `check`.
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
