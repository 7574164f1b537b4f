//! `ddrmjpeg eval`: encodes clean pictures, takes them through a chain of saves and other steps, or
//! keeps a few bits of them; restores them by every method asked for, and prints a Markdown table.

pub mod arguments;
mod chain;
mod degrade;
mod grey;
mod levels;
mod measure;
mod methods;
mod report;
mod sheet;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use ddrmjpeg::degradation::Degradation;
use ddrmjpeg::frame::Planar8;
use indicatif::{ProgressBar, ProgressDrawTarget};

use crate::Outcome;
use crate::eval::arguments::EvalArgs;
use crate::eval::measure::{Pictures, Setting, Watcher};
use crate::eval::methods::Method;
use crate::eval::report::Report;
use crate::eval::sheet::Sheet;
use crate::io::{files, picture};
use crate::stdout::{out, outln};

/// Prints a row for each method at each quality and sampling, or chain; for a number of bits, a row
/// for each preset.
pub fn run(arguments: &EvalArgs) -> Result<Outcome> {
    let (model, options) = arguments.options.resolve()?;
    if options.degradation != Degradation::Jpeg && !arguments.chain.is_empty() {
        bail!(
            "--chain: goes with --degradation jpeg alone, not with {}",
            options.degradation
        );
    }
    let pictures = load(arguments)?;
    match options.degradation {
        Degradation::Jpeg => jpegs(arguments, &pictures),
        Degradation::Quant(bits) => {
            levels::run(arguments, bits, (&model, &options), &pictures)?;
            Ok(Outcome::Done)
        }
        other => bail!("--degradation {other}: not of what eval makes"),
    }
}

/// The pictures that were asked for; a clean JPEG as decoders show it.
fn load(arguments: &EvalArgs) -> Result<Pictures> {
    let extensions = [&files::PICTURES[..], files::JPEG].concat();
    let names = files::below(&arguments.folder, &extensions)
        .with_context(|| arguments.folder.display().to_string())?;
    let names = names.into_iter().step_by(usize::from(arguments.every));
    let names: Vec<PathBuf> = names.take(arguments.first.unwrap_or(usize::MAX)).collect();
    let clean = names.iter().map(|name| {
        let clean = picture::load_any(&arguments.folder.join(name))?;
        Ok(match arguments.grey {
            Some(range) => grey::of(&clean, range),
            None => clean,
        })
    });
    let clean: Vec<Planar8> = clean.collect::<Result<_>>()?;
    if clean.is_empty() {
        bail!("{}: no pictures in this folder", arguments.folder.display());
    }
    Ok(Pictures { names, clean })
}

/// Every setting; rows are printed as they come.
fn jpegs(arguments: &EvalArgs, pictures: &Pictures) -> Result<Outcome> {
    let settings = settings(arguments, pictures)?;
    let mut methods = vec![Method::jpeg()];
    methods.extend(Method::all(arguments)?);
    let mut screen = Screen::new(settings.len() * pictures.clean.len(), arguments);
    let mut report = Report {
        pictures,
        metrics: &arguments.metrics,
        rows: Vec::new(),
    };
    outln!("{}", report.markdown_head());
    for setting in settings {
        let rows = measure::setting(report.metrics, pictures, &setting, &methods, &mut screen)?;
        let from = report.rows.len();
        report.rows.extend(rows);
        let new = report.rows[from..].iter();
        let lines: String = new.map(|row| report.markdown_row(row) + "\n").collect();
        screen.bar.suspend(|| out!("{lines}"));
        screen.sheet_is_full = true;
    }
    screen.bar.finish_and_clear();
    save(arguments, &report, screen.sheet.as_ref())?;
    Ok(match screen.failures {
        0 => Outcome::Done,
        _ => Outcome::Partly,
    })
}

/// All chains for the pictures. An error if a picture is too small for one.
fn settings(arguments: &EvalArgs, pictures: &Pictures) -> Result<Vec<Setting>> {
    let chains = arguments.chains();
    for chain in &chains {
        for (name, clean) in pictures.names.iter().zip(&pictures.clean) {
            let checked = chain.check_size((clean.width(), clean.height()));
            checked.map_err(|why| anyhow!("{}: {why}", name.display()))?;
        }
    }
    let grey = arguments.grey.is_some();
    let settings = chains.into_iter().map(|chain| Setting { chain, grey });
    Ok(settings.collect())
}

/// The progress bar, what failed, and the sheet, which shows only the first setting.
struct Screen {
    bar: ProgressBar,
    failures: usize,
    sheet: Option<Sheet>,
    sheet_is_full: bool,
}

impl Screen {
    fn new(length: usize, arguments: &EvalArgs) -> Self {
        let bar = ProgressBar::new(length as u64);
        if !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self {
            bar,
            failures: 0,
            sheet: arguments.sheet.as_ref().map(|_| Sheet::default()),
            sheet_is_full: false,
        }
    }
}

impl Watcher for Screen {
    fn answered(&mut self, clean: &Planar8, answers: &[&Planar8]) {
        if let Some(sheet) = self.sheet.as_mut().filter(|_| !self.sheet_is_full) {
            sheet.add(std::iter::once(clean).chain(answers.iter().copied()));
        }
        self.bar.inc(1);
    }

    fn failed(&mut self, what: &str) {
        self.failures += 1;
        self.bar.suspend(|| eprintln!("ddrmjpeg: {what}"));
    }
}

/// The files that were asked for.
fn save(arguments: &EvalArgs, report: &Report<'_>, sheet: Option<&Sheet>) -> Result<()> {
    for path in &arguments.save {
        let text = match path.extension().and_then(|e| e.to_str()) {
            Some("csv") => report.csv(),
            Some("json") => format!("{:#}\n", report.json()),
            _ => report.markdown(),
        };
        std::fs::write(path, text).with_context(|| path.display().to_string())?;
    }
    match (sheet, &arguments.sheet) {
        (Some(sheet), Some(path)) => picture::save(&sheet.picture(), Path::new(path)),
        _ => Ok(()),
    }
}
