//! PSNR of a run: of each picture, stored in a file beside the log, and the running means.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ddrmjpeg::frame::Picture;
use ddrmjpeg_lab::eval::metrics;

use crate::sample::results::Trio;

/// PSNR in dB of one picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Psnr {
    /// Of the restored picture.
    pub result: f64,
    /// Of the degraded one.
    pub y: f64,
}

impl Psnr {
    /// As published: computed on pictures in `[0, 1]`, before they are rounded to bytes.
    pub fn of(orig: &Picture, y: &Picture, result: &Picture) -> Self {
        Self {
            result: psnr(orig, result),
            y: psnr(orig, y),
        }
    }

    /// Computed on pictures that an earlier run wrote.
    pub fn of_files(trio: &Trio) -> Result<Self> {
        Ok(Self {
            result: metrics::psnr(&trio.orig, &trio.result)?,
            y: metrics::psnr(&trio.orig, &trio.y0)?,
        })
    }
}

fn psnr(a: &Picture, b: &Picture) -> f64 {
    let square = |(a, b): (&f32, &f32)| f64::from(a - b).powi(2);
    let sum: f64 = a.data.iter().zip(&b.data).map(square).sum();
    metrics::psnr_of(255.0f64.powi(2) * sum / a.data.len().max(1) as f64)
}

/// The figures of a run so far.
pub struct Scores {
    file: File,
    earlier: HashMap<usize, Psnr>,
    sum: Psnr,
    count: usize,
}

/// Start of the file's first line, which says what the figures depend on.
const TITLE: &str = "# ";

impl Scores {
    /// Starts a new file, or, with `resume`, continues the existing one.
    ///
    /// `signature` is what the results depend on; an interrupted run with another signature is
    /// refused.
    pub fn open(path: &Path, signature: &str, resume: bool) -> Result<Self> {
        let earlier = match resume && path.is_file() {
            true => read(path, signature)?,
            false => HashMap::new(),
        };
        let begin = || -> std::io::Result<File> {
            fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
            if resume && path.is_file() {
                return OpenOptions::new().append(true).open(path);
            }
            let mut file = File::create(path)?;
            writeln!(file, "{TITLE}{signature}\nid,psnr,psnr_y")?;
            Ok(file)
        };
        Ok(Self {
            file: begin().with_context(|| path.display().to_string())?,
            earlier,
            sum: Psnr {
                result: 0.0,
                y: 0.0,
            },
            count: 0,
        })
    }

    /// What an earlier run recorded for `id`.
    pub fn earlier(&self, id: usize) -> Option<Psnr> {
        self.earlier.get(&id).copied()
    }

    /// Counts a picture, and records it unless it is recorded already.
    pub fn add(&mut self, id: usize, psnr: Psnr) -> Result<()> {
        self.sum.result += psnr.result;
        self.sum.y += psnr.y;
        self.count += 1;
        if self.earlier.insert(id, psnr).is_none() {
            writeln!(self.file, "{id},{},{}", psnr.result, psnr.y)?;
        }
        Ok(())
    }

    /// Pictures counted.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The means; NaN without pictures.
    pub fn mean(&self) -> Psnr {
        let count = self.count as f64;
        Psnr {
            result: self.sum.result / count,
            y: self.sum.y / count,
        }
    }
}

/// The file with the figures of the run into `image_folder`.
pub fn path(log_folder: &Path, image_folder: &Path) -> PathBuf {
    let name = image_folder.display().to_string().replace(['/', '\\'], "_");
    log_folder.join(format!("{name}_psnr.csv"))
}

fn read(path: &Path, signature: &str) -> Result<HashMap<usize, Psnr>> {
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| shown.to_string())?;
    let found = text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix(TITLE));
    if found != Some(signature) {
        let found = found.unwrap_or("nothing");
        bail!("--resume: {shown} is of another run: {found}; this one is {signature}");
    }
    // A line that a crash cut short is left out; its picture is measured again.
    Ok(text.lines().skip(2).filter_map(parse).collect())
}

fn parse(line: &str) -> Option<(usize, Psnr)> {
    let mut fields = line.split(',');
    let id = fields.next()?.parse().ok()?;
    let result = fields.next()?.parse().ok()?;
    let y = fields.next()?.parse().ok()?;
    Some((id, Psnr { result, y }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_outlive_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path(), Path::new("a/b"));
        assert!(path.ends_with("a_b_psnr.csv"));
        let psnr = Psnr {
            result: 31.5,
            y: 29.25,
        };
        let mut first = Scores::open(&path, "one", false).unwrap();
        first.add(7, psnr).unwrap();
        drop(first);
        let mut second = Scores::open(&path, "one", true).unwrap();
        assert_eq!((second.earlier(7), second.earlier(8)), (Some(psnr), None));
        second.add(7, psnr).unwrap();
        let other = Psnr {
            result: 33.5,
            y: 30.25,
        };
        second.add(8, other).unwrap();
        assert_eq!(
            second.mean(),
            Psnr {
                result: 32.5,
                y: 29.75
            }
        );
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 4);
        let message = Scores::open(&path, "two", true).err().unwrap().to_string();
        assert!(
            message.contains("one") && message.contains("two"),
            "{message}"
        );
    }

    /// An error of 1/255 everywhere.
    #[test]
    fn one_level_everywhere_is_48_13_db() {
        let (a, mut b) = (Picture::new(3, 4, 4), Picture::new(3, 4, 4));
        b.data.fill(1.0 / 255.0);
        assert!((Psnr::of(&a, &b, &b).y - 48.1308).abs() < 1e-4);
    }
}
