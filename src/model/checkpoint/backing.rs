//! A checkpoint's bytes: a mapped file, a part of the program, or bytes of the caller.
//!
//! Pages of a file count as memory of the process while they are resident, and each tensor is read
//! once, so they are released every `limits::RESIDENT_BYTES`: a 2.2 GB file then costs about as
//! much as its largest tensor.

use std::borrow::Cow;
use std::fs::{self, File};
use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use memmap2::Mmap;

use crate::error::{Error, Result};
use crate::model::checkpoint::limits;
use crate::model::mappings::Mapping;

/// The bytes behind a checkpoint.
pub(crate) struct Backing {
    bytes: Bytes,
    /// Bytes that were read since the pages were last released.
    touched: AtomicUsize,
}

enum Bytes {
    /// A file, mapped read-only.
    Mapped(Mmap),
    /// A part of the program's own file.
    Program(&'static [u8]),
    /// Other bytes in memory.
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
        Ok(Self::of(Bytes::Mapped(map)))
    }

    /// Bytes in memory.
    pub(crate) fn held(bytes: Cow<'static, [u8]>) -> Self {
        Self::of(Bytes::Held(bytes))
    }

    /// Bytes that are built into this program. Where it was unpacked into memory, which cannot be
    /// read again, they are as any others.
    pub(crate) fn program(bytes: &'static [u8]) -> Self {
        let range = bytes.as_ptr_range();
        let mapping = Mapping::at(range.start as usize);
        let from_file = mapping.is_some_and(|mapping| {
            let whole = range.end as usize <= mapping.addresses.end;
            whole && !mapping.writable && mapping.file.is_some()
        });
        match from_file {
            true => Self::of(Bytes::Program(bytes)),
            false => Self::held(bytes.into()),
        }
    }

    fn of(bytes: Bytes) -> Self {
        let touched = AtomicUsize::new(0);
        Self { bytes, touched }
    }

    /// Announces that `more` bytes are about to be read, and releases the pages read before once
    /// there are many.
    pub(crate) fn about_to_read(&self, more: usize) {
        if self.touched.fetch_add(more, Ordering::Relaxed) > limits::RESIDENT_BYTES {
            self.touched.store(more, Ordering::Relaxed);
            self.release();
        }
    }

    /// Gives all pages back to the system. It is only advice: where the system declines it, the only
    /// effect is that more memory is used.
    #[cfg(unix)]
    fn release(&self) {
        match &self.bytes {
            Bytes::Mapped(map) => {
                // SAFETY: the map is shared, read-only and file-backed, so a page that is dropped
                // comes back with the same contents at its next use, also under a slice that is
                // still borrowed.
                let dropped = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
                drop(dropped);
            }
            Bytes::Program(bytes) => release_program(bytes),
            Bytes::Held(_) => {}
        }
    }

    #[cfg(not(unix))]
    fn release(&self) {}
}

/// Releases the pages that hold nothing but `bytes`, which come from the program's file.
#[cfg(target_os = "linux")]
fn release_program(bytes: &'static [u8]) {
    use rustix::mm::{Advice, madvise};
    let page = rustix::param::page_size();
    let first = bytes.as_ptr().align_offset(page);
    let Some(inner) = bytes.get(first..) else {
        return;
    };
    let length = inner.len() / page * page;
    // SAFETY: `Backing::program` found that these pages are of a file and not writable, and constants
    // hold no addresses that the loader would have written, so they come back as they were.
    let _ = unsafe {
        madvise(
            inner.as_ptr().cast_mut().cast(),
            length,
            Advice::LinuxDontNeed,
        )
    };
}

#[cfg(all(unix, not(target_os = "linux")))]
fn release_program(_: &'static [u8]) {}

impl Deref for Backing {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Mapped(map) => map,
            Bytes::Program(bytes) => bytes,
            Bytes::Held(bytes) => bytes,
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    /// More than two pages, at no page's beginning.
    static BUILT_IN: &[u8] = include_bytes!("../../../models/nano.safetensors");

    /// Bytes of `bytes` that are in memory of the process, by /proc/self/smaps.
    fn resident(bytes: &[u8]) -> usize {
        let address = bytes.as_ptr() as usize;
        let smaps = fs::read_to_string("/proc/self/smaps").unwrap();
        let mut here = false;
        for line in smaps.lines() {
            if let Some(kilobytes) = line.strip_prefix("Rss:").filter(|_| here) {
                let number = kilobytes.trim().trim_end_matches(" kB");
                return 1024 * number.parse::<usize>().unwrap();
            }
            if let Some((from, rest)) = line.split_once('-')
                && let Some((to, _)) = rest.split_once(' ')
                && let (Ok(from), Ok(to)) = (
                    usize::from_str_radix(from, 16),
                    usize::from_str_radix(to, 16),
                )
            {
                here = (from..to).contains(&address);
            }
        }
        panic!("no mapping at {address:x}");
    }

    #[test]
    fn pages_of_the_program_are_released_and_come_back() {
        let backing = Backing::program(BUILT_IN);
        assert!(matches!(backing.bytes, Bytes::Program(_)));
        let copy = backing.to_vec();
        let before = resident(BUILT_IN);
        backing.release();
        // Tests beside this one may read other constants of the program meanwhile, but not as many.
        assert!(
            resident(BUILT_IN) + BUILT_IN.len() / 2 < before,
            "of {before}"
        );
        assert!(*backing == *copy);
    }

    #[test]
    fn memory_of_the_process_is_left_alone() {
        let bytes: &'static [u8] = vec![7; 1 << 16].leak();
        let backing = Backing::program(bytes);
        assert!(matches!(backing.bytes, Bytes::Held(_)));
        backing.about_to_read(2 * limits::RESIDENT_BYTES);
        backing.about_to_read(1);
        assert!(backing.iter().all(|&byte| byte == 7));
    }
}
