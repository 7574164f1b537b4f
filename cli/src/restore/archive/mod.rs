//! Archives: a tar in the manner of WebDataset becomes a tar whose pictures are restored.
//!
//! Pictures are members with the extensions of inputs; their results stand in their places, with
//! the extension of the format. All else passes as it is, bad pictures too, so that samples stay
//! together.

mod head;
mod members;
mod sink;

use std::fs::File;
use std::io::{Read, stdin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, anyhow};

use crate::io::files::{Job, Source};
use crate::restore::archive::head::{Head, padding};
use crate::restore::archive::members::{Piece, Wish};
use crate::restore::archive::sink::Sink;
use crate::restore::batch::{Batch, Ending, Item, Loaded};
use crate::restore::pipeline;
use crate::restore::result::Output;

/// How many pictures an archive had.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// All of them.
    pub pictures: usize,
    /// Those that failed.
    pub failed: usize,
}

/// Restores the archive of `job`, and reports how it went.
pub fn run(batch: &Batch<'_>, job: &Job, wanted: &[&str]) -> Ending {
    let start = Instant::now();
    if batch.leaves_out(job) {
        batch.screen().skipped(job);
        return Ending::LeftOut;
    }
    match restore(batch, job, wanted) {
        Ok(counts) => {
            let seconds = start.elapsed().as_secs_f64();
            batch.screen().archive_done(job, counts, seconds);
            match counts.failed {
                0 => Ending::Done,
                _ => Ending::Failed,
            }
        }
        Err(error) => {
            batch.screen().failed(job, &error);
            Ending::Failed
        }
    }
}

/// A piece on its way, of which `T` is what the last stage made of a picture.
enum Part<'a, T> {
    Blocks(Vec<u8>),
    Picture(Box<Head>, Vec<u8>, Item<'a, T>),
    Refused(Job, anyhow::Error),
}

fn restore(batch: &Batch<'_>, job: &Job, wanted: &[&str]) -> Result<Counts> {
    let wish = Wish {
        pictures: wanted,
        result: job.format.extension(),
        limit: batch.limit(),
    };
    let mut result = Writing {
        batch,
        wish: &wish,
        sink: Sink::begin(&job.target)?,
        counts: Counts::default(),
        failed: None,
        stop: &AtomicBool::new(false),
    };
    let stop = result.stop;
    let mut read = Ok(false);
    pipeline::run_fed(
        |give| {
            let give = |piece| !stop.load(Ordering::Relaxed) && give(begun(batch, job, piece));
            read = open(&job.source).and_then(|reader| members::walk(reader, &wish, &give));
        },
        |part| worked(batch, part),
        |part| result.take(part),
    );
    if let Some(error) = result.failed {
        return Err(error).context("cannot write the result");
    }
    if read? {
        batch.screen().say(&format!(
            "{}: what follows the end of the archive is left out",
            job.name()
        ));
    }
    result.sink.end().context("cannot write the result")?;
    Ok(result.counts)
}

fn open(source: &Source) -> Result<Box<dyn Read>> {
    Ok(match source {
        Source::Stdin => Box::new(stdin().lock()),
        Source::File(path) => Box::new(File::open(path)?),
    })
}

/// What the first stage does: it reads pictures.
fn begun<'a>(batch: &'a Batch<'_>, archive: &Job, piece: Piece) -> Part<'a, Option<Loaded>> {
    let job = |member: String| Job {
        member: Some(member),
        ..archive.clone()
    };
    match piece {
        Piece::Blocks(blocks) => Part::Blocks(blocks),
        Piece::Refused(name, why) => Part::Refused(job(name), anyhow!(why)),
        Piece::Picture(head, bytes) => {
            let item = batch.read_member(job(head.shown()), &bytes);
            Part::Picture(head, bytes, item)
        }
    }
}

/// What the second does: it restores them.
fn worked<'a>(batch: &Batch<'a>, part: Part<'a, Option<Loaded>>) -> Part<'a, Option<Output>> {
    match part {
        Part::Blocks(blocks) => Part::Blocks(blocks),
        Part::Refused(job, why) => Part::Refused(job, why),
        Part::Picture(head, bytes, item) => Part::Picture(head, bytes, batch.restore(item)),
    }
}

/// The third stage: the result.
struct Writing<'a> {
    batch: &'a Batch<'a>,
    wish: &'a Wish<'a>,
    sink: Sink,
    counts: Counts,
    /// Why nothing more can be written.
    failed: Option<anyhow::Error>,
    /// Says so to the first stage.
    stop: &'a AtomicBool,
}

impl<'a> Writing<'a> {
    fn take(&mut self, part: Part<'a, Option<Output>>) {
        match part {
            Part::Blocks(blocks) => self.put(&blocks),
            Part::Refused(job, why) => {
                self.batch.screen().failed(&job, &why);
                self.counts.pictures += 1;
                self.counts.failed += 1;
            }
            Part::Picture(head, bytes, item) => self.picture(&head, &bytes, item),
        }
    }

    /// Adds what became of a picture, or the picture as it was.
    fn picture(&mut self, head: &Head, bytes: &[u8], item: Item<'a, Option<Output>>) {
        let Wish {
            pictures, result, ..
        } = *self.wish;
        self.counts.pictures += 1;
        let ending = self.batch.finish(item, |job, output| {
            let bytes = output.bytes(job.format);
            let bytes = bytes.context("cannot write the result")?;
            let head = head.of_result(pictures, result, bytes.len() as u64)?;
            self.member(&head, &bytes);
            Ok(())
        });
        if ending == Ending::Failed {
            self.counts.failed += 1;
            self.member(head, bytes);
        }
    }

    fn member(&mut self, head: &Head, bytes: &[u8]) {
        let mut blocks = Vec::new();
        let written = head.write(&mut blocks);
        self.note(written.map_err(Into::into));
        self.put(&blocks);
        self.put(bytes);
        self.put(padding(bytes.len() as u64));
    }

    fn put(&mut self, blocks: &[u8]) {
        if self.failed.is_none() {
            let put = self.sink.put(blocks);
            self.note(put);
        }
    }

    fn note(&mut self, done: Result<()>) {
        if let Err(error) = done {
            self.stop.store(true, Ordering::Relaxed);
            self.failed.get_or_insert(error);
        }
    }
}
