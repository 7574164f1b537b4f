//! [`Finish`]: from the network's answer to the restored picture, unit by unit.
//!
//! A unit is a part of a row of MCUs: nothing that follows the network looks beyond it. What
//! is done is what `Restorer::solve` does to the whole picture. Called by `memory`.

use super::super::blend;
use crate::contract::Trust;
use crate::crew;
use crate::frame::{Picture, Rect};
use crate::jpeg::JpegMeasurement;
use crate::jpeg::measure::{Departures, Run};
use crate::video::Cells;

/// What units are made from.
pub(super) struct Finish<'a> {
    /// What they are held to.
    pub measurement: &'a JpegMeasurement<'a>,
    /// `Options::strength`.
    pub strength: f32,
    /// Rows of pixels in a row of MCUs.
    pub mcu_rows: usize,
    /// The network's answer, whole.
    pub estimate: &'a Picture,
    /// The decoded picture, whole.
    pub decoded: &'a Picture,
}

/// Parts of the restored picture that lie beside each other.
pub(super) struct Units {
    /// The number of the first in raster order.
    pub first: usize,
    /// Where they are.
    pub rect: Rect,
    /// Their pixels.
    pub picture: Picture,
    /// How the network's answer stood to the cells of each.
    pub stood: Vec<Departures>,
}

impl Finish<'_> {
    /// The marked ones of `units`, on all cores.
    pub fn units(&self, units: &Cells) -> Vec<Units> {
        let runs: Vec<_> = units.runs().collect();
        let unit = units.cell_px().0;
        let run = |&(first, rect): &(usize, Rect)| self.run(first, rect, unit);
        crew::map(&runs, run)
    }

    fn run(&self, first: usize, rect: Rect, unit: usize) -> Units {
        let mut picture = self.estimate.crop(rect);
        let run = Run {
            row: rect.y / self.mcu_rows,
            x: rect.x,
            width: rect.width,
        };
        let n = picture.plane_len();
        let (red, rest) = picture.data.split_at_mut(n);
        let (green, blue) = rest.split_at_mut(n);
        let rgb = [red, green, blue];
        let stood = self.measurement.project_run(run, rgb, Trust::Judged, unit);
        if self.strength < 1.0 {
            blend(&mut picture, &self.decoded.crop(rect), self.strength);
        }
        Units {
            first,
            rect,
            picture,
            stood,
        }
    }
}
