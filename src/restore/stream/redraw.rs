//! Plans of several calls on a stream that accumulates: what stands still keeps the pixels of the
//! last result, and the rest is drawn again around it.
//!
//! The last result is a draw that fits all that is known as long as that stays the same, so it is
//! held to as a measurement is: the network sees it at each step, and no seam is left. The field
//! of noise is the stream's own. Called by `memory`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::{Gate, Report, STRANGE, blend, gate, symmetry, tiled};
use super::memory::Last;
use crate::contract::{Control, Denoiser, Measurement, Trust};
use crate::error::Result;
use crate::frame::{Picture, Rect};
use crate::jpeg::{JpegMeasurement, Observation};
use crate::sampler::plan::Plan;
use crate::sampler::{self, Problem};
use crate::video::Cells;

/// A measurement that knows parts of the picture besides.
struct Holding<'a> {
    measurement: &'a JpegMeasurement<'a>,
    picture: &'a Picture,
    known: &'a [Rect],
}

impl Measurement for Holding<'_> {
    fn project(&self, x0: &mut Picture, trust: Trust<'_>) {
        self.measurement.project(x0, trust);
        for rect in self.known {
            x0.paste(self.picture, *rect, rect.x, rect.y);
        }
    }
}

impl Last {
    /// The picture, drawn again in the units that are marked.
    ///
    /// # Errors
    /// Those of the denoiser, and [`crate::Error::Cancelled`].
    pub(super) fn redraw(
        &mut self,
        (denoiser, plan): (&dyn Denoiser, &Plan),
        seen: &Observation,
        units: &Cells,
        limit: Option<f64>,
        (report, control): (&mut Report, Control<'_>),
    ) -> Result<Arc<Picture>> {
        report.restored = true;
        if units.is_clear() {
            report.departures = self.stood_in_all;
            return Ok(Arc::clone(&self.picture));
        }
        let calls = AtomicUsize::new(0);
        let options = &self.key.options;
        let tiled = tiled::Tiled::new(denoiser, options.tile_size, control, &calls);
        let known = &self.known;
        let bounds = |c: usize, at: usize| known.bounds(c, at);
        let measurement = JpegMeasurement::new(seen, self.key.slack).within(&bounds);
        let still = units.inverse().rects();
        let problem = Problem {
            denoiser: &symmetry::Symmetric::new(&tiled, plan.views()),
            measurement: &Holding {
                measurement: &measurement,
                picture: &self.estimate,
                known: &still,
            },
            hint: &self.hint,
            control,
        };
        let drawn = sampler::run(plan, &problem, options.seed)?;
        let departures = measurement.departures();
        report.network_calls = calls.load(Ordering::Relaxed);
        report.departures = departures;
        let judges = matches!(plan, Plan::OneCall { .. });
        let strange = |limit| judges && gate::is_strange(&departures, limit);
        self.strange = limit.is_some_and(strange);
        if self.strange {
            report.restored = false;
            report.gate = Gate::Closed;
            report.notes.push(STRANGE.into());
            return Ok(Arc::new(self.hint.decoded.clone()));
        }
        let mut picture = drawn.clone();
        blend(&mut picture, &self.hint.decoded, options.strength as f32);
        self.stood_in_all = departures;
        self.estimate = drawn;
        self.picture = Arc::new(picture);
        Ok(Arc::clone(&self.picture))
    }
}
