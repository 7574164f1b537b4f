//! The folder of results: its published file names, what happens when it exists, and which
//! pictures in it are done.

use std::fs;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ddrmjpeg::frame::Planar8;

use crate::io::picture;
use crate::stdout::out;

/// `<exp>/image_samples/<image_folder>`.
pub struct Results {
    folder: PathBuf,
}

/// The three pictures of one id.
pub struct Trio {
    /// The original.
    pub orig: Planar8,
    /// The degraded picture.
    pub y0: Planar8,
    /// The restored picture.
    pub result: Planar8,
}

impl Results {
    /// The results in `folder`, which need not be there yet.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Whether the run may continue: it overwrites nothing, or the user agrees.
    pub fn agreed(&self, resume: bool, ni: bool) -> Result<bool> {
        Ok(resume || ni || !self.folder.is_dir() || ask(&self.folder)?)
    }

    /// Prepares the folder: with `resume` it is kept as it is, otherwise the results in it are
    /// removed. The published program removes the whole folder; here only files with the names that
    /// it writes are removed.
    pub fn prepare(&self, resume: bool) -> Result<()> {
        let ready = || -> std::io::Result<()> {
            fs::create_dir_all(&self.folder)?;
            match resume {
                true => Ok(()),
                false => self.clear(),
            }
        };
        ready().with_context(|| self.folder.display().to_string())
    }

    /// Original, degraded and restored picture of `id`.
    fn paths(&self, id: usize) -> [PathBuf; 3] {
        [
            format!("orig_{id}.png"),
            format!("y0_{id}.png"),
            format!("{id}_-1.png"),
        ]
        .map(|name| self.folder.join(name))
    }

    /// Whether all three exist: each is written completely or not at all.
    pub fn is_done(&self, id: usize) -> bool {
        self.paths(id).iter().all(|path| path.is_file())
    }

    /// Writes the three of `id`.
    pub fn save(&self, id: usize, trio: &Trio) -> Result<()> {
        let pictures = [&trio.orig, &trio.y0, &trio.result];
        for (path, pixels) in self.paths(id).iter().zip(pictures) {
            picture::save(pixels, path)?;
        }
        Ok(())
    }

    /// Reads the three of `id`.
    pub fn load(&self, id: usize) -> Result<Trio> {
        let [orig, y0, result] = self.paths(id);
        Ok(Trio {
            orig: picture::load(&orig)?,
            y0: picture::load(&y0)?,
            result: picture::load(&result)?,
        })
    }

    /// Removes the files that have the names of results.
    fn clear(&self) -> std::io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if path.is_file() && name.is_some_and(is_result) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

/// `orig_7.png`, `y0_7.png` or `7_-1.png`.
fn is_result(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".png") else {
        return false;
    };
    let id = stem
        .strip_prefix("orig_")
        .or_else(|| stem.strip_prefix("y0_"))
        .or_else(|| stem.strip_suffix("_-1"));
    id.is_some_and(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()))
}

/// Asks on standard output and reads a line of standard input; end of input means no.
fn ask(folder: &Path) -> Result<bool> {
    let shown = folder.display();
    out!("Image folder {shown} already exists. Overwrite? (Y/N)");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim_end().eq_ignore_ascii_case("y"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_results_are_removed() {
        for name in ["orig_0.png", "y0_12.png", "3_-1.png"] {
            assert!(is_result(name), "{name}");
        }
        for name in [
            "orig_.png",
            "orig_a.png",
            "3_1.png",
            "3_-1.jpg",
            "holiday.png",
            "_-1.png",
        ] {
            assert!(!is_result(name), "{name}");
        }
    }
}
