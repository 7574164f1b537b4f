//! `ddrmjpeg watch`: restores what comes into a folder, until it is stopped. What came while it was
//! not running is restored when it starts.

mod arrivals;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use clap::Args;
use ddrmjpeg::Restorer;

use crate::io::files;
use crate::io::format::Format;
use crate::restore::arguments::HowArgs;
use crate::restore::batch::{Batch, Tally, wanted};
use crate::restore::result;
use crate::screen::Screen;
use crate::watch::arrivals::{Arrivals, Places};
use crate::{Outcome, message};

#[derive(Debug, Args)]
pub struct WatchArgs {
    /// The folder that pictures come into, and the folders below it.
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// The folder for the results, which may lie in the other. It is created if needed.
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// Look for new files every so many seconds, instead of waiting for the system to tell of them:
    /// for folders on other machines, whose changes it does not see.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub poll: Option<u64>,
    #[command(flatten)]
    pub how: HowArgs,
}

/// Set by SIGINT and SIGTERM.
static STOP: AtomicBool = AtomicBool::new(false);

/// Restores until it is stopped; then the picture in work is finished.
pub fn run(arguments: &WatchArgs) -> Result<Outcome> {
    let how = &arguments.how;
    let (model, options) = how.options.resolve()?;
    let format = files::format(how.output(&arguments.output, false, true))?;
    format.depth(how.depth).context("--depth")?;
    if format == Format::Jpeg {
        result::check_jpeg(how, &options)?;
    }
    for (name, folder) in [("IN", &arguments.input), ("OUT", &arguments.output)] {
        if name == "OUT" {
            std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        if !folder.is_dir() {
            bail!("{name} = {}: not a folder", folder.display());
        }
    }
    ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed))?;
    let screen = Screen::without_bar(how.json);
    // The system names new files by whole paths.
    let places = Places {
        input: arguments.input.canonicalize()?,
        output: arguments.output.canonicalize()?,
        wanted: wanted(how, &options)?,
        format,
    };
    let arrivals = Arrivals::new(places, arguments.poll, &STOP, &screen)?;
    let restorer = Restorer::open(&model)?;
    message::caution(&restorer);
    let mut tally = Tally::default();
    Batch::new(how, &options, &restorer, &screen, false).run(arrivals, &mut tally);
    screen.end(&tally);
    Ok(Outcome::Done)
}
