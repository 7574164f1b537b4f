//! [`Rows`]: what a strip of the result is made of, 8-bit planes or f32.

use crate::frame::{Orientation, Picture, PixelModel, Planar8, Rect};
use crate::jpeg::Observation;
use crate::solve::output;
use crate::source::channels_of;

/// Pixels of a strip.
pub(crate) trait Rows: Sized {
    /// Bytes of a pixel in colour.
    const PIXEL_BYTES: usize;

    /// A strip of that size, grey if `model` is.
    fn new(model: PixelModel, width: usize, height: usize) -> Self;

    /// The visible part of a picture.
    fn of(picture: Picture, seen: &Observation) -> Self;

    /// The same, so turned.
    fn turned(self, orientation: Orientation) -> Self;

    /// Writes a part of the same height, from column `x` on.
    fn paste(&mut self, part: &Self, x: usize);
}

impl Rows for Planar8 {
    const PIXEL_BYTES: usize = 3;

    fn new(model: PixelModel, width: usize, height: usize) -> Self {
        let model = match model {
            PixelModel::Grey => PixelModel::Grey,
            _ => PixelModel::Rgb,
        };
        Self::new(model, width, height, (1, 1))
    }

    fn of(picture: Picture, seen: &Observation) -> Self {
        output::picture(&picture, seen)
    }

    fn turned(self, orientation: Orientation) -> Self {
        match orientation.is_upright() {
            true => self,
            false => orientation.picture(&self),
        }
    }

    fn paste(&mut self, part: &Self, x: usize) {
        for (plane, part) in self.planes.iter_mut().zip(&part.planes) {
            let rows = plane.data.chunks_exact_mut(plane.width);
            for (row, part) in rows.zip(part.data.chunks_exact(part.width)) {
                row[x..x + part.len()].copy_from_slice(part);
            }
        }
    }
}

impl Rows for Picture {
    const PIXEL_BYTES: usize = 12;

    fn new(model: PixelModel, width: usize, height: usize) -> Self {
        let channels = if model == PixelModel::Grey { 1 } else { 3 };
        Self::new(channels, width, height)
    }

    fn of(picture: Picture, seen: &Observation) -> Self {
        let visible = Rect {
            x: 0,
            y: 0,
            width: seen.width,
            height: seen.height,
        };
        channels_of(picture.crop(visible), seen.model)
    }

    fn turned(self, orientation: Orientation) -> Self {
        match orientation.is_upright() {
            true => self,
            false => Picture::turned(&self, orientation),
        }
    }

    fn paste(&mut self, part: &Self, x: usize) {
        let all = Rect {
            x: 0,
            y: 0,
            width: part.width,
            height: part.height,
        };
        Self::paste(self, part, all, x, 0);
    }
}
