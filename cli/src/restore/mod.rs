//! `ddrmjpeg restore`: a batch. A bad file gets a message; the others are restored.
//!
//! Reading, restoring and writing overlap (`pipeline`); messages and files still come in the order
//! of the inputs.

pub mod arguments;
pub mod batch;
mod input;
mod large;
mod pipeline;
mod quality;
pub mod result;
mod stop;

use anyhow::{Context, Result};
use ddrmjpeg::Restorer;

use crate::io::files;
use crate::io::format::Format;
use crate::page::Page;
use crate::restore::arguments::RestoreArgs;
use crate::restore::batch::{Batch, Tally};
use crate::screen::Screen;
use crate::{Outcome, message};

/// Restores every input.
pub fn run(arguments: &RestoreArgs) -> Result<Outcome> {
    let how = &arguments.how;
    let (model, options) = how.options.resolve()?;
    let planned = plan(arguments, batch::wanted(how, &options)?)?;
    if planned.jobs.iter().any(|job| job.format == Format::Jpeg) {
        result::check_jpeg(how, &options)?;
    }
    for job in &planned.jobs {
        job.format.depth(how.depth).context("--depth")?;
    }
    let page = arguments.report.as_deref().map(Page::begin).transpose()?;
    let restorer = Restorer::open(&model)?;
    message::caution(&restorer);
    let screen = Screen::new(planned.jobs.len(), how.json);
    screen.planned(&planned);
    let failed = planned.failures.len();
    let mut tally = Tally {
        inputs: failed,
        failed,
        ..Tally::default()
    };
    let batch = Batch::new(how, &options, &restorer, &screen, arguments.resume);
    let batch = batch.with_page(page);
    batch.run(planned.jobs.into_iter(), &mut tally);
    screen.end(&tally);
    batch.end()?;
    Ok(match tally.failed {
        0 => Outcome::Done,
        _ => Outcome::Partly,
    })
}

/// Pairs the inputs with their outputs.
fn plan(arguments: &RestoreArgs, wanted: &[&str]) -> Result<files::Batch> {
    let how = &arguments.how;
    let listed = arguments.files_from.as_deref().map(files::read_list);
    let inputs = files::Inputs {
        typed: &arguments.inputs,
        listed: &listed.transpose()?.unwrap_or_default(),
        shard: arguments.shard,
    };
    let output = how.output(&arguments.output, arguments.resume, arguments.overwrite);
    files::plan(inputs, output, wanted)
}
