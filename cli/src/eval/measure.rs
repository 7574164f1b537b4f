//! Takes every clean picture through a chain, restores it by every method, and scores the results.

use std::panic::resume_unwind;
use std::path::PathBuf;
use std::thread;

use anyhow::{Context, Result};
use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg_lab::eval::scores::{Metric, Scores};

use crate::eval::chain::Chain;
use crate::eval::degrade;
use crate::eval::methods::{Answer, Method};

/// Clean pictures by name.
pub struct Pictures {
    pub names: Vec<PathBuf>,
    pub clean: Vec<Planar8>,
}

/// What the pictures went through.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub chain: Chain,
    /// All pictures are grey, so that the saves have no sampling.
    pub grey: bool,
}

impl Setting {
    /// The sampling of the last save, as tables print it.
    pub fn sampling(&self) -> String {
        match self.grey {
            true => "grey".to_owned(),
            false => self.chain.save.sampling.to_string(),
        }
    }
}

/// One method at one setting.
pub struct Row {
    pub setting: Setting,
    pub method: String,
    /// By picture.
    pub scores: Vec<Scores>,
    /// By picture.
    pub seconds: Vec<f64>,
    /// Pixels of all restored pictures.
    pub pixels: usize,
}

/// Follows the progress of a run.
pub trait Watcher {
    /// All methods are done with one picture; those that failed are left out.
    fn answered(&mut self, clean: &Planar8, answers: &[&Planar8]);
    /// A method failed: it has no row at this setting.
    fn failed(&mut self, what: &str);
}

/// A picture that a method returned, with its figures.
struct Scored {
    answer: Answer,
    scores: Scores,
}

/// A row per method at `setting`.
pub fn setting(
    metrics: &[Metric],
    pictures: &Pictures,
    setting: &Setting,
    methods: &[Method],
    watcher: &mut dyn Watcher,
) -> Result<Vec<Row>> {
    let scratch = tempfile::tempdir()?;
    let mut rows: Vec<Option<Row>> = methods.iter().map(|m| Some(row(setting, m))).collect();
    let each = pictures.names.iter().zip(&pictures.clean).enumerate();
    for (index, (name, clean)) in each {
        let name = name.display();
        let made = degrade::degrade(&setting.chain, clean, index);
        let made = made.with_context(|| format!("{name}: {}", setting.chain))?;
        let of = |(method, row): (&Method, &Option<Row>)| {
            let asked = row.as_ref();
            asked.map(|_| method.run(&made.bytes, scratch.path()))
        };
        let answers: Vec<Option<Result<Answer>>> = methods.iter().zip(&rows).map(of).collect();
        let answers = all_scored(metrics, &made.reference, answers);
        for ((method, row), answer) in methods.iter().zip(&mut rows).zip(&answers) {
            if let Some(Err(error)) = answer {
                watcher.failed(&format!("{} on {name}: {error:#}", method.name));
                *row = None;
            }
            if let (Some(row), Some(Ok(scored))) = (row, answer) {
                row.add(scored);
            }
        }
        let shown = answers.iter().flatten().flatten();
        let shown: Vec<&Planar8> = shown.map(|scored| &scored.answer.picture).collect();
        watcher.answered(&made.reference, &shown);
    }
    Ok(rows.into_iter().flatten().collect())
}

/// The figures of all answers, each on a thread of its own.
fn all_scored(
    metrics: &[Metric],
    reference: &Planar8,
    answers: Vec<Option<Result<Answer>>>,
) -> Vec<Option<Result<Scored>>> {
    let of = |answer: Result<Answer>| scored(metrics, reference, answer?);
    thread::scope(|scope| {
        let each = |answer: Option<_>| answer.map(|answer| scope.spawn(move || of(answer)));
        let running: Vec<_> = answers.into_iter().map(each).collect();
        let ended = running.into_iter().map(|running| {
            let joined = running?.join();
            Some(joined.unwrap_or_else(|panic| resume_unwind(panic)))
        });
        ended.collect()
    })
}

/// The figures of `answer`. Some programs write grey pictures as RGB, so an RGB answer counts as
/// grey if the original is grey.
fn scored(metrics: &[Metric], reference: &Planar8, mut answer: Answer) -> Result<Scored> {
    let planes = &mut answer.picture.planes;
    let equal = planes.windows(2).all(|pair| pair[0] == pair[1]);
    if reference.model == PixelModel::Grey && equal {
        planes.truncate(1);
        answer.picture.model = PixelModel::Grey;
    }
    let scores = Scores::of(metrics, reference, &answer.picture)?;
    Ok(Scored { answer, scores })
}

impl Row {
    fn add(&mut self, scored: &Scored) {
        let picture = &scored.answer.picture;
        self.scores.push(scored.scores.clone());
        self.seconds.push(scored.answer.seconds);
        self.pixels += picture.width() * picture.height();
    }
}

fn row(setting: &Setting, method: &Method) -> Row {
    Row {
        setting: setting.clone(),
        method: method.name.clone(),
        scores: Vec::new(),
        seconds: Vec::new(),
        pixels: 0,
    }
}
