//! `ddrmjpeg restore`: a batch. One bad file is a message; the others are done.

use std::time::Instant;

use anyhow::{Context, Result};
use ddrmjpeg::degradation::{Bits, Degradation};
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg::JpegFile;
use ddrmjpeg::jpeg::file::Metadata;
use ddrmjpeg::restore::{Report, Restored};
use ddrmjpeg::{Control, Options, Restorer, jpeg};

use crate::Outcome;
use crate::cli::RestoreArgs;
use crate::files::{self, Job, Target};
use crate::screen::Screen;
use crate::{banded, message, picture};

/// Restores every input.
pub fn run(arguments: &RestoreArgs) -> Result<Outcome> {
    let options = arguments.options.resolve()?;
    let wanted = match options.degradation {
        Degradation::Jpeg => files::JPEG,
        Degradation::Quant(_) => files::PICTURES,
    };
    let jobs = files::plan(&arguments.inputs, &arguments.output, wanted)?;
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
}

fn read(bytes: &[u8], options: &Options) -> Result<(Seen, Metadata)> {
    match options.degradation {
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
    let (seen, found) = read(&bytes, options)?;
    let mut restored = seen.restore(restorer, options, control)?;
    if arguments.compare {
        let decode = Options {
            strength: 0.0,
            ..options.clone()
        };
        let before = seen.restore(restorer, &decode, Control::default())?;
        restored.frame = picture::side_by_side(&before.frame, &restored.frame);
    }
    let metadata = match arguments.strip {
        true => Metadata::default(),
        false => found,
    };
    match &job.target {
        Target::Stdout => picture::save_to_stdout(&restored.frame, &metadata),
        Target::File(path) => picture::save(&restored.frame, path, &metadata),
    }
    .context("cannot write the result")?;
    Ok(restored.report)
}
