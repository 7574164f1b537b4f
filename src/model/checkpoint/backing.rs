//! A checkpoint's bytes: a mapped file, or bytes already in memory.
//!
//! Mapped pages count as memory of the process while they are resident, so they are released every
//! `limits::RESIDENT_BYTES`: a 2.2 GB file then costs about 64 MiB plus its largest tensor.

use std::borrow::Cow;
use std::fs::{self, File};
use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use memmap2::Mmap;

use crate::error::{Error, Result};
use crate::model::checkpoint::limits;

/// The bytes behind a checkpoint.
pub(crate) enum Backing {
    /// A file, mapped read-only, and the bytes read from it since its pages were last released.
    Mapped(Mmap, AtomicUsize),
    /// Bytes of the program, or of the caller.
    Held(Cow<'static, [u8]>),
}

impl Backing {
    /// Maps the file `path`. Folders, devices and pipes are refused before they are opened.
    pub(crate) fn map(path: &Path) -> Result<Self> {
        let found = fs::metadata(path).map_err(|e| Error::io(path, e))?;
        if !found.is_file() {
            let what = if found.is_dir() {
                "a folder"
            } else {
                "not a regular file"
            };
            let path = path.display();
            return Err(Error::Checkpoint(format!("{path} is {what}, no model")));
        }
        if found.len() == 0 {
            let path = path.display();
            return Err(Error::Checkpoint(format!("{path} is empty, no model")));
        }
        let file = File::open(path).map_err(|e| Error::io(path, e))?;
        // SAFETY: the map is read-only and never written through. A program that shortens or
        // rewrites the file while it is open breaks it, as with every mapped file; this project's
        // tools replace model files by renaming, which leaves a map of the old file intact.
        let map = unsafe { Mmap::map(&file) }.map_err(|e| Error::io(path, e))?;
        Ok(Self::Mapped(map, AtomicUsize::new(0)))
    }

    /// Announces that `more` bytes are about to be read, and releases the pages read before once
    /// there are many.
    pub(crate) fn about_to_read(&self, more: usize) {
        if let Self::Mapped(map, touched) = self
            && touched.fetch_add(more, Ordering::Relaxed) > limits::RESIDENT_BYTES
        {
            touched.store(more, Ordering::Relaxed);
            hand_back(map);
        }
    }
}

#[cfg(unix)]
fn hand_back(map: &Mmap) {
    // SAFETY: the map is shared, read-only and file-backed, so a page that is dropped comes back
    // with the same contents at its next use, also under a slice that is still borrowed.
    let dropped = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
    // This is only advice: if the system declines it, the only effect is higher memory use.
    drop(dropped);
}

#[cfg(not(unix))]
fn hand_back(_map: &Mmap) {}

impl Deref for Backing {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map, _) => map,
            Self::Held(bytes) => bytes,
        }
    }
}
