//! `ddrmjpeg restore`: a batch. One bad file is a message; the others are done.

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
    let mut failures = 0;
    for job in &jobs {
        screen.begin(job);
        if arguments.resume && is_done(job) {
            screen.skipped(job);
            continue;
        }
        let start = Instant::now();
        match one(job, arguments, &restorer, &options, &screen) {
            Ok(report) => screen.done(job, &report, start.elapsed().as_secs_f64()),
            Err(error) => {
                failures += 1;
                screen.failed(job, &error);
            }
        }
    }
    screen.end(failures, jobs.len());
    Ok(match failures {
        0 => Outcome::Done,
        _ => Outcome::Partly,
    })
}

/// Outputs are written whole or not at all, so one that exists is done.
fn is_done(job: &Job) -> bool {
    matches!(&job.target, Target::File(path) if path.exists())
}

/// What an input turned out to hold.
enum Seen {
    Jpeg(Box<JpegFile>),
    Banded(Planar8, Bits),
    Decoded(Planar8),
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

fn one(
    job: &Job,
    arguments: &RestoreArgs,
    restorer: &Restorer,
    options: &Options,
    screen: &Screen,
) -> Result<Report> {
    let bytes = picture::read_bytes(&job.source, options.limits.file_bytes)?;
    let progress = |done, total| screen.calls(job, done, total);
    let control = Control {
        progress: Some(&progress),
        ..Control::default()
    };
    let (seen, found) = read(&bytes, arguments.was_jpeg, options)?;
    let metadata = match arguments.strip {
        true => Metadata::default(),
        false => found,
    };
    if let (Target::File(path), Some(tables)) = (&job.target, arguments.tables)
        && files::has_extension(path, files::JPEG)
    {
        let (jpeg, report) = to_jpeg(&seen, tables, restorer, options, control)?;
        picture::save_bytes(&jpeg::write::with_metadata(&jpeg, &metadata), path)
            .context("cannot write the result")?;
        return Ok(report);
    }
    let mut restored = seen.restore(restorer, options, control)?;
    if arguments.compare {
        let decode = Options {
            strength: 0.0,
            ..options.clone()
        };
        let before = seen.restore(restorer, &decode, Control::default())?;
        restored.frame = picture::side_by_side(&before.frame, &restored.frame);
    }
    match &job.target {
        Target::Stdout => picture::save_to_stdout(&restored.frame, &metadata),
        Target::File(path) => picture::save(&restored.frame, path, &metadata),
    }
    .context("cannot write the result")?;
    Ok(restored.report)
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
