//! [`FrameView`] and [`FrameViewMut`]: 8-bit pixels in memory that is the caller's, with strides.
//!
//! One rule serves all formats: a component is a grid of bytes with a plane that holds it, a first
//! byte in each row and a step from sample to sample. Bytes that belong to no component (padding,
//! alpha) are neither read nor written. No colour conversion. For callers of the library.

mod format;

use crate::error::{Error, Result};
use crate::frame::view::format::Shape;
use crate::frame::{PixelModel, Planar8, Plane8};

pub use crate::frame::view::format::PixelFormat;

/// A frame in memory that is lent, to be read.
///
/// ```
/// use ddrmjpeg::{FrameView, PixelFormat};
///
/// // Two rows of two BGRA pixels, rows 12 bytes apart.
/// let bytes = [
///     1, 2, 3, 0, 4, 5, 6, 0, 99, 99, 99, 99, //
///     7, 8, 9, 0, 10, 11, 12, 0,
/// ];
/// let view = FrameView::new(PixelFormat::Bgra, 2, 2, &[(&bytes, 12)])?;
/// let frame = view.to_planar();
/// assert_eq!(frame.planes[0].data, [3, 6, 9, 12]); // R
/// # Ok::<(), ddrmjpeg::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct FrameView<'a> {
    shape: Shape,
    planes: Vec<(&'a [u8], usize)>,
}

impl<'a> FrameView<'a> {
    /// A frame in `planes`: the bytes of each, and its stride, which is the number of bytes from one
    /// row to the next. Behind the last row no padding is needed.
    ///
    /// # Errors
    /// [`Error::Input`] for no pixels, another number of planes than the format has, a stride that
    /// is shorter than a row, or a plane that is too short; [`Error::Unsupported`] for a subsampling
    /// beyond 4.
    pub fn new(
        format: PixelFormat,
        width: usize,
        height: usize,
        planes: &[(&'a [u8], usize)],
    ) -> Result<Self> {
        let shape = Shape {
            format,
            width,
            height,
        };
        let sizes: Vec<_> = planes
            .iter()
            .map(|(data, stride)| (data.len(), *stride))
            .collect();
        shape.check(&sizes)?;
        Ok(Self {
            shape,
            planes: planes.to_vec(),
        })
    }

    /// How its bytes are arranged.
    pub fn format(&self) -> PixelFormat {
        self.shape.format
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.shape.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.shape.height
    }

    /// The frame as planes of its own, each byte copied once.
    pub fn to_planar(&self) -> Planar8 {
        let places = self.shape.format.places().iter().enumerate();
        let planes = places.map(|(c, place)| {
            let (data, stride) = self.planes[place.plane];
            let (width, height) = self.shape.component(c);
            let mut plane = Plane8::new(width, height);
            for (row, line) in plane.data.chunks_exact_mut(width).zip(data.chunks(stride)) {
                gather(row, &line[place.first..], place.step);
            }
            plane
        });
        Planar8 {
            model: self.shape.format.model(),
            planes: planes.collect(),
            subsampling: self.shape.format.subsampling(),
        }
    }
}

fn gather(row: &mut [u8], line: &[u8], step: usize) {
    if step == 1 {
        return row.copy_from_slice(&line[..row.len()]);
    }
    for (sample, &byte) in row.iter_mut().zip(line.iter().step_by(step)) {
        *sample = byte;
    }
}

/// A frame in memory that is lent, to be written: see [`Planar8::write_into`].
#[derive(Debug)]
pub struct FrameViewMut<'a> {
    shape: Shape,
    planes: Vec<(&'a mut [u8], usize)>,
}

impl<'a> FrameViewMut<'a> {
    /// A frame in `planes`, as in [`FrameView::new`].
    ///
    /// # Errors
    /// As [`FrameView::new`].
    pub fn new(
        format: PixelFormat,
        width: usize,
        height: usize,
        planes: impl IntoIterator<Item = (&'a mut [u8], usize)>,
    ) -> Result<Self> {
        let shape = Shape {
            format,
            width,
            height,
        };
        let planes: Vec<_> = planes.into_iter().collect();
        let sizes: Vec<_> = planes
            .iter()
            .map(|(data, stride)| (data.len(), *stride))
            .collect();
        shape.check(&sizes)?;
        Ok(Self { shape, planes })
    }
}

impl Planar8 {
    /// A picture of these planes, which are not copied.
    ///
    /// # Errors
    /// [`Error::Input`] when number or sizes of the planes are not those of such a picture.
    pub fn from_planes(
        model: PixelModel,
        subsampling: (usize, usize),
        planes: Vec<Plane8>,
    ) -> Result<Self> {
        let out = Self {
            model,
            planes,
            subsampling,
        };
        out.shape()?;
        Ok(out)
    }

    /// This picture, lent to be read.
    ///
    /// # Errors
    /// [`Error::Input`] when number or sizes of its planes contradict its model.
    pub fn view(&self) -> Result<FrameView<'_>> {
        let planes = self.planes.iter();
        Ok(FrameView {
            shape: self.shape()?,
            planes: planes.map(|plane| (&plane.data[..], plane.width)).collect(),
        })
    }

    /// Writes the pixels into a frame of the caller's, of the same size; padding and alpha there stay
    /// as they are. Grey fills all three of R, G and B.
    ///
    /// # Errors
    /// [`Error::Input`] for another size, or another model or subsampling: colours are not
    /// converted.
    pub fn write_into(&self, to: &mut FrameViewMut<'_>) -> Result<()> {
        let (from, into) = (self.shape()?, to.shape);
        let models = (self.model, into.format.model());
        let same_samples = models.0 == models.1 && self.subsampling == into.format.subsampling();
        let fits = same_samples || models == (PixelModel::Grey, PixelModel::Rgb);
        if !fits || (from.width, from.height) != (into.width, into.height) {
            return Err(Error::Input(format!("{from} does not fit {into}")));
        }
        for (c, place) in into.format.places().iter().enumerate() {
            let plane = &self.planes[c.min(self.planes.len() - 1)];
            let (data, stride) = &mut to.planes[place.plane];
            let lines = data.chunks_mut(*stride);
            for (row, line) in plane.data.chunks_exact(plane.width).zip(lines) {
                scatter(row, &mut line[place.first..], place.step);
            }
        }
        Ok(())
    }

    /// The shape of a view of these planes, which they have.
    fn shape(&self) -> Result<Shape> {
        let (width, height) = self.planes.first().map_or((0, 0), |p| (p.width, p.height));
        let shape = Shape {
            format: match self.model {
                PixelModel::Grey => PixelFormat::Grey,
                PixelModel::Rgb => PixelFormat::PlanarRgb,
                PixelModel::YCbCr => PixelFormat::YCbCr {
                    subsampling: self.subsampling,
                },
            },
            width,
            height,
        };
        let sizes: Vec<_> = self
            .planes
            .iter()
            .map(|p| (p.data.len(), p.width))
            .collect();
        shape.check(&sizes)?;
        let wrong = self.planes.iter().enumerate().find(|(c, plane)| {
            (plane.width, plane.height) != shape.component(*c)
                || plane.data.len() != plane.width * plane.height
        });
        match wrong {
            Some((c, plane)) => Err(Error::Input(format!(
                "{shape}: plane {c} is {} x {} with {} bytes",
                plane.width,
                plane.height,
                plane.data.len()
            ))),
            None => Ok(shape),
        }
    }
}

fn scatter(row: &[u8], line: &mut [u8], step: usize) {
    if step == 1 {
        return line[..row.len()].copy_from_slice(row);
    }
    for (byte, &sample) in line.iter_mut().step_by(step).zip(row) {
        *byte = sample;
    }
}

#[cfg(test)]
mod view_tests;
