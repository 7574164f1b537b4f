//! Takes the inputs of a batch through the stages: read, restored, written, reported.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use ddrmjpeg::degradation::Degradation;
use ddrmjpeg::{Control, RestoreOptions, Restorer};

use crate::io::files;
use crate::io::files::{Job, Target};
use crate::io::format::Format;
use crate::io::picture;
use crate::io::picture::bare;
use crate::page::Page;
use crate::restore::arguments::HowArgs;
use crate::restore::input;
use crate::restore::input::Input;
use crate::restore::large;
use crate::restore::large::Large;
use crate::restore::pipeline;
use crate::restore::pipeline::{Budget, Share};
use crate::restore::result::{Output, Work};
use crate::screen::Screen;
use crate::stdout;

/// Most pixels that several pictures in the pipeline may have together: two of 24 megapixels are
/// too many, three of 12 are not.
const PIXELS_AT_ONCE: u64 = 40_000_000;

/// What all inputs have in common.
pub struct Batch<'a> {
    how: &'a HowArgs,
    options: &'a RestoreOptions,
    restorer: &'a Restorer,
    screen: &'a Screen,
    /// Whether inputs are left out whose outputs exist.
    resume: bool,
    /// What shows them, beside the screen.
    page: Option<Mutex<Page>>,
    budget: Budget,
    /// How a stream of frames on standard output began: its head, and bytes in all.
    first_frame: Mutex<Option<(Vec<u8>, usize)>>,
}

/// An input in the pipeline: `what` the last stage made of it, or why it failed.
pub struct Item<'a, T> {
    job: Job,
    what: Result<T>,
    /// Time spent in the stages, not between them.
    seconds: f64,
    share: Option<Share<'a>>,
}

impl<'a> Batch<'a> {
    /// A batch with these flags, whose options are `options`.
    pub fn new(
        how: &'a HowArgs,
        options: &'a RestoreOptions,
        restorer: &'a Restorer,
        screen: &'a Screen,
        resume: bool,
    ) -> Self {
        Self {
            how,
            options,
            restorer,
            screen,
            resume,
            page: None,
            budget: Budget::new(PIXELS_AT_ONCE),
            first_frame: Mutex::default(),
        }
    }

    /// The same, shown by `page` too.
    pub fn with_page(self, page: Option<Page>) -> Self {
        Self {
            page: page.map(Mutex::new),
            ..self
        }
    }

    /// Ends the page.
    ///
    /// # Errors
    /// If it could not be written.
    pub fn end(self) -> Result<()> {
        let page = self.page.map(Mutex::into_inner);
        let page = page.map(|page| page.unwrap_or_else(PoisonError::into_inner));
        page.map_or(Ok(()), Page::end)
    }

    fn show(&self, show: impl FnOnce(&mut Page)) {
        if let Some(page) = &self.page {
            show(&mut page.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Restores every input of `jobs`, and adds to `tally` how it ended.
    pub fn run(&self, jobs: impl Iterator<Item = Job> + Send, tally: &mut Tally) {
        pipeline::run(
            jobs,
            |job| self.read(job),
            |item| self.restore(item),
            |item| tally.count(self.finish(item, |job, output| self.write(job, output))),
        );
    }

    fn read(&'a self, job: Job) -> Item<'a, Option<Loaded>> {
        let start = Instant::now();
        let mut share = None;
        let what = match self.leaves_out(&job) {
            true => Ok(None),
            false => self.input(&job, &mut share).map(Some),
        };
        Item {
            job,
            what,
            seconds: start.elapsed().as_secs_f64(),
            share,
        }
    }

    fn input(&'a self, job: &Job, share: &mut Option<Share<'a>>) -> Result<Loaded> {
        let bytes = picture::read_bytes(&job.source, self.limit())?;
        *share = Some(self.budget.take(picture::pixels(&bytes)));
        let asked = (self.how, self.options);
        let to = (job.format, &job.target);
        match self.page.is_none() && large::is_for(&bytes, asked, self.restorer, to) {
            true => self.checked(
                job,
                Loaded::Large(Box::new(large::read(&bytes, self.options)?)),
            ),
            false => self.whole(job, &bytes),
        }
    }

    /// Whether an input is left out, as one whose output exists.
    pub fn leaves_out(&self, job: &Job) -> bool {
        // Outputs are written completely or not at all.
        self.resume && matches!(&job.target, Target::File(path) if path.exists())
    }

    /// What is told of the inputs.
    pub fn screen(&self) -> &'a Screen {
        self.screen
    }

    /// Most bytes that an input may have.
    pub fn limit(&self) -> u64 {
        self.options.limits.file_bytes
    }

    /// Reads a member of an archive, whose bytes are kept as long as the item is.
    pub fn read_member(&'a self, job: Job, bytes: &[u8]) -> Item<'a, Option<Loaded>> {
        let start = Instant::now();
        let share = picture::pixels(bytes).max(bytes.len() as u64);
        let share = Some(self.budget.take(share));
        Item {
            what: self.whole(&job, bytes).map(Some),
            job,
            seconds: start.elapsed().as_secs_f64(),
            share,
        }
    }

    fn whole(&self, job: &Job, bytes: &[u8]) -> Result<Loaded> {
        let input = input::read(bytes, self.how.was_jpeg, self.options)?;
        self.checked(job, Loaded::Whole(Box::new(input)))
    }

    /// The input, if its picture can be written as it is asked for.
    fn checked(&self, job: &Job, input: Loaded) -> Result<Loaded> {
        if job.format == Format::Pgm && !input.is_grey() {
            bail!("{}", picture::NO_COLOUR);
        }
        Ok(input)
    }

    /// Restores what was read.
    pub fn restore(&self, item: Item<'a, Option<Loaded>>) -> Item<'a, Option<Output>> {
        let start = Instant::now();
        let Item {
            job, what, share, ..
        } = item;
        let what = match what {
            Ok(Some(input)) => self.output(&job, input).map(Some),
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

    fn output(&self, job: &Job, input: Loaded) -> Result<Output> {
        self.screen.begin(job);
        let progress = |done, total| self.screen.calls(job, done, total);
        let control = Control {
            progress: Some(&progress),
            ..Control::default()
        };
        let work = Work {
            how: self.how,
            options: self.options,
            restorer: self.restorer,
            format: job.format,
            shown: self.page.is_some(),
        };
        match input {
            Loaded::Whole(input) => work.output(*input, control),
            Loaded::Large(large) => work.write_large(*large, &job.target, control),
        }
    }

    /// Writes the output by `write` and reports how it went.
    pub fn finish(
        &self,
        item: Item<'a, Option<Output>>,
        write: impl FnOnce(&Job, &Output) -> Result<()>,
    ) -> Ending {
        let start = Instant::now();
        let written = item.what.and_then(|output| match output {
            Some(output) => write(&item.job, &output).map(|()| Some(output)),
            None => Ok(None),
        });
        let seconds = item.seconds + start.elapsed().as_secs_f64();
        match written {
            Ok(Some(output)) => {
                self.screen.done(&item.job, &output, seconds);
                self.show(|page| page.add(&item.job, &output, seconds));
                Ending::Done
            }
            Ok(None) => {
                self.screen.skipped(&item.job);
                Ending::LeftOut
            }
            Err(error) => {
                self.screen.failed(&item.job, &error);
                self.show(|page| page.add_failure(&item.job.source.name(), &error));
                Ending::Failed
            }
        }
    }

    fn write(&self, job: &Job, output: &Output) -> Result<()> {
        if output.is_written() {
            return Ok(());
        }
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
        let first = self.first_frame.lock();
        let mut first = first.unwrap_or_else(PoisonError::into_inner);
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

/// An input that has been read.
pub enum Loaded {
    /// To be restored at once.
    Whole(Box<Input>),
    /// To be restored in strips.
    Large(Box<Large>),
}

impl Loaded {
    fn is_grey(&self) -> bool {
        match self {
            Self::Whole(input) => input.seen.is_grey(),
            Self::Large(large) => large.file.is_grey(),
        }
    }
}

/// How an input ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Its output is written.
    Done,
    /// Its output existed.
    LeftOut,
    /// There was a message.
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
    /// Counts an input that ended so.
    pub fn count(&mut self, ending: Ending) {
        self.inputs += 1;
        match ending {
            Ending::Done => {}
            Ending::LeftOut => self.left_out += 1,
            Ending::Failed => self.failed += 1,
        }
    }
}

/// The extensions of the files in a folder that are inputs.
pub fn wanted(how: &HowArgs, options: &RestoreOptions) -> Result<&'static [&'static str]> {
    match (options.degradation, how.was_jpeg) {
        (Degradation::Jpeg, false) => Ok(files::JPEG),
        (Degradation::Jpeg, true) | (_, false) => Ok(&files::PICTURES[..]),
        (other, true) => bail!("--was-jpeg and --degradation {other}: one or the other"),
    }
}
