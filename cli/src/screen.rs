//! What a batch shows: a progress bar on a terminal, JSON lines if asked for, and failures on
//! standard error.

use std::io::IsTerminal;
use std::time::Duration;

use ddrmjpeg::jpeg::file::origin::Family;
use ddrmjpeg::jpeg::recover::moved::{Move, Moved};
use ddrmjpeg::restore::Estimated;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::io::files::{Batch, Job};
use crate::message;
use crate::restore::archive::Counts;
use crate::restore::batch::Tally;
use crate::restore::result::Output;
use crate::stdout::outln;

/// A share of coefficients; null if none was looked at.
fn share(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

/// What was found from pixels alone.
fn estimated(found: &Estimated) -> Value {
    json!({
        "quality": found.luma.quality(),
        "offset": [found.luma.offset.0, found.luma.offset.1],
        "confidence": found.luma.confidence,
        "steps_seen": found.luma.seen(),
        "luma": found.luma.steps.to_vec(),
        "chroma": found.chroma.as_ref().map(|chroma| chroma.steps.to_vec()),
        "subsampling": found.subsampling.map(|(x, y)| [x, y]),
    })
}

/// An earlier save on another grid.
pub fn moved(found: &Moved) -> Value {
    let how = match found.how {
        Move::Cut(x, y) => json!({"cut": [x, y]}),
        Move::Scaled(period) => json!({"scaled": period}),
        _ => Value::Null,
    };
    json!({"how": how, "quality": found.quality})
}

/// The screen of one batch.
pub struct Screen {
    bar: ProgressBar,
    json: bool,
}

impl Screen {
    /// For `count` inputs.
    pub fn new(count: usize, json: bool) -> Self {
        let bar = ProgressBar::new(count as u64);
        if json || !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let template = "{bar:30} {pos}/{len} {elapsed} (left: {eta}) {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, json }
    }

    /// For inputs without an end: messages, and JSON lines if asked for.
    pub fn without_bar(json: bool) -> Self {
        let bar = ProgressBar::hidden();
        Self { bar, json }
    }

    /// Reports what was left out while the inputs were collected, and what cannot be an input.
    pub fn planned(&self, batch: &Batch) {
        for note in &batch.notes {
            self.say(note);
        }
        for (name, why) in &batch.failures {
            self.say(&format!("{name}: {why}"));
            self.line(&json!({"input": name, "status": "failed", "error": why}));
        }
    }

    /// An input is started.
    pub fn begin(&self, job: &Job) {
        self.bar.set_message(job.name());
    }

    /// `done` of `total` network calls for the current input.
    pub fn calls(&self, job: &Job, done: usize, total: usize) {
        if total > 1 {
            self.bar
                .set_message(format!("{} (step {done}/{total})", job.name()));
        }
    }

    /// An input was skipped because its output exists.
    pub fn skipped(&self, job: &Job) {
        self.line_of(job, json!({"status": "skipped"}));
    }

    /// An input is done.
    pub fn done(&self, job: &Job, output: &Output, seconds: f64) {
        let report = &output.report;
        for note in &report.notes {
            self.say(&format!("{}: {note}", job.name()));
        }
        if let Some(consistency) = &report.consistency {
            self.say(&format!(
                "{}: {:.3} % of the coefficients re-encode to the file's levels ({:.3} % after rounding to 8 bits)",
                job.name(),
                100.0 * consistency.computed,
                100.0 * consistency.rounded
            ));
        }
        let line = json!({
            "output": job.target.name(),
            "status": "done",
            "restored": report.restored,
            "network_calls": report.network_calls,
            "measured": report.measured,
            "gate": report.gate.name(),
            "released": report.released,
            "family": report.family.as_ref().map(Family::name),
            "saved_twice": report.resaved,
            "moved": report.moved.as_ref().map(moved),
            "outside_cells": share(report.departures.left, report.departures.known),
            "far_outside_cells": share(report.departures.far, report.departures.known),
            "estimated": report.estimated.as_deref().map(estimated),
            "out_quality": output.quality,
            "consistency": report.consistency.map(|c| json!({
                "computed": c.computed, "rounded": c.rounded,
            })),
            "notes": report.notes,
            "seconds": seconds,
        });
        self.line_of(job, line);
    }

    /// An archive is done, and has its name.
    pub fn archive_done(&self, job: &Job, counts: Counts, seconds: f64) {
        let Counts { pictures, failed } = counts;
        if failed > 0 {
            let name = job.name();
            self.say(&format!(
                "{name}: {failed} of {pictures} pictures failed and are as they were"
            ));
        }
        let line = json!({
            "output": job.target.name(),
            "status": "done",
            "pictures": pictures,
            "failed": failed,
            "seconds": seconds,
        });
        self.line_of(job, line);
    }

    /// An input failed.
    pub fn failed(&self, job: &Job, error: &anyhow::Error) {
        let why = message::of(error);
        self.say(&format!("{}: {why}", job.name()));
        self.line_of(job, json!({"status": "failed", "error": why}));
    }

    /// The batch is done.
    pub fn end(&self, tally: &Tally) {
        self.bar.finish_and_clear();
        let Tally {
            inputs,
            left_out,
            failed,
        } = *tally;
        if left_out > 0 {
            eprintln!("ddrmjpeg: {left_out} of {inputs} inputs left out: their outputs exist");
        }
        if failed > 0 {
            eprintln!("ddrmjpeg: {failed} of {inputs} inputs failed");
        }
    }

    /// Prints a message.
    pub fn say(&self, text: &str) {
        self.bar.suspend(|| eprintln!("ddrmjpeg: {text}"));
    }

    /// The line of an input that has ended, or of a member of one.
    fn line_of(&self, job: &Job, mut line: Value) {
        line["input"] = job.source.name().into();
        match &job.member {
            Some(member) => line["member"] = member.as_str().into(),
            None => self.bar.inc(1),
        }
        self.line(&line);
    }

    fn line(&self, value: &Value) {
        if self.json {
            outln!("{value}");
        }
    }
}
