//! `ddrmjpeg restore`: a batch. A bad file gets a message; the others are restored.
//!
//! Reading, restoring and writing overlap (`pipeline`); messages and files still come in the order
//! of the inputs.

mod input;
mod pipeline;
mod quality;
mod result;

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use ddrmjpeg::degradation::Degradation;
use ddrmjpeg::{Control, RestoreOptions, Restorer};

use crate::Outcome;
use crate::cli::RestoreArgs;
use crate::io::files;
use crate::io::files::{Job, Target};
use crate::io::format::Format;
use crate::io::picture;
use crate::io::picture::bare;
use crate::restore::input::Input;
use crate::restore::pipeline::{Budget, Share};
pub use crate::restore::result::Output;
use crate::restore::result::Work;
use crate::screen::Screen;
use crate::{message, stdout};

/// Most pixels that several pictures in the pipeline may have together: two of 24 megapixels are
/// too many, three of 12 are not.
const PIXELS_AT_ONCE: u64 = 40_000_000;

/// Restores every input.
pub fn run(arguments: &RestoreArgs) -> Result<Outcome> {
    let (model, options) = arguments.options.resolve()?;
    let wanted = match (options.degradation, arguments.was_jpeg) {
        (Degradation::Jpeg, false) => files::JPEG,
        (Degradation::Jpeg, true) | (_, false) => &files::PICTURES[..],
        (other, true) => bail!("--was-jpeg and --degradation {other}: one or the other"),
    };
    let output = files::Output {
        path: &arguments.output,
        jpeg: arguments.tables.is_some() || arguments.out_quality.is_some(),
        format: arguments.format,
        resume: arguments.resume,
        overwrite: arguments.overwrite,
    };
    let planned = files::plan(&arguments.inputs, output, wanted)?;
    if planned.jobs.iter().any(|job| job.format == Format::Jpeg) {
        result::check_jpeg(arguments, &options)?;
    }
    for job in &planned.jobs {
        job.format.depth(arguments.depth).context("--depth")?;
    }
    let restorer = Restorer::open(&model)?;
    message::caution(&restorer);
    let screen = Screen::new(planned.jobs.len(), arguments.json);
    screen.planned(&planned);
    let batch = Batch {
        arguments,
        options: &options,
        restorer: &restorer,
        screen: &screen,
        budget: Budget::new(PIXELS_AT_ONCE),
        first_frame: Mutex::default(),
    };
    let mut tally = Tally {
        inputs: planned.failures.len(),
        failed: planned.failures.len(),
        ..Tally::default()
    };
    pipeline::run(
        planned.jobs.iter(),
        |job| batch.read(job),
        |item| batch.restore(item),
        |item| tally.count(batch.finish(item)),
    );
    screen.end(&tally);
    Ok(match tally.failed {
        0 => Outcome::Done,
        _ => Outcome::Partly,
    })
}

/// What all inputs have in common.
struct Batch<'a> {
    arguments: &'a RestoreArgs,
    options: &'a RestoreOptions,
    restorer: &'a Restorer,
    screen: &'a Screen,
    budget: Budget,
    /// How a stream of frames on standard output began: its head, and bytes in all.
    first_frame: Mutex<Option<(Vec<u8>, usize)>>,
}

/// An input in the pipeline: `what` the last stage made of it, or why it failed.
struct Item<'a, T> {
    job: &'a Job,
    what: Result<T>,
    /// Time spent in the stages, not between them.
    seconds: f64,
    share: Option<Share<'a>>,
}

impl<'a> Batch<'a> {
    fn read(&'a self, job: &'a Job) -> Item<'a, Option<Input>> {
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

    fn input(&'a self, job: &Job, share: &mut Option<Share<'a>>) -> Result<Input> {
        let bytes = picture::read_bytes(&job.source, self.options.limits.file_bytes)?;
        *share = Some(self.budget.take(picture::pixels(&bytes)));
        let input = input::read(&bytes, self.arguments.was_jpeg, self.options)?;
        if job.format == Format::Pgm && !input.seen.is_grey() {
            bail!("{}", picture::NO_COLOUR);
        }
        Ok(input)
    }

    fn restore(&self, item: Item<'a, Option<Input>>) -> Item<'a, Option<Output>> {
        let start = Instant::now();
        let Item {
            job, what, share, ..
        } = item;
        let what = match what {
            Ok(Some(input)) => self.output(job, input).map(Some),
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

    fn output(&self, job: &Job, input: Input) -> Result<Output> {
        self.screen.begin(job);
        let progress = |done, total| self.screen.calls(job, done, total);
        let control = Control {
            progress: Some(&progress),
            ..Control::default()
        };
        Work {
            arguments: self.arguments,
            options: self.options,
            restorer: self.restorer,
            format: job.format,
        }
        .output(input, control)
    }

    /// Writes the output and reports how it went.
    fn finish(&self, item: Item<'a, Option<Output>>) -> Ending {
        let start = Instant::now();
        let written = item.what.and_then(|output| match output {
            Some(output) => self.write(item.job, &output).map(|()| Some(output)),
            None => Ok(None),
        });
        let seconds = item.seconds + start.elapsed().as_secs_f64();
        match written {
            Ok(Some(output)) => {
                self.screen.done(item.job, &output, seconds);
                Ending::Done
            }
            Ok(None) => {
                self.screen.skipped(item.job);
                Ending::LeftOut
            }
            Err(error) => {
                self.screen.failed(item.job, &error);
                Ending::Failed
            }
        }
    }

    fn write(&self, job: &Job, output: &Output) -> Result<()> {
        let bytes = output.bytes(job.format);
        let written = bytes.and_then(|bytes| match &job.target {
            Target::Stdout if job.format.is_of_frames() => Ok(stdout::write(self.frame(&bytes)?)?),
            Target::Stdout => Ok(stdout::write(&bytes)?),
            Target::File(path) => picture::save_bytes(&bytes, path),
        });
        written.context("cannot write the result")
    }

    /// The bytes of a frame after those before it: only the first has the stream's head.
    fn frame<'b>(&self, bytes: &'b [u8]) -> Result<&'b [u8]> {
        let (head, rest) = bytes.split_at(bare::head_of_stream(bytes));
        let mut first = self
            .first_frame
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match &*first {
            None => {
                *first = Some((head.to_vec(), bytes.len()));
                Ok(bytes)
            }
            Some((begun, length)) if begun == head && *length == bytes.len() => Ok(rest),
            Some(_) => bail!("a frame of another size or colour than the first of the stream"),
        }
    }
}

/// How an input ended.
enum Ending {
    Done,
    LeftOut,
    Failed,
}

/// How many inputs ended how.
#[derive(Default)]
pub struct Tally {
    /// All inputs.
    pub inputs: usize,
    /// Inputs whose outputs existed.
    pub left_out: usize,
    /// Inputs that failed.
    pub failed: usize,
}

impl Tally {
    fn count(&mut self, ending: Ending) {
        self.inputs += 1;
        match ending {
            Ending::Done => {}
            Ending::LeftOut => self.left_out += 1,
            Ending::Failed => self.failed += 1,
        }
    }
}

/// Outputs are written completely or not at all, so one that exists is done.
fn is_done(job: &Job) -> bool {
    matches!(&job.target, Target::File(path) if path.exists())
}
