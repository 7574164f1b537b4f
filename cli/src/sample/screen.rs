//! What a run shows: the published program's lines on standard output, its running PSNR on
//! standard error (a bar on a terminal, else a line per picture), and all of it in the log.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::sample::arguments::Level;
use crate::sample::log::Log;
use crate::stdout::outln;

/// The screen of one run.
pub struct Screen {
    log: Log,
    bar: ProgressBar,
    psnr: String,
}

impl Screen {
    /// Shows nothing yet.
    pub fn new(log: Log) -> Self {
        Self {
            log,
            bar: ProgressBar::hidden(),
            psnr: String::new(),
        }
    }

    /// The file that lines are kept in.
    pub fn log_path(&self) -> String {
        self.log.path().display().to_string()
    }

    /// A line of the log.
    pub fn log(&self, level: Level, message: &str) {
        if let Some(line) = self.log.line(level, message) {
            self.bar.suspend(|| eprintln!("{line}"));
        }
    }

    /// A line of standard output.
    pub fn print(&self, line: &str) {
        self.log.keep(line);
        self.bar.suspend(|| outln!("{line}"));
    }

    /// The pictures start.
    pub fn begin(&mut self, count: usize) {
        let bar = ProgressBar::new(count as u64);
        if !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let template = "{prefix} {bar:30} {pos}/{len} {elapsed} (left: {eta}) {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        self.bar = bar;
    }

    /// `done` of `total` network calls for the current picture.
    pub fn steps(&self, done: usize, total: usize) {
        self.bar.set_message(format!("step {done}/{total}"));
    }

    /// A picture is done; the mean PSNR so far.
    pub fn done(&mut self, mean_db: f64) {
        self.psnr = format!("PSNR: {mean_db:.2}");
        self.bar.set_prefix(self.psnr.clone());
        self.advance();
    }

    /// A picture failed.
    pub fn failed(&self, message: &str) {
        self.log(Level::Error, message);
        self.advance();
    }

    fn advance(&self) {
        self.bar.inc(1);
        let (done, count) = (self.bar.position(), self.bar.length().unwrap_or(0));
        let line = format!("{}: {done}/{count}", self.psnr);
        self.log.keep(&line);
        if self.bar.is_hidden() {
            eprintln!("{line}");
        }
    }

    /// All pictures are done.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
