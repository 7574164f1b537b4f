//! `ddrmjpeg restore`: a batch. A bad file gets a message; the others are restored.
//!
//! Reading, restoring and writing overlap (`pipeline`); messages and files still come in the order
//! of the inputs.

pub mod archive;
pub mod arguments;
pub mod batch;
mod input;
mod large;
mod pipeline;
mod quality;
pub mod result;
mod stop;

use anyhow::{Context, Result, bail};
use ddrmjpeg::Restorer;

use crate::io::files;
use crate::io::files::archives;
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
    let wanted = batch::wanted(how, &options)?;
    let (planned, archives) = plan(arguments, wanted)?;
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
    match archives {
        true => {
            for job in &planned.jobs {
                tally.count(archive::run(&batch, job, wanted));
            }
        }
        false => batch.run(planned.jobs.into_iter(), &mut tally),
    }
    screen.end(&tally);
    batch.end()?;
    Ok(match tally.failed {
        0 => Outcome::Done,
        _ => Outcome::Partly,
    })
}

/// Pairs the inputs with their outputs, and says whether they are archives.
fn plan(arguments: &RestoreArgs, wanted: &[&str]) -> Result<(files::Batch, bool)> {
    let how = &arguments.how;
    let listed = arguments.files_from.as_deref().map(files::read_list);
    let inputs = files::Inputs {
        typed: &arguments.inputs,
        listed: &listed.transpose()?.unwrap_or_default(),
        shard: arguments.shard,
    };
    let output = how.output(&arguments.output, arguments.resume, arguments.overwrite);
    let archives = archives::are_archives(inputs, output.path, arguments.tar)?;
    if archives && arguments.report.is_some() {
        bail!("--report: pages are of pictures, not of archives");
    }
    if archives && how.json && output.path.as_os_str() == "-" {
        bail!("--json and -o -: both would go to standard output");
    }
    let planned = match archives {
        true => archives::plan(inputs, output)?,
        false => files::plan(inputs, output, wanted)?,
    };
    Ok((planned, archives))
}
