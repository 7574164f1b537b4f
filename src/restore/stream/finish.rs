//! [`Finish`]: from the network's answer to the restored picture, unit by unit.
//!
//! A unit is a part of a row of MCUs: nothing that follows the network looks beyond it. What
//! is done is what `Restorer::solve` does to the whole picture. Called by `memory`.

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::super::blend;
use crate::contract::Trust;
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

/// A part of the restored picture.
pub(super) struct Unit {
    /// Its number in raster order.
    pub number: usize,
    /// Where it is.
    pub rect: Rect,
    /// Its pixels.
    pub picture: Picture,
    /// How the network's answer stood to its cells.
    pub stood: Departures,
}

impl Finish<'_> {
    /// The marked ones of `units`, on all cores.
    pub fn units(&self, units: &Cells) -> Vec<Unit> {
        let numbers: Vec<usize> = units.marked().collect();
        let unit = |&number: &usize| self.unit(number, units.rect(number));
        numbers.par_iter().map(unit).collect()
    }

    fn unit(&self, number: usize, rect: Rect) -> Unit {
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
        let stood = self.measurement.project_run(run, rgb, Trust::Judged);
        if self.strength < 1.0 {
            blend(&mut picture, &self.decoded.crop(rect), self.strength);
        }
        Unit {
            number,
            rect,
            picture,
            stood,
        }
    }
}
