//! Whether a decoded picture was a coarser JPEG once, on another grid: it was cut or scaled since,
//! and saved again.
//!
//! Its levels show nothing, since they are those of the last grid. What is left are the seams of
//! the earlier blocks, faint and regular. `profile` measures steps and kinks along both axes,
//! `offset` looks for seams 8 pixels apart that are not on the last grid, `period` for seams that
//! are as far apart as scaling made them. A wrong yes costs as much as a right one gains, so both
//! ask for much: of 216 pictures that were saved once, one or two are taken for one that was moved.
//! The limits were chosen on such pictures; docs/measurements/yardstick.md has what they find and
//! miss. Called by `solve`, by `source` for strips, and by the command's `inspect`.

mod offset;
mod period;
mod profile;

use crate::contract::QuantSteps;
use crate::jpeg::Observation;
use crate::jpeg::grid::tables;
use crate::jpeg::recover::moved::profile::Profile;

/// The last save is at least this fine; a coarser one hides the seams, and has some of its own.
const FINE: u8 = 78;
/// Shorter sides show too few seams, in pixels.
const LEAST_SIDE: usize = 160;
/// No more than this of each side is looked at, from the middle, in pixels.
pub(crate) const WINDOW: usize = 1024;

/// What was done to a picture between two saves, and how coarse the first one was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moved {
    /// How the grid of the first save came to lie elsewhere.
    pub how: Move,
    /// The libjpeg quality by which it is best restored. That of the first save is not known so
    /// exactly, and scaling changes what is best.
    pub quality: u8,
}

/// How a grid came to lie elsewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Move {
    /// The picture was cut: the first whole block begins at this column and row, 0..=7.
    Cut(usize, usize),
    /// The picture was scaled: blocks of the first save are this many pixels wide now.
    Scaled(f64),
}

impl Moved {
    /// What the user is told.
    pub fn note(&self) -> String {
        let how = match self.how {
            Move::Cut(..) => "cut",
            Move::Scaled(_) => "scaled",
        };
        format!(
            "saved coarser before, {how} and saved again: restored as at quality {}, not held to \
             the last save's levels",
            self.quality
        )
    }
}

/// Whether a last save with these luma steps is fine enough to show an earlier one.
pub fn may_show(luma: &QuantSteps) -> bool {
    tables::nearest_quality(&tables::BASE_LUMA, luma).quality >= FINE
}

/// The earlier save that the first component of `seen` shows. The planes are drawn if they are not.
pub fn look(seen: &mut Observation) -> Option<Moved> {
    let luma = seen.components.first()?;
    if luma.factors != (1, 1) || !luma.is_measured() || !may_show(&luma.steps) {
        return None;
    }
    let size = (seen.width, seen.height);
    if size.0.min(size.1) < LEAST_SIDE {
        return None;
    }
    seen.draw();
    let luma = seen.components.first()?;
    let axes = Profile::both(&luma.plane, luma.width(), window(size.0), window(size.1));
    offset::find(&axes).or_else(|| period::find(&axes))
}

/// The middle of a side, from a multiple of 8 on: (start, length).
fn window(side: usize) -> (usize, usize) {
    match side > WINDOW {
        true => ((side - WINDOW) / 16 * 8, WINDOW),
        false => (0, side),
    }
}
