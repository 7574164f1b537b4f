//! [`Finish`]: from the network's answer to the restored picture, unit by unit.
//!
//! A unit is a part of a row of MCUs: nothing after the network looks beyond it. `solve::Alone`
//! does the same to the whole picture. Called by `last_frame`.

use std::sync::{Mutex, PoisonError};

use crate::contract::Trust;
use crate::frame::{Picture, Rect};
use crate::jpeg::JpegMeasurement;
use crate::jpeg::grid::measure::{Departures, Run};
use crate::runtime::threads::crew;
use crate::solve::blend;
use crate::stream::still::Cells;

/// What units are made from.
pub(crate) struct Finish<'a> {
    /// What they are held to.
    pub measurement: &'a JpegMeasurement<'a>,
    /// `RestoreOptions::strength`.
    pub strength: f32,
    /// Rows of pixels in a row of MCUs.
    pub mcu_rows: usize,
    /// The network's answer, whole.
    pub estimate: &'a Picture,
    /// The decoded picture, whole.
    pub decoded: &'a Picture,
    /// The answer is shown as it is; how it stood to the cells is counted all the same.
    pub released: bool,
}

/// How the network's answer stood to the cells of units that lie beside each other.
pub(crate) struct Stood {
    /// The number of the first in raster order.
    pub first: usize,
    /// One entry for each.
    pub units: Vec<Departures>,
}

/// A row of MCUs of the picture: its planes, and its runs of marked units with the number of the
/// first of each.
struct Row<'a> {
    planes: [&'a mut [f32]; 3],
    runs: Vec<(usize, Rect)>,
}

impl Finish<'_> {
    /// Computes the marked ones of `units` of `picture` again, on all cores.
    pub fn units(&self, units: &Cells, picture: &mut Picture) -> Vec<Stood> {
        let (width, n) = (picture.width, picture.plane_len());
        let mut runs: Vec<Vec<(usize, Rect)>> = vec![Vec::new(); picture.height / self.mcu_rows];
        for (first, run) in units.runs() {
            runs[run.y / self.mcu_rows].push((first, run));
        }
        let (red, rest) = picture.data.split_at_mut(n);
        let (green, blue) = rest.split_at_mut(n);
        let rows = |plane| <[f32]>::chunks_exact_mut(plane, self.mcu_rows * width);
        let planes = rows(red).zip(rows(green)).zip(rows(blue));
        let rows = planes.zip(runs).map(|(((r, g), b), runs)| Row {
            planes: [r, g, b],
            runs,
        });
        let stood = Mutex::new(Vec::new());
        crew::each(rows.filter(|row| !row.runs.is_empty()), |_, mut row| {
            for (first, rect) in row.runs {
                let units = self.run(rect, units.cell_px().0, (&mut row.planes, width));
                // Only pushed to.
                let mut stood = stood.lock().unwrap_or_else(PoisonError::into_inner);
                stood.push(Stood { first, units });
            }
        });
        stood.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Computes `rect` of a row of MCUs again, in planes of that width.
    fn run(
        &self,
        rect: Rect,
        unit: usize,
        (row, width): (&mut [&mut [f32]; 3], usize),
    ) -> Vec<Departures> {
        if rect.width == width {
            let lines = rect.y * width..(rect.y + rect.height) * width;
            for (c, plane) in row.iter_mut().enumerate() {
                plane.copy_from_slice(&self.estimate.plane(c)[lines.clone()]);
            }
            return self.finish(rect, unit, row.each_mut().map(|plane| &mut **plane));
        }
        let mut picture = self.estimate.crop(rect);
        let n = picture.plane_len();
        let (red, rest) = picture.data.split_at_mut(n);
        let (green, blue) = rest.split_at_mut(n);
        let stood = self.finish(rect, unit, [red, green, blue]);
        for (c, plane) in row.iter_mut().enumerate() {
            let lines = plane.chunks_exact_mut(width);
            for (line, made) in lines.zip(picture.plane(c).chunks_exact(rect.width)) {
                line[rect.x..][..rect.width].copy_from_slice(made);
            }
        }
        stood
    }

    /// From the answer in `rect`, which is in `rgb`, to the picture.
    fn finish(&self, rect: Rect, unit: usize, mut rgb: [&mut [f32]; 3]) -> Vec<Departures> {
        let answer = self
            .released
            .then(|| rgb.each_ref().map(|plane| plane.to_vec()));
        let run = Run {
            row: rect.y / self.mcu_rows,
            x: rect.x,
            width: rect.width,
        };
        let planes = rgb.each_mut().map(|plane| &mut **plane);
        let stood = self
            .measurement
            .project_run(run, planes, Trust::Judged, unit);
        for (plane, answer) in rgb.iter_mut().zip(answer.iter().flatten()) {
            plane.copy_from_slice(answer);
        }
        if self.strength < 1.0 {
            let decoded = self.decoded.crop(rect);
            for (c, plane) in rgb.iter_mut().enumerate() {
                blend(plane, decoded.plane(c), self.strength);
            }
        }
        stood
    }
}
