//! One piece of a picture whose decisions are made: what is decoded and estimated with its
//! surroundings, and held to its own cells.
//!
//! Only for plans of one call, which look no further than the network does. A piece has the pixels
//! that `Alone` gives it in the whole picture with the same tiles. Called by `source::strips`.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::contract::{Control, Denoiser, Hint, Measurement, ONE_CALL_SIGMA, QuantSteps, Trust};
use crate::error::Result;
use crate::frame::{Picture, Rect};
use crate::jpeg::grid::cell::Slack;
use crate::jpeg::grid::measure::Departures;
use crate::jpeg::{JpegMeasurement, Observation};
use crate::options::RestoreOptions;
use crate::solve::task::Task;
use crate::solve::tiled::Tiled;
use crate::solve::tiling::Tile;
use crate::solve::views::Symmetric;
use crate::solve::{STRICT, assumed, blend, output};

/// What all pieces of a picture have in common.
pub(crate) struct Common<'a> {
    pub denoiser: &'a dyn Denoiser,
    pub options: &'a RestoreOptions,
    pub control: Control<'a>,
    pub task: &'a Task,
    /// How exact the cells are.
    pub slack: Slack,
    /// Steps of luma and chroma in the whole picture, as far as they are known.
    pub steps: (QuantSteps, QuantSteps),
    /// Luma samples per chroma sample.
    pub subsampling: (usize, usize),
    /// Counts calls of the network.
    pub calls: &'a AtomicUsize,
}

/// A piece that was solved.
pub(crate) struct Solved {
    /// The core of the tile, on the grid.
    pub picture: Picture,
    /// What was seen of it.
    pub seen: Observation,
    /// How far the estimates were outside their cells.
    pub departures: Departures,
}

impl Common<'_> {
    /// Solves the core of `tile`. `around` was seen of `place`, which holds the tile's window and,
    /// on each side that is not the picture's end, an MCU more.
    ///
    /// # Errors
    /// Those of the denoiser; [`crate::Error::Cancelled`].
    pub fn solve(&self, mut around: Observation, place: Rect, tile: Tile) -> Result<Solved> {
        let core = tile.core.within(place);
        around.draw();
        let shown = around.decode_shown().map(|shown| shown.crop(core));
        let decoded = around.decode();
        let seen = around.cut(core);
        drop(around);
        if self.task.idle || seen.is_lost() {
            return Ok(Solved {
                picture: shown.unwrap_or_else(|| decoded.crop(core)),
                seen,
                departures: Departures::default(),
            });
        }
        let hint = self.hint(decoded.crop(tile.window.within(place)));
        drop(decoded);
        let picture = self.estimate(&hint)?.crop(tile.core_in_window());
        let shown = shown.unwrap_or_else(|| hint.decoded.crop(tile.core_in_window()));
        drop(hint);
        Ok(self.held(picture, &shown, seen))
    }

    fn hint(&self, decoded: Picture) -> Hint {
        let hint = Hint {
            decoded,
            luma: self.steps.0,
            chroma: self.steps.1,
            subsampling: self.subsampling,
        };
        assumed(hint, self.options)
    }

    /// The network's answer for a window.
    fn estimate(&self, hint: &Hint) -> Result<Picture> {
        let decoded = &hint.decoded;
        // One tile: the whole window.
        let side = decoded.width.max(decoded.height);
        let one = Tiled::new(self.denoiser, side, self.control, self.calls);
        let views = Symmetric::new(&one, self.task.plan.views());
        views.denoise(decoded, ONE_CALL_SIGMA, Some(hint))
    }

    /// The answer for the core, held to what was seen of it.
    fn held(&self, mut picture: Picture, shown: &Picture, seen: Observation) -> Solved {
        let slack = if self.options.strict {
            STRICT
        } else {
            self.slack
        };
        let measurement = JpegMeasurement::new(&seen, slack).released_if(self.task.released);
        measurement.project(&mut picture, Trust::Judged);
        let departures = measurement.departures();
        blend(&mut picture.data, &shown.data, self.options.strength as f32);
        if self.options.strict {
            measurement.project(&mut picture, Trust::Clamp);
        }
        output::keep_lost_parts(&mut picture, shown, &seen);
        Solved {
            picture,
            seen,
            departures,
        }
    }

    /// Calls of the network so far.
    pub fn calls_so_far(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}
