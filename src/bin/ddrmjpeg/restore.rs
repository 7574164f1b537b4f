//! `ddrmjpeg restore`: a batch. One bad file is a message; the others are done.
//!
//! Reading, restoring and writing overlap (`pipeline`); what is said and written comes in the
//! order of the inputs all the same.

mod pipeline;

use std::time::Instant;

use anyhow::{Context, Result, bail};
use ddrmjpeg::degradation::{Bits, Degradation};
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg::JpegFile;
use ddrmjpeg::jpeg::file::Metadata;
use ddrmjpeg::restore::{Report, Restored};
use ddrmjpeg::{Control, Options, Restorer, jpeg};

use crate::Outcome;
use crate::cli::{OutTables, RestoreArgs};
use crate::files::{self, Job, Target};
use crate::screen::Screen;
use crate::{banded, message, picture};
use pipeline::{Budget, Share};

/// Pixels of the pictures that are read, restored and written at one time, if there are
/// several: two of 24 megapixels are too many, three of 12 are not.
const PIXELS_AT_ONCE: u64 = 40_000_000;

/// Restores every input.
pub fn run(arguments: &RestoreArgs) -> Result<Outcome> {
    let options = arguments.options.resolve()?;
    let wanted = match (options.degradation, arguments.was_jpeg) {
        (Degradation::Jpeg, false) => files::JPEG,
        (Degradation::Jpeg, true) | (Degradation::Quant(_), false) => files::PICTURES,
        (Degradation::Quant(bits), true) => {
            bail!(
                "--was-jpeg and --degradation quant={}bit: one or the other",
                bits.get()
            )
        }
    };
    let to_jpeg = arguments.tables.is_some();
    let jobs = files::plan(&arguments.inputs, &arguments.output, wanted, to_jpeg)?;
    let restorer = Restorer::open(&options)?;
    message::caution(&restorer);
    let screen = Screen::new(jobs.len(), arguments.json);
    let batch = Batch {
        arguments,
        options: &options,
        restorer: &restorer,
        screen: &screen,
        budget: Budget::new(PIXELS_AT_ONCE),
    };
    let mut failures = 0;
    pipeline::run(
        jobs.iter(),
        |job| batch.read(job),
        |item| batch.restore(item),
        |item| failures += usize::from(!batch.finish(item)),
    );
    screen.end(failures, jobs.len());
    Ok(match failures {
        0 => Outcome::Done,
        _ => Outcome::Partly,
    })
}

/// What all inputs have in common.
struct Batch<'a> {
    arguments: &'a RestoreArgs,
    options: &'a Options,
    restorer: &'a Restorer,
    screen: &'a Screen,
    budget: Budget,
}

/// An input on its way: `what` the last stage made of it, or why there is nothing.
struct Item<'a, T> {
    job: &'a Job,
    what: Result<T>,
    /// Spent on it by the stages, not between them.
    seconds: f64,
    share: Option<Share<'a>>,
}

/// What an input turned out to hold.
enum Seen {
    Jpeg(Box<JpegFile>),
    Banded(Planar8, Bits),
    Decoded(Planar8),
}

/// What is to be restored; nothing when the output is there already.
type Input = Option<(Seen, Metadata)>;

/// What is to be written, and what was done.
struct Output {
    content: Content,
    metadata: Metadata,
    report: Report,
}

enum Content {
    Pixels(Planar8),
    Jpeg(Vec<u8>),
}

impl<'a> Batch<'a> {
    fn read(&'a self, job: &'a Job) -> Item<'a, Input> {
        let start = Instant::now();
        let mut share = None;
        let what = match self.arguments.resume && is_done(job) {
            true => Ok(None),
            false => self.input(job, &mut share).map(Some),
        };
        Item {
            job,
            what,
            seconds: start.elapsed().as_secs_f64(),
            share,
        }
    }

    fn input(&'a self, job: &Job, share: &mut Option<Share<'a>>) -> Result<(Seen, Metadata)> {
        let bytes = picture::read_bytes(&job.source, self.options.limits.file_bytes)?;
        *share = Some(self.budget.take(picture::pixels(&bytes)));
        let (seen, found) = read(&bytes, self.arguments.was_jpeg, self.options)?;
        let metadata = match self.arguments.strip {
            true => Metadata::default(),
            false => found,
        };
        Ok((seen, metadata))
    }

    fn restore(&self, item: Item<'a, Input>) -> Item<'a, Option<Output>> {
        let start = Instant::now();
        let Item {
            job, what, share, ..
        } = item;
        let what = match what {
            Ok(Some((seen, metadata))) => self.output(job, &seen, metadata).map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        Item {
            job,
            what,
            seconds: item.seconds + start.elapsed().as_secs_f64(),
            share,
        }
    }

    fn output(&self, job: &Job, seen: &Seen, metadata: Metadata) -> Result<Output> {
        self.screen.begin(job);
        let progress = |done, total| self.screen.calls(job, done, total);
        let control = Control {
            progress: Some(&progress),
            ..Control::default()
        };
        let (restorer, options) = (self.restorer, self.options);
        let (content, report) = match (&job.target, self.arguments.tables) {
            (Target::File(path), Some(tables)) if files::has_extension(path, files::JPEG) => {
                let (bytes, report) = to_jpeg(seen, tables, restorer, options, control)?;
                (Content::Jpeg(bytes), report)
            }
            _ => {
                let restored = seen.restore(restorer, options, control)?;
                let pixels = match self.arguments.compare {
                    true => self.beside_decoded(seen, &restored.frame)?,
                    false => restored.frame,
                };
                (Content::Pixels(pixels), restored.report)
            }
        };
        Ok(Output {
            content,
            metadata,
            report,
        })
    }

    /// The input as decoded, and `restored` to its right.
    fn beside_decoded(&self, seen: &Seen, restored: &Planar8) -> Result<Planar8> {
        let decode = Options {
            strength: 0.0,
            ..self.options.clone()
        };
        let before = seen.restore(self.restorer, &decode, Control::default())?;
        Ok(picture::side_by_side(&before.frame, restored))
    }

    /// Writes what is to be written and says how it went; false for a failure.
    fn finish(&self, item: Item<'a, Option<Output>>) -> bool {
        let start = Instant::now();
        let written = item.what.and_then(|output| match output {
            Some(output) => write(item.job, &output).map(|()| Some(output.report)),
            None => Ok(None),
        });
        let seconds = item.seconds + start.elapsed().as_secs_f64();
        match &written {
            Ok(Some(report)) => self.screen.done(item.job, report, seconds),
            Ok(None) => self.screen.skipped(item.job),
            Err(error) => self.screen.failed(item.job, error),
        }
        written.is_ok()
    }
}

/// Outputs are written whole or not at all, so one that exists is done.
fn is_done(job: &Job) -> bool {
    matches!(&job.target, Target::File(path) if path.exists())
}

fn read(bytes: &[u8], was_jpeg: bool, options: &Options) -> Result<(Seen, Metadata)> {
    match options.degradation {
        Degradation::Jpeg if was_jpeg => {
            let (picture, metadata) = banded::read(bytes, &options.limits)?;
            Ok((Seen::Decoded(picture), metadata))
        }
        Degradation::Jpeg => {
            let mut file = jpeg::read(bytes, &options.limits)?;
            let metadata = std::mem::take(&mut file.metadata);
            Ok((Seen::Jpeg(Box::new(file)), metadata))
        }
        Degradation::Quant(bits) => {
            let (picture, metadata) = banded::read(bytes, &options.limits)?;
            Ok((Seen::Banded(picture, bits), metadata))
        }
    }
}

fn write(job: &Job, output: &Output) -> Result<()> {
    let metadata = &output.metadata;
    match (&job.target, &output.content) {
        (Target::Stdout, Content::Pixels(pixels)) => picture::save_to_stdout(pixels, metadata),
        (Target::File(path), Content::Pixels(pixels)) => picture::save(pixels, path, metadata),
        (Target::File(path), Content::Jpeg(bytes)) => {
            picture::save_bytes(&jpeg::write::with_metadata(bytes, metadata), path)
        }
        (Target::Stdout, Content::Jpeg(_)) => bail!("standard output takes PNG"),
    }
    .context("cannot write the result")
}

impl Seen {
    fn restore(
        &self,
        restorer: &Restorer,
        options: &Options,
        control: Control<'_>,
    ) -> ddrmjpeg::Result<Restored> {
        match self {
            Self::Jpeg(file) => restorer.restore_file(file, options, control),
            Self::Banded(picture, bits) => {
                restorer.restore_levels(picture, *bits, options, control)
            }
            Self::Decoded(picture) => restorer.restore_decoded(picture, options, control),
        }
    }
}

/// The restored picture as a JPEG of these tables.
fn to_jpeg(
    seen: &Seen,
    tables: OutTables,
    restorer: &Restorer,
    options: &Options,
    control: Control<'_>,
) -> Result<(Vec<u8>, Report)> {
    match (tables, seen) {
        (OutTables::Source, Seen::Jpeg(file)) => {
            let (levels, report) = restorer.restore_to_levels(file, options, control)?;
            Ok((jpeg::write(&levels)?, report))
        }
        (OutTables::Source, _) => bail!("--tables source: the input is no JPEG file"),
        (OutTables::Quality(quality), _) => {
            let restored = seen.restore(restorer, options, control)?;
            let bytes = jpeg::encode(&restored.frame, quality, (1, 1))?;
            Ok((bytes, restored.report))
        }
    }
}
