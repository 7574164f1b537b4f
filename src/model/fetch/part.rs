//! An incomplete file: `NAME.part`, and `NAME.part.from` with its origin.
//!
//! Only one process at a time holds a part, by a lock on it. Bytes are only appended, so its length
//! is the progress. Called by `fetch` and `transfer`.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Where a part came from: enough to decide whether the rest still fits it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The requested URL.
    pub url: String,
    /// The server's strong ETag, or its date of last change, if it gave one.
    pub validator: Option<String>,
    /// Bytes of the whole file, if the server said.
    pub total: Option<u64>,
}

impl Origin {
    fn to_text(&self) -> String {
        let total = self.total.map_or(String::new(), |n| n.to_string());
        let validator = self.validator.as_deref().unwrap_or_default();
        format!("{}\n{validator}\n{total}\n", self.url)
    }

    fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let url = lines.next()?.to_owned();
        let validator = lines.next()?.to_owned();
        let total = lines.next()?.parse().ok();
        Some(Self {
            url,
            validator: Some(validator).filter(|v| !v.is_empty()),
            total,
        })
    }
}

/// An incomplete file, held only by this process.
pub(crate) struct Part {
    path: PathBuf,
    note: PathBuf,
    file: File,
    length: u64,
    inherited: u64,
}

impl Part {
    /// Opens or creates the part of `target`, and its folders.
    pub fn open(target: &Path) -> Result<Self> {
        let path = beside(target, ".part");
        let failed = |e| Error::io(&path, e);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
        }
        let options = OpenOptions::new().append(true).create(true).clone();
        let file = options.open(&path).map_err(failed)?;
        let held = file.metadata().map_err(failed)?;
        // A device, as in the test of a full disk, cannot be locked by one process.
        if held.is_file() {
            lock(&file).map_err(failed)?;
        }
        // Between opening and locking, another process may have moved it into place.
        let named = fs::metadata(&path).map_err(failed)?;
        if (named.dev(), named.ino()) != (held.dev(), held.ino()) {
            return Err(failed(in_use()));
        }
        Ok(Self {
            note: beside(target, ".part.from"),
            length: named.len(),
            inherited: named.len(),
            path,
            file,
        })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes so far.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// How many of them an earlier run has left.
    pub fn inherited(&self) -> u64 {
        self.inherited
    }

    /// Where it came from, if that is known.
    pub fn origin(&self) -> Option<Origin> {
        Origin::from_text(&fs::read_to_string(&self.note).ok()?)
    }

    /// Records where it comes from.
    pub fn set_origin(&self, origin: &Origin) -> Result<()> {
        fs::write(&self.note, origin.to_text()).map_err(|e| Error::io(&self.note, e))
    }

    /// Drops all bytes.
    pub fn clear(&mut self) -> Result<()> {
        if self.length > 0 {
            self.file.set_len(0).map_err(|e| Error::io(&self.path, e))?;
            (self.length, self.inherited) = (0, 0);
        }
        Ok(())
    }

    /// Appends `bytes`. After a failure the part holds as many as did fit.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(bytes);
        self.length = match written {
            Ok(()) => self.length + bytes.len() as u64,
            Err(_) => self.file.seek(SeekFrom::End(0))?,
        };
        written
    }

    /// Free bytes on its file system, if known.
    pub fn free_bytes(&self) -> Option<u64> {
        let folder = self.path.parent().filter(|p| !p.as_os_str().is_empty());
        let system = rustix::fs::statvfs(folder.unwrap_or(Path::new("."))).ok()?;
        system.f_bavail.checked_mul(system.f_frsize)
    }

    /// Moves it to `target`, which is replaced in one step.
    pub fn keep_as(self, target: &Path) -> Result<()> {
        self.file.sync_all().map_err(|e| Error::io(&self.path, e))?;
        fs::rename(&self.path, target).map_err(|e| Error::io(target, e))?;
        self.forget();
        Ok(())
    }

    /// Deletes it.
    pub fn discard(self) {
        // If it cannot be deleted, the next run finds and checks it again.
        let _ = fs::remove_file(&self.path);
        self.forget();
    }

    fn forget(&self) {
        // A note without a part is ignored.
        let _ = fs::remove_file(&self.note);
    }
}

fn beside(target: &Path, ending: &str) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn lock(file: &File) -> io::Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(in_use()),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

fn in_use() -> io::Error {
    io::Error::new(
        io::ErrorKind::ResourceBusy,
        "another process is fetching it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(target: &Path) -> Part {
        Part::open(target).unwrap()
    }

    #[test]
    fn a_part_grows_and_takes_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a/b/model.pt");
        let mut part = open(&target);
        part.append(b"one ").unwrap();
        drop(part);
        let mut part = open(&target);
        assert_eq!(part.len(), 4);
        part.append(b"two").unwrap();
        part.keep_as(&target).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"one two");
        assert_eq!(fs::read_dir(target.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_part_belongs_to_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("model.pt");
        let part = open(&target);
        let error = Part::open(&target).err().unwrap().to_string();
        assert!(error.contains("model.pt.part: another process"), "{error}");
        part.discard();
        assert_eq!(open(&target).len(), 0);
    }

    #[test]
    fn origins_are_kept_in_full() {
        let folder = tempfile::tempdir().unwrap();
        let part = open(&folder.path().join("m"));
        assert_eq!(part.origin(), None);
        let full = Origin {
            url: "https://host/m?dl=1".to_owned(),
            validator: Some("\"a b\"".to_owned()),
            total: Some(7),
        };
        for origin in [full, Origin::default()] {
            part.set_origin(&origin).unwrap();
            assert_eq!(part.origin(), Some(origin));
        }
    }
}
