//! The record of a training: a CSV file in which an interruption neither cuts nor repeats lines.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::train::validate::{QUALITIES, Score};
use ddrmjpeg::error::{Error, Result};

/// One line: a step, or the validation after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Steps done.
    pub step: u64,
    /// Seconds of training, not counting interruptions.
    pub seconds: f64,
    /// Learning rate.
    pub rate: f64,
    /// The loss.
    pub loss: f64,
    /// The loss of the one-call examples; NaN if the batch had none.
    pub one_call: f64,
    /// Length of the gradient.
    pub gradient: f64,
    /// Validation scores of the averaged weights, if they were validated after this step.
    pub scores: Vec<Score>,
}

/// A CSV file that is being written.
pub(crate) struct Record {
    path: PathBuf,
    file: File,
}

/// The first line.
fn header() -> String {
    let mut line = String::from("step,seconds,rate,loss,one_call,gradient");
    for quality in QUALITIES {
        let _ = write!(
            line,
            ",jpeg_q{quality},one_call_q{quality},clamped_q{quality}"
        );
    }
    line
}

impl Record {
    /// Opens `path` for a training that has done `steps`. Lines of later steps, which are not in
    /// the saved state, are removed.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn open(path: &Path, steps: u64) -> Result<Self> {
        let failed = |e| Error::io(path, e);
        let kept: Vec<String> = match steps {
            0 => Vec::new(),
            _ => std::fs::read_to_string(path)
                .unwrap_or_default()
                .lines()
                .skip(1)
                .filter(|line| step_of(line).is_some_and(|step| step <= steps))
                .map(str::to_owned)
                .collect(),
        };
        let mut text = header();
        for line in kept {
            text.push('\n');
            text.push_str(&line);
        }
        text.push('\n');
        std::fs::write(path, text).map_err(failed)?;
        let file = OpenOptions::new().append(true).open(path).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Adds a line. Floats are written so that they read back bit for bit.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn add(&mut self, row: &Row) -> Result<()> {
        let mut line = format!(
            "{},{:.1},{:e},{},{},{}",
            row.step, row.seconds, row.rate, row.loss, row.one_call, row.gradient
        );
        for quality in QUALITIES {
            match row.scores.iter().find(|s| s.quality == quality) {
                None => line.push_str(",,,"),
                Some(s) => {
                    let _ = write!(line, ",{:.4},{:.4},{:.4}", s.jpeg, s.one_call, s.clamped);
                }
            }
        }
        line.push('\n');
        let written = self.file.write_all(line.as_bytes());
        written.map_err(|e| Error::io(&self.path, e))
    }
}

fn step_of(line: &str) -> Option<u64> {
    line.split(',').next()?.parse().ok()
}

/// Reads the lines of a record; malformed lines are skipped.
///
/// # Errors
/// [`Error::Io`].
pub fn read(path: &Path) -> Result<Vec<Row>> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
    Ok(text.lines().skip(1).filter_map(row).collect())
}

fn row(line: &str) -> Option<Row> {
    let fields: Vec<&str> = line.split(',').collect();
    let number = |i: usize| fields.get(i)?.parse::<f64>().ok();
    let score = |(i, quality): (usize, u8)| {
        Some(Score {
            quality,
            jpeg: number(6 + 3 * i)?,
            one_call: number(7 + 3 * i)?,
            clamped: number(8 + 3 * i)?,
        })
    };
    Some(Row {
        step: step_of(line)?,
        seconds: number(1)?,
        rate: number(2)?,
        loss: number(3)?,
        one_call: number(4)?,
        gradient: number(5)?,
        scores: QUALITIES
            .into_iter()
            .enumerate()
            .filter_map(score)
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(step: u64, validated: bool) -> Row {
        let score = |quality| Score {
            quality,
            jpeg: 27.5,
            one_call: 29.25,
            clamped: 29.5,
        };
        Row {
            step,
            seconds: 1.5 * step as f64,
            rate: 3e-4,
            loss: 0.1 + 0.2,
            one_call: 0.25,
            gradient: 0.125,
            scores: if validated {
                QUALITIES.map(score).to_vec()
            } else {
                Vec::new()
            },
        }
    }

    #[test]
    fn lines_read_back_and_steps_that_were_lost_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.csv");
        let mut record = Record::open(&path, 0).unwrap();
        for step in 1..=4 {
            record.add(&sample(step, step == 2)).unwrap();
        }
        let all = read(&path).unwrap();
        assert_eq!(all, [1, 2, 3, 4].map(|s| sample(s, s == 2)));
        drop(record);
        let mut resumed = Record::open(&path, 2).unwrap();
        resumed.add(&sample(3, false)).unwrap();
        assert_eq!(read(&path).unwrap(), [1, 2, 3].map(|s| sample(s, s == 2)));
    }
}
