//! From what was seen of one picture to the picture: gate, plan, sampler, and how far the answer
//! is held to the levels.
//!
//! Knows neither files nor frames. Called by `files`, `known`, `estimated` and `restore`.

pub mod gate;
pub mod output;
pub mod tiled;
pub mod tiling;
pub mod views;
pub mod windowed;

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::assumed_quality::AssumedQuality;
use crate::contract::{Control, Denoiser, Hint, Measurement, QuantSteps, Trust};
use crate::error::Result;
use crate::jpeg::grid::cell::Slack;
use crate::jpeg::grid::tables;
use crate::jpeg::{JpegMeasurement, Observation};
use crate::options::Options;
use crate::restore::{Gate, Report, Restorer, STRANGE, blend};
use crate::sampler;
use crate::sampler::Problem;
use crate::sampler::plan::Plan;
use crate::stream::Solved;

/// With `strict`, how far inside its cell a coefficient must stay, so that rounding the
/// pixels to 8 bits (0.3 units of noise) rarely carries it out again.
const STRICT: Slack = Slack {
    absolute: -1.0,
    ..Slack::NONE
};

impl Restorer {
    /// Runs the plan; the picture is on the observation's aligned grid. The decoded planes of
    /// `seen` are gone afterwards: a large picture is in memory often enough without them.
    pub(crate) fn solve(
        &self,
        seen: &mut Observation,
        slack: Slack,
        options: &Options,
        control: Control<'_>,
    ) -> Result<Solved> {
        if let Some(solved) = self.solve_next(seen, slack, options, control)? {
            return Ok(solved);
        }
        seen.draw();
        let shown = seen.decode_shown();
        let hint = assumed(seen.take_hint(), options);
        let seen = &*seen;
        let mut report = Report {
            measured: seen.components.iter().map(|c| c.is_measured()).collect(),
            ..Report::default()
        };
        let denoiser = &*self.denoiser;
        let limit = strange_limit(seen, denoiser, options);
        if asks_gate(options) {
            report.gate = Gate::of(seen, limit);
        }
        let idle = options.strength == 0.0 || report.gate == Gate::Closed;
        if idle || seen.is_lost() {
            return Ok(Solved::alone(shown.unwrap_or(hint.decoded), report));
        }
        let slack = if options.strict { STRICT } else { slack };
        let measurement = JpegMeasurement::new(seen, slack).released_if(is_stated(options));
        let calls = AtomicUsize::new(0);
        let tiled = tiled::Tiled::new(denoiser, options.tile_size, control, &calls);
        let plan = Plan::of(options, denoiser.one_call());
        plan.check(denoiser, &options.model)?;
        let symmetric = views::Symmetric::new(&tiled, plan.views());
        let problem = Problem {
            denoiser: &symmetric,
            measurement: &measurement,
            hint: &hint,
            control,
        };
        let mut picture = sampler::run(&plan, &problem, options.seed)?;
        report.departures = measurement.departures();
        report.network_calls = calls.load(Ordering::Relaxed);
        let judges = matches!(plan, Plan::OneCall { .. });
        let strange = |limit| judges && gate::is_strange(&report.departures, limit);
        if limit.is_some_and(strange) {
            report.gate = Gate::Closed;
            report.notes.push(STRANGE.into());
            return Ok(Solved::alone(shown.unwrap_or(hint.decoded), report));
        }
        let shown = shown.as_ref().unwrap_or(&hint.decoded);
        blend(&mut picture, shown, options.strength as f32);
        if options.strict {
            measurement.project(&mut picture, Trust::Clamp);
        }
        output::keep_lost_parts(&mut picture, shown, seen);
        report.restored = true;
        report.released = is_stated(options);
        Ok(Solved::alone(picture, report))
    }
}

/// `hint` with steps that are nowhere finer than those of the quality that the caller assumes.
pub(crate) fn assumed(mut hint: Hint, options: &Options) -> Hint {
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
pub(crate) fn is_stated(options: &Options) -> bool {
    matches!(options.assume_quality, AssumedQuality::Quality(_)) && !options.strict
}

/// Whether pictures that need no restoring are handed on: not where the caller says how they were
/// damaged.
pub(crate) fn asks_gate(options: &Options) -> bool {
    options.identity_gate && !is_stated(options)
}

/// Share of luma coefficients far outside from which an answer is strange; `None` where nobody
/// asks.
pub(crate) fn strange_limit(
    seen: &Observation,
    denoiser: &dyn Denoiser,
    options: &Options,
) -> Option<f64> {
    match asks_gate(options) {
        true => gate::limit(seen, denoiser),
        false => None,
    }
}
