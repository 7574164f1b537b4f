//! Encodes every clean picture, lets every method answer, and scores the answers.

use std::path::PathBuf;

use anyhow::{Context, Result};
use ddrmjpeg::eval::scores::{Metric, Scores};
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::arguments::Sampling;
use super::methods::{Answer, Method};

/// Clean pictures by name.
pub struct Pictures {
    pub names: Vec<PathBuf>,
    pub clean: Vec<Planar8>,
}

/// How the pictures are encoded.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub quality: u8,
    pub sampling: Sampling,
}

/// One method at one setting.
pub struct Row {
    pub setting: Setting,
    pub method: String,
    /// By picture.
    pub scores: Vec<Scores>,
    /// By picture.
    pub seconds: Vec<f64>,
}

/// Is told how a run goes.
pub trait Watcher {
    /// All methods have answered for one picture; those that failed are left out.
    fn answered(&mut self, clean: &Planar8, answers: &[&Planar8]);
    /// A method failed: it has no row at this setting.
    fn failed(&mut self, what: &str);
}

/// A row per method at `setting`.
pub fn setting(
    metrics: &[Metric],
    pictures: &Pictures,
    setting: Setting,
    methods: &[Method],
    watcher: &mut dyn Watcher,
) -> Result<Vec<Row>> {
    let scratch = tempfile::tempdir()?;
    let Sampling(across, down) = setting.sampling;
    let mut rows: Vec<Option<Row>> = methods.iter().map(|m| Some(row(setting, m))).collect();
    for (name, clean) in pictures.names.iter().zip(&pictures.clean) {
        let name = name.display();
        let bytes = jpeg::encode(clean, setting.quality, (across, down))
            .with_context(|| name.to_string())?;
        let mut answers = Vec::new();
        for (method, row) in methods.iter().zip(&mut rows) {
            let answer = row.as_ref().map(|_| method.run(&bytes, scratch.path()));
            let answer = answer.transpose().unwrap_or_else(|error| {
                watcher.failed(&format!("{} on {name}: {error:#}", method.name));
                *row = None;
                None
            });
            answers.push(answer);
        }
        score(metrics, clean, &answers, &mut rows)?;
        let shown = answers.iter().flatten().map(|a| &a.picture);
        watcher.answered(clean, &shown.collect::<Vec<_>>());
    }
    Ok(rows.into_iter().flatten().collect())
}

/// Adds the scores of one picture's answers to their rows.
fn score(
    metrics: &[Metric],
    clean: &Planar8,
    answers: &[Option<Answer>],
    rows: &mut [Option<Row>],
) -> Result<()> {
    let of = |answer: &Answer| Scores::of(metrics, clean, &answer.picture);
    let scores: Vec<_> = answers
        .par_iter()
        .map(|answer| answer.as_ref().map(of).transpose())
        .collect::<ddrmjpeg::Result<_>>()?;
    for ((row, scores), answer) in rows.iter_mut().zip(scores).zip(answers) {
        if let (Some(row), Some(scores), Some(answer)) = (row, scores, answer) {
            row.scores.push(scores);
            row.seconds.push(answer.seconds);
        }
    }
    Ok(())
}

fn row(setting: Setting, method: &Method) -> Row {
    Row {
        setting,
        method: method.name.clone(),
        scores: Vec::new(),
        seconds: Vec::new(),
    }
}
