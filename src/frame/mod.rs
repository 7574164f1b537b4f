//! Pictures in memory: [`Picture`], the planar f32 that every stage computes on,
//! and [`Planar8`], the 8-bit planes that come from and go to files and pipelines.
//!
//! No file formats, no colour conversion, no torch. Called by everything.

mod deep;
mod fields;
#[cfg(feature = "image")]
mod images;
mod orientation;
mod view;

use crate::error::{Error, Result};

pub use crate::frame::orientation::Orientation;
pub use crate::frame::view::{FrameView, FrameViewMut, PixelFormat};

/// A rectangle of pixels; `x`, `y` is its top left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// Left edge in pixels.
    pub x: usize,
    /// Top edge in pixels.
    pub y: usize,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
}

impl Rect {
    /// What lies inside of it of `others`, seen from its corner.
    pub(crate) fn parts_of(&self, others: &[Rect]) -> Vec<Rect> {
        let meet = |(from, length): (usize, usize), (start, all): (usize, usize)| {
            let first = from.max(start);
            let end = (from + length).min(start + all);
            (first < end).then(|| (first - start, end - first))
        };
        let part = |other: &Rect| {
            let (x, width) = meet((other.x, other.width), (self.x, self.width))?;
            let (y, height) = meet((other.y, other.height), (self.y, self.height))?;
            Some(Rect {
                x,
                y,
                width,
                height,
            })
        };
        others.iter().filter_map(part).collect()
    }

    /// `self`, seen from the corner of `other`, in which it lies.
    pub(crate) fn within(&self, other: Rect) -> Self {
        Self {
            x: self.x - other.x,
            y: self.y - other.y,
            ..*self
        }
    }
}

/// A picture `[channels, height, width]` of f32, rows packed, planes one after another.
///
/// In the sampler: three channels R, G, B, nominally in `[-1, 1]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Number of planes.
    pub channels: usize,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// `channels * height * width` samples.
    pub data: Vec<f32>,
}

impl Picture {
    /// A picture of zeros.
    pub fn new(channels: usize, width: usize, height: usize) -> Self {
        Self {
            channels,
            width,
            height,
            data: vec![0.0; channels * width * height],
        }
    }

    /// Wraps samples laid out `[channels, height, width]`.
    ///
    /// # Errors
    /// [`Error::Input`] when the number of samples is not `channels * width * height`.
    pub fn from_data(channels: usize, width: usize, height: usize, data: Vec<f32>) -> Result<Self> {
        if data.len() != channels * width * height {
            return Err(Error::Input(format!(
                "{} samples for a picture of {channels} x {height} x {width}",
                data.len()
            )));
        }
        Ok(Self {
            channels,
            width,
            height,
            data,
        })
    }

    /// Samples in one plane.
    pub fn plane_len(&self) -> usize {
        self.width * self.height
    }

    /// The plane of channel `c`.
    pub fn plane(&self, c: usize) -> &[f32] {
        &self.data[c * self.plane_len()..(c + 1) * self.plane_len()]
    }

    /// The plane of channel `c`, to be written.
    pub fn plane_mut(&mut self, c: usize) -> &mut [f32] {
        let n = self.plane_len();
        &mut self.data[c * n..(c + 1) * n]
    }

    /// A copy of the part inside `rect`, which must lie inside the picture.
    pub fn crop(&self, rect: Rect) -> Self {
        let mut out = Self::new(self.channels, rect.width, rect.height);
        for c in 0..self.channels {
            for y in 0..rect.height {
                let from = (rect.y + y) * self.width + rect.x;
                let row = &self.plane(c)[from..from + rect.width];
                out.plane_mut(c)[y * rect.width..(y + 1) * rect.width].copy_from_slice(row);
            }
        }
        out
    }

    /// Writes the part `from` of `source` at (`x`, `y`) of this picture.
    #[doc(hidden)]
    pub fn paste(&mut self, source: &Self, from: Rect, x: usize, y: usize) {
        for c in 0..self.channels {
            for row in 0..from.height {
                let read = (from.y + row) * source.width + from.x;
                let write = (y + row) * self.width + x;
                let line = &source.plane(c)[read..read + from.width];
                let width = self.width;
                debug_assert!(x + from.width <= width);
                self.plane_mut(c)[write..write + from.width].copy_from_slice(line);
            }
        }
    }

    /// Grows to `width` x `height` by repeating the last column and row.
    #[doc(hidden)]
    pub fn pad_to(&self, width: usize, height: usize) -> Self {
        let mut out = Self::new(self.channels, width, height);
        for c in 0..self.channels {
            let source = self.plane(c);
            for (y, row) in out.plane_mut(c).chunks_exact_mut(width).enumerate() {
                let from = &source[y.min(self.height - 1) * self.width..][..self.width];
                let inside = self.width.min(width);
                row[..inside].copy_from_slice(&from[..inside]);
                row[inside..].fill(from[inside - 1]);
            }
        }
        out
    }
}

/// What the planes of a [`Planar8`] mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PixelModel {
    /// One plane of full-range luma.
    Grey,
    /// Y, Cb, Cr as JFIF says: BT.601, full range, chroma centred on 128.
    YCbCr,
    /// R, G, B.
    Rgb,
}

/// One packed plane of 8-bit samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plane8 {
    /// Width in samples.
    pub width: usize,
    /// Height in samples.
    pub height: usize,
    /// `width * height` samples, rows packed.
    pub data: Vec<u8>,
}

impl Plane8 {
    /// A plane of zeros.
    pub fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            data: vec![0; width * height],
        }
    }
}

impl Plane8 {
    /// Grows by `left` columns and `top` rows that repeat the first ones.
    #[doc(hidden)]
    pub fn with_margin(&self, (left, top): (usize, usize)) -> Self {
        let mut out = Self::new(self.width + left, self.height + top);
        let rows = out.data.chunks_exact_mut(self.width + left);
        for (y, row) in rows.enumerate() {
            let source = &self.data[y.saturating_sub(top) * self.width..][..self.width];
            row[..left].fill(source[0]);
            row[left..].copy_from_slice(source);
        }
        out
    }

    /// The inverse of [`Self::with_margin`].
    #[doc(hidden)]
    pub fn without_margin(&self, (left, top): (usize, usize)) -> Self {
        let rows = self.data.chunks_exact(self.width).skip(top);
        Self {
            width: self.width - left,
            height: self.height - top,
            data: rows.flat_map(|row| row[left..].iter().copied()).collect(),
        }
    }
}

/// A picture of 8-bit planes, as decoders put it out and encoders take it.
///
/// The first plane has the picture's size. The others have the same size, or, in YCbCr,
/// that size divided by the subsampling and rounded up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planar8 {
    /// What the planes mean.
    pub model: PixelModel,
    /// One plane for grey, three else.
    pub planes: Vec<Plane8>,
    /// Luma samples per chroma sample, horizontally and vertically: (2, 2) is 4:2:0.
    pub subsampling: (usize, usize),
}

impl Planar8 {
    /// A black picture whose planes have the sizes that `model` and `subsampling` say.
    pub fn new(
        model: PixelModel,
        width: usize,
        height: usize,
        subsampling: (usize, usize),
    ) -> Self {
        let small = Plane8::new(
            width.div_ceil(subsampling.0),
            height.div_ceil(subsampling.1),
        );
        let mut planes = vec![Plane8::new(width, height)];
        if model != PixelModel::Grey {
            planes.extend([small.clone(), small]);
        }
        Self {
            model,
            planes,
            subsampling,
        }
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.planes[0].width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.planes[0].height
    }

    /// Grows by a margin in pixels on the left and the top, a multiple of the subsampling.
    #[doc(hidden)]
    pub fn with_margin(&self, margin: (usize, usize)) -> Self {
        self.map_planes(margin, Plane8::with_margin)
    }

    /// The inverse of [`Self::with_margin`].
    #[doc(hidden)]
    pub fn without_margin(&self, margin: (usize, usize)) -> Self {
        self.map_planes(margin, Plane8::without_margin)
    }

    fn map_planes(
        &self,
        margin: (usize, usize),
        change: impl Fn(&Plane8, (usize, usize)) -> Plane8,
    ) -> Self {
        let (fx, fy) = self.subsampling;
        let planes = self.planes.iter().enumerate().map(|(c, plane)| match c {
            0 => change(plane, margin),
            _ => change(plane, (margin.0 / fx, margin.1 / fy)),
        });
        Self {
            planes: planes.collect(),
            ..*self
        }
    }

    /// Pixels interleaved: one byte each for grey, R, G, B for RGB. `None` for YCbCr.
    pub fn interleaved(&self) -> Option<Vec<u8>> {
        match (self.model, self.planes.as_slice()) {
            (PixelModel::Grey, [grey]) => Some(grey.data.clone()),
            (PixelModel::Rgb, [r, g, b]) => Some(
                r.data
                    .iter()
                    .zip(&g.data)
                    .zip(&b.data)
                    .flat_map(|((&r, &g), &b)| [r, g, b])
                    .collect(),
            ),
            _ => None,
        }
    }

    /// The inverse of [`Self::interleaved`] for RGB; surplus bytes are left out.
    pub fn from_rgb(width: usize, height: usize, rgb: &[u8]) -> Self {
        let mut out = Self::new(PixelModel::Rgb, width, height, (1, 1));
        for (i, pixel) in rgb.chunks_exact(3).take(width * height).enumerate() {
            for (plane, &value) in out.planes.iter_mut().zip(pixel) {
                plane.data[i] = value;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crop_then_paste_gives_the_picture_back() {
        let data = (0..2 * 5 * 7).map(|i| i as f32).collect();
        let picture = Picture::from_data(2, 7, 5, data).unwrap();
        let rect = Rect {
            x: 2,
            y: 1,
            width: 4,
            height: 3,
        };
        let mut copy = picture.clone();
        copy.paste(
            &picture.crop(rect),
            Rect { x: 0, y: 0, ..rect },
            rect.x,
            rect.y,
        );
        assert_eq!(copy, picture);
    }

    #[test]
    fn padding_repeats_the_edge() {
        let picture = Picture::from_data(1, 2, 2, vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        let padded = picture.pad_to(4, 3);
        assert_eq!(
            padded.data,
            [1.0, 2.0, 2.0, 2.0, 3.0, 4.0, 4.0, 4.0, 3.0, 4.0, 4.0, 4.0]
        );
    }

    /// Rows of each plane alternate; of an odd picture the last row is the top field's.
    #[test]
    fn a_margin_repeats_the_edge_and_comes_off_again() {
        let mut frame = Planar8::new(PixelModel::YCbCr, 5, 3, (2, 2));
        for plane in &mut frame.planes {
            plane
                .data
                .iter_mut()
                .zip(1..)
                .for_each(|(byte, n)| *byte = n);
        }
        let grown = frame.with_margin((4, 2));
        assert_eq!((grown.planes[0].width, grown.planes[1].height), (9, 3));
        assert_eq!(&grown.planes[1].data[..5], &[1, 1, 1, 2, 3]);
        assert_eq!(grown.without_margin((4, 2)), frame);
    }

    #[test]
    fn odd_chroma_is_rounded_up() {
        let frame = Planar8::new(PixelModel::YCbCr, 5, 3, (2, 2));
        assert_eq!((frame.planes[1].width, frame.planes[1].height), (3, 2));
    }
}
