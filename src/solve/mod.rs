//! From what was seen of one picture to the picture: task, plan, sampler, and how far the answer
//! is held to the levels.
//!
//! Knows neither files nor frames nor streams. Called by `source`; `stream` has a [`Solver`] of its
//! own, which decides by the same [`Task`].

pub mod gate;
pub mod output;
pub(crate) mod piece;
pub(crate) mod sixteen;
pub(crate) mod task;
pub mod tiled;
pub mod tiling;
pub mod views;
pub mod windowed;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::assumed_quality::AssumedQuality;
use crate::contract::{Control, Denoiser, Hint, Measurement, QuantSteps, Trust};
use crate::error::Result;
use crate::frame::{Picture, Rect};
use crate::jpeg::grid::cell::Slack;
use crate::jpeg::grid::tables;
use crate::jpeg::recover::moved;
use crate::jpeg::recover::moved::Moved;
use crate::jpeg::recover::resaved::{self, FirstSave};
use crate::jpeg::{JpegFile, JpegMeasurement, Observation};
use crate::options::RestoreOptions;
use crate::report::Report;
use crate::sampler;
use crate::sampler::Problem;

pub(crate) use crate::solve::task::Task;

/// With `strict`, how far inside its cell a coefficient must stay, so that rounding the
/// pixels to 8 bits (0.3 units of noise) rarely carries it out again.
const STRICT: Slack = Slack {
    absolute: -1.0,
    ..Slack::NONE
};

/// What the caller asked for, and how to stop it.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    /// Valid options.
    pub options: &'a RestoreOptions,
    /// Progress and cancellation.
    pub control: Control<'a>,
}

/// A picture that was solved.
pub(crate) struct Solved {
    /// On the grid of what was seen.
    pub picture: Arc<Picture>,
    /// Where it may differ from the last picture of the stream; `None`: anywhere.
    pub changed: Option<Vec<Rect>>,
    /// What was done.
    pub report: Report,
}

impl Solved {
    /// One that has nothing to do with the last picture.
    fn alone(picture: Picture, report: Report) -> Self {
        Self {
            picture: Arc::new(picture),
            changed: None,
            report,
        }
    }
}

/// Takes what was seen to a picture.
pub(crate) trait Solver {
    /// `file` as it was saved first; `None` if it shows no earlier save.
    fn first_save(&mut self, file: &JpegFile) -> Option<FirstSave>;

    /// An earlier save of `seen` on another grid, if this solver looks for one.
    fn moved(&mut self, seen: &mut Observation) -> Option<Moved>;

    /// The picture on the aligned grid of `seen`. The decoded planes of `seen` are gone afterwards:
    /// a large picture is in memory often enough without them.
    ///
    /// # Errors
    /// Those of the denoiser and of the plan; [`crate::Error::Cancelled`].
    fn solve(
        &mut self,
        seen: &mut Observation,
        slack: Slack,
        request: Request<'_>,
    ) -> Result<Solved>;
}

/// Solves each picture by itself.
pub(crate) struct Alone<'a>(pub &'a dyn Denoiser);

impl Solver for Alone<'_> {
    fn first_save(&mut self, file: &JpegFile) -> Option<FirstSave> {
        resaved::first_save(file)
    }

    fn moved(&mut self, seen: &mut Observation) -> Option<Moved> {
        moved::look(seen)
    }

    fn solve(
        &mut self,
        seen: &mut Observation,
        slack: Slack,
        request: Request<'_>,
    ) -> Result<Solved> {
        let (denoiser, Request { options, control }) = (self.0, request);
        seen.draw();
        let shown = seen.decode_shown();
        let hint = assumed(seen.take_hint(), options);
        let seen = &*seen;
        let task = Task::of(seen, denoiser, options);
        let mut report = task.report(seen);
        if task.idle || seen.is_lost() {
            return Ok(Solved::alone(shown.unwrap_or(hint.decoded), report));
        }
        let slack = if options.strict { STRICT } else { slack };
        let measurement = JpegMeasurement::new(seen, slack).released_if(task.released);
        let calls = AtomicUsize::new(0);
        let tiled = tiled::Tiled::new(denoiser, options.tile_size, control, &calls);
        task.plan.check(denoiser.facts())?;
        let symmetric = views::Symmetric::new(&tiled, task.plan.views());
        let problem = Problem {
            denoiser: &symmetric,
            measurement: &measurement,
            hint: &hint,
            control,
        };
        let mut picture = sampler::run(&task.plan, &problem, options.seed)?;
        report.departures = measurement.departures();
        report.network_calls = calls.load(Ordering::Relaxed);
        if task.is_strange(&report.departures) {
            task::hand_on(&mut report);
            return Ok(Solved::alone(shown.unwrap_or(hint.decoded), report));
        }
        let shown = shown.as_ref().unwrap_or(&hint.decoded);
        blend(&mut picture.data, &shown.data, options.strength as f32);
        if options.strict {
            measurement.project(&mut picture, Trust::Clamp);
        }
        output::keep_lost_parts(&mut picture, shown, seen);
        report.restored = true;
        report.released = task.released;
        Ok(Solved::alone(picture, report))
    }
}

/// decoded + strength (restored − decoded).
pub(crate) fn blend(picture: &mut [f32], decoded: &[f32], strength: f32) {
    if strength < 1.0 {
        for (x, y) in picture.iter_mut().zip(decoded) {
            *x = y + strength * (*x - y);
        }
    }
}

/// `hint` with steps that are nowhere finer than those of the quality that the caller assumes.
pub(crate) fn assumed(mut hint: Hint, options: &RestoreOptions) -> Hint {
    if let (AssumedQuality::Quality(quality), false) = (options.assume_quality, options.strict) {
        let (luma, chroma) = tables::ijg_pair(quality);
        hint.luma = coarser(&hint.luma, &luma);
        hint.chroma = coarser(&hint.chroma, &chroma);
    }
    hint
}

fn coarser(a: &QuantSteps, b: &QuantSteps) -> QuantSteps {
    std::array::from_fn(|i| a[i].max(b[i]))
}

/// Whether the caller stated a quality to go by instead of the levels. `strict` is about the
/// levels that the file has, so it wins.
pub(crate) fn is_stated(options: &RestoreOptions) -> bool {
    matches!(options.assume_quality, AssumedQuality::Quality(_)) && !options.strict
}
