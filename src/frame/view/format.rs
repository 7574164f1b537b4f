//! [`PixelFormat`], and where its samples lie in planes that are checked for it.

use std::fmt;

use crate::error::{Error, Result};
use crate::frame::PixelModel;

/// How the bytes of a frame are arranged; 8 bits a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PixelFormat {
    /// One plane of full-range luma.
    Grey,
    /// One plane of R, G, B.
    Rgb,
    /// One plane of B, G, R.
    Bgr,
    /// One plane of R, G, B and a fourth byte, alpha or padding, which is left alone.
    Rgba,
    /// One plane of B, G, R and a fourth byte, alpha or padding, which is left alone.
    Bgra,
    /// Three planes: R, G, B.
    PlanarRgb,
    /// Three planes, Y, Cb, Cr, as JFIF says: BT.601, full range.
    YCbCr {
        /// Luma samples per chroma sample, horizontally and vertically, each 1..=4: (2, 2) is
        /// 4:2:0. Where a side is no multiple of it, chroma's is rounded up.
        subsampling: (usize, usize),
    },
    /// Two planes, Y and one of Cb, Cr, of 4:2:0; full range too.
    Nv12,
}

/// Where the samples of a component lie.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The plane that holds them.
    pub plane: usize,
    /// Bytes of a row before the first.
    pub first: usize,
    /// Bytes from one to the next.
    pub step: usize,
}

const fn place(plane: usize, first: usize, step: usize) -> Place {
    Place { plane, first, step }
}

impl PixelFormat {
    /// What the components mean.
    pub fn model(self) -> PixelModel {
        match self {
            Self::Grey => PixelModel::Grey,
            Self::YCbCr { .. } | Self::Nv12 => PixelModel::YCbCr,
            _ => PixelModel::Rgb,
        }
    }

    /// Luma samples per chroma sample; (1, 1) for grey and RGB.
    pub fn subsampling(self) -> (usize, usize) {
        match self {
            Self::YCbCr { subsampling } => subsampling,
            Self::Nv12 => (2, 2),
            _ => (1, 1),
        }
    }

    /// How many planes a frame has.
    pub fn planes(self) -> usize {
        self.places()
            .iter()
            .map(|place| place.plane + 1)
            .max()
            .unwrap_or(1)
    }

    pub(super) fn places(self) -> &'static [Place] {
        const GREY: [Place; 1] = [place(0, 0, 1)];
        const RGB: [Place; 3] = [place(0, 0, 3), place(0, 1, 3), place(0, 2, 3)];
        const BGR: [Place; 3] = [place(0, 2, 3), place(0, 1, 3), place(0, 0, 3)];
        const RGBA: [Place; 3] = [place(0, 0, 4), place(0, 1, 4), place(0, 2, 4)];
        const BGRA: [Place; 3] = [place(0, 2, 4), place(0, 1, 4), place(0, 0, 4)];
        const PLANAR: [Place; 3] = [place(0, 0, 1), place(1, 0, 1), place(2, 0, 1)];
        const NV12: [Place; 3] = [place(0, 0, 1), place(1, 0, 2), place(1, 1, 2)];
        match self {
            Self::Grey => &GREY,
            Self::Rgb => &RGB,
            Self::Bgr => &BGR,
            Self::Rgba => &RGBA,
            Self::Bgra => &BGRA,
            Self::PlanarRgb | Self::YCbCr { .. } => &PLANAR,
            Self::Nv12 => &NV12,
        }
    }
}

/// Format and size of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub format: PixelFormat,
    pub width: usize,
    pub height: usize,
}

impl Shape {
    /// Samples in a row of component `c`, and its rows.
    pub fn component(&self, c: usize) -> (usize, usize) {
        let (fx, fy) = match c {
            0 => (1, 1),
            _ => self.format.subsampling(),
        };
        (self.width.div_ceil(fx), self.height.div_ceil(fy))
    }

    /// Bytes in a row of `plane` without padding, and its rows.
    pub fn plane(&self, plane: usize) -> (usize, usize) {
        let mut all = self.format.places().iter().enumerate();
        let found = all.find(|(_, place)| place.plane == plane);
        found.map_or((0, 0), |(c, place)| {
            let (width, height) = self.component(c);
            (width.saturating_mul(place.step), height)
        })
    }

    /// Whether planes of so many bytes with such strides hold a frame of this shape.
    pub fn check(&self, planes: &[(usize, usize)]) -> Result<()> {
        let (fx, fy) = self.format.subsampling();
        if !(1..=4).contains(&fx) || !(1..=4).contains(&fy) {
            return Err(Error::Unsupported(format!(
                "a subsampling of {fx} x {fy}: each must be in 1..4"
            )));
        }
        if self.width == 0 || self.height == 0 {
            return Err(Error::Input(format!("{self}: no pixels")));
        }
        if planes.len() != self.format.planes() {
            return Err(Error::Input(format!(
                "{self}: {} planes, not {}",
                planes.len(),
                self.format.planes()
            )));
        }
        let mut each = planes.iter().enumerate();
        each.try_for_each(|(p, &(length, stride))| self.check_plane(p, length, stride))
    }

    fn check_plane(&self, plane: usize, length: usize, stride: usize) -> Result<()> {
        let (row, rows) = self.plane(plane);
        if stride < row {
            return Err(Error::Input(format!(
                "{self}: plane {plane} has a stride of {stride} bytes, its rows have {row}"
            )));
        }
        let needed = (rows - 1).saturating_mul(stride).saturating_add(row);
        if length < needed {
            return Err(Error::Input(format!(
                "{self}: plane {plane} has {length} bytes, {rows} rows of a stride of {stride} \
                 take {needed}"
            )));
        }
        Ok(())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            format,
            width,
            height,
        } = self;
        write!(f, "a frame of {width} x {height} in {format:?}")
    }
}
