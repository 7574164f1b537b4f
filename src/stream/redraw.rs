//! Plans of several calls on a stream that accumulates: what stands still keeps the pixels of the
//! last result, and the network is asked for the rest alone.
//!
//! With the cell sampler the last result is a draw that fits all that is known, as long as that stays
//! the same. So it is held to as a measurement is: the network sees it at each step, and no seam is
//! left. The field of noise is the stream's own. If all that is new lies close to the last result,
//! the draws may start from that ([`sampler::Warm`]). Called by `last_frame`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::contract::{Control, Denoiser, Measurement, Trust};
use crate::error::Result;
use crate::frame::{Picture, Rect};
use crate::jpeg::{JpegMeasurement, Observation};
use crate::report::Report;
use crate::sampler;
use crate::sampler::cell::ONE_CALL_SIGMA;
use crate::sampler::plan::Plan;
use crate::sampler::{Problem, Warm};
use crate::solve::{blend, is_stated, tiled, views};
use crate::stream::asked_parts::Around;
use crate::stream::last_frame::Last;
use crate::stream::still::Cells;

/// Root mean square, in units of the `[-1, 1]` range, of how far the last result may be from this
/// frame's cells where draws begin from it: a tenth of the noise that they begin under.
const NEAR: f64 = 0.02;

/// A measurement that also knows parts of the picture.
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

/// What [`Warm`] is made from.
struct Near {
    picture: Picture,
    cold: Vec<Rect>,
}

impl Last {
    /// Brings the network's answer up to date in `units`, the mean over so many views. Returns
    /// how many calls that took.
    ///
    /// # Errors
    /// Those of the denoiser, and [`crate::Error::Cancelled`].
    pub(crate) fn ask_views(
        &mut self,
        (denoiser, views): (&dyn Denoiser, usize),
        units: &Cells,
        control: Control<'_>,
    ) -> Result<usize> {
        if units.is_clear() {
            return Ok(0);
        }
        control.step(0, 1)?;
        let calls = AtomicUsize::new(0);
        let tiled = tiled::Tiled::new(denoiser, self.key.options.tile_size, control, &calls);
        let views = views::Symmetric::new(&tiled, views);
        let parts = units.rects();
        let around = Around::new(&views, &parts, &self.estimate);
        self.estimate = around.denoise(&self.hint.decoded, ONE_CALL_SIGMA, Some(&self.hint))?;
        control.step(1, 1)?;
        Ok(calls.into_inner())
    }

    /// The picture, drawn again by the cell sampler in the units that are marked; `begins`: there is no last result.
    ///
    /// # Errors
    /// Those of the denoiser, and [`crate::Error::Cancelled`].
    pub(crate) fn redraw(
        &mut self,
        (denoiser, plan): (&dyn Denoiser, &Plan),
        seen: &Observation,
        (units, begins): (&Cells, bool),
        (report, control): (&mut Report, Control<'_>),
    ) -> Result<Arc<Picture>> {
        report.restored = true;
        report.released = is_stated(&self.key.options);
        if units.is_clear() {
            report.departures = self.stood_in_all;
            return Ok(Arc::clone(&self.picture));
        }
        let calls = AtomicUsize::new(0);
        let options = &self.key.options;
        let tiled = tiled::Tiled::new(denoiser, options.tile_size, control, &calls);
        let known = &self.known;
        let bounds = |c: usize, at: usize| known.bounds(c, at);
        let released = is_stated(&self.key.options);
        let measured = || {
            let measurement = JpegMeasurement::new(seen, self.key.slack);
            measurement.within(&bounds).released_if(released)
        };
        let measurement = measured();
        let (parts, still) = (units.rects(), units.inverse().rects());
        let problem = Problem {
            denoiser: &Around::new(&tiled, &parts, &self.estimate),
            measurement: &Holding {
                measurement: &measurement,
                picture: &self.estimate,
                known: &still,
            },
            hint: &self.hint,
            control,
        };
        let near = (plan.begins_warm() && !begins).then(|| self.near(&measured(), seen, units));
        let around = near
            .as_ref()
            .map(|n| Around::new(&tiled, &n.cold, &n.picture));
        let warm = near
            .as_ref()
            .zip(around.as_ref())
            .map(|(near, around)| Warm {
                picture: &near.picture,
                cold: &near.cold,
                denoiser: around,
            });
        let drawn = sampler::run_from(warm.as_ref(), plan, &problem, options.seed)?;
        report.network_calls = calls.load(Ordering::Relaxed);
        report.departures = measurement.departures();
        let mut picture = drawn.clone();
        blend(
            &mut picture.data,
            &self.hint.decoded.data,
            options.strength as f32,
        );
        self.stood_in_all = report.departures;
        self.estimate = drawn;
        self.picture = Arc::new(picture);
        Ok(Arc::clone(&self.picture))
    }

    /// The last result in this frame's cells, and in which of `units` it had to move far, or nothing
    /// says whether it should have.
    fn near(&self, measurement: &JpegMeasurement<'_>, seen: &Observation, units: &Cells) -> Near {
        let mut picture = self.estimate.clone();
        measurement.project(&mut picture, Trust::Clamp);
        let unknown = self.unknown(seen, units.cell_px());
        let far = |rect: Rect| rms(&self.estimate.crop(rect), &picture.crop(rect)) > NEAR;
        let mut cold = self.key.cells(units.cell_px());
        for n in units.marked() {
            let rect = units.rect(n);
            if unknown.is_marked(n) || far(rect) {
                cold.mark(rect);
            }
        }
        Near {
            picture,
            cold: cold.rects(),
        }
    }

    /// Units of which a block of any component has no levels.
    fn unknown(&self, seen: &Observation, unit_px: (usize, usize)) -> Cells {
        let mut unknown = self.key.cells(unit_px);
        for component in &seen.components {
            if component.levels.is_empty() {
                unknown.mark_all();
            }
            let blocks = component.levels.iter().enumerate();
            let none = blocks.filter(|(_, levels)| levels.is_none());
            none.for_each(|(at, _)| unknown.mark(component.place(at)));
        }
        unknown
    }
}

/// Root mean square of what two pictures of one size differ by.
fn rms(a: &Picture, b: &Picture) -> f64 {
    let pairs = a.data.iter().zip(&b.data);
    let squares: f64 = pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum();
    (squares / a.data.len() as f64).sqrt()
}
