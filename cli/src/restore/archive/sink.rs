//! Where an archive is written: a file that has its name when it is whole, or standard output.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

use crate::io::files::Target;
use crate::io::picture;
use crate::restore::archive::head::BLOCK;
use crate::stdout;

/// An archive in the making.
pub enum Sink {
    /// A file, and the path that it will have.
    File(BufWriter<NamedTempFile>, PathBuf),
    /// Standard output.
    Stdout,
}

impl Sink {
    /// Begins the archive.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    pub fn begin(target: &Target) -> Result<Self> {
        let Target::File(path) = target else {
            return Ok(Self::Stdout);
        };
        let parent = path.parent().filter(|path| !path.as_os_str().is_empty());
        let folder = parent.unwrap_or(Path::new("."));
        let begin = || {
            std::fs::create_dir_all(folder)?;
            picture::scratch_in(folder)
        };
        let file = begin().with_context(|| path.display().to_string())?;
        Ok(Self::File(
            BufWriter::with_capacity(1 << 16, file),
            path.clone(),
        ))
    }

    /// Adds whole blocks.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn put(&mut self, blocks: &[u8]) -> Result<()> {
        match self {
            Self::File(file, path) => file
                .write_all(blocks)
                .with_context(|| path.display().to_string()),
            Self::Stdout => Ok(stdout::write(blocks)?),
        }
    }

    /// Marks the end, and gives a file its name.
    ///
    /// # Errors
    /// If that cannot be done.
    pub fn end(mut self) -> Result<()> {
        self.put(&[0; 2 * BLOCK])?;
        let Self::File(file, path) = self else {
            return Ok(());
        };
        let file = file.into_inner().map_err(|error| error.into_error());
        let persist = |file: NamedTempFile| file.persist(&path).map_err(|error| error.error);
        let persisted: std::io::Result<File> = file.and_then(persist);
        persisted.with_context(|| path.display().to_string())?;
        Ok(())
    }
}
