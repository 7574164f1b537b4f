//! Copies between mapped video frames and the core's packed planes, for every format of the caps.
//!
//! All formats follow one rule: a component is a grid of bytes with a first byte, a step from
//! sample to sample and a stride from row to row. Strides of the buffer are honoured; bytes that
//! belong to no component (padding, the x of RGBx, alpha) are never changed. No colour conversion.
//! Called by the elements.

use ddrmjpeg::frame::{PixelModel, Planar8, Plane8};
use ddrmjpeg::{Error, Result};
use gst_video::prelude::*;
use gst_video::{VideoFormat, VideoFrameRef};

/// Every format that can be read and written, in the order of the caps.
pub const FORMATS: [VideoFormat; 22] = [
    VideoFormat::I420,
    VideoFormat::Y42b,
    VideoFormat::Y444,
    VideoFormat::Nv12,
    VideoFormat::Gray8,
    VideoFormat::Rgb,
    VideoFormat::Rgbx,
    VideoFormat::Rgba,
    VideoFormat::Bgr,
    VideoFormat::Bgrx,
    VideoFormat::Bgra,
    VideoFormat::Xrgb,
    VideoFormat::Argb,
    VideoFormat::Xbgr,
    VideoFormat::Abgr,
    VideoFormat::Yv12,
    VideoFormat::Nv21,
    VideoFormat::Nv16,
    VideoFormat::Nv24,
    VideoFormat::Yuy2,
    VideoFormat::Uyvy,
    VideoFormat::Ayuv,
];

/// The formats that hold YCbCr; all others except GRAY8 hold RGB.
const YCBCR: [VideoFormat; 11] = [
    VideoFormat::I420,
    VideoFormat::Y42b,
    VideoFormat::Y444,
    VideoFormat::Nv12,
    VideoFormat::Yv12,
    VideoFormat::Nv21,
    VideoFormat::Nv16,
    VideoFormat::Nv24,
    VideoFormat::Yuy2,
    VideoFormat::Uyvy,
    VideoFormat::Ayuv,
];

/// Where the samples of one component are in the bytes of its plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Grid {
    /// The plane of the frame that holds the component.
    plane: u32,
    /// Bytes before the first sample.
    first: usize,
    /// Bytes from one sample to the next in a row.
    step: usize,
    /// Bytes from one row to the next.
    stride: usize,
    /// Samples in a row.
    width: usize,
    /// Rows.
    height: usize,
}

impl Grid {
    /// Bytes from the start of the plane to the end of the last sample.
    fn end(&self) -> usize {
        (self.height - 1) * self.stride + self.first + (self.width - 1) * self.step + 1
    }

    /// The samples in `bytes`, which are at least [`Self::end`] long.
    fn gather(&self, bytes: &[u8]) -> Plane8 {
        let mut plane = Plane8::new(self.width, self.height);
        for (y, row) in plane.data.chunks_exact_mut(self.width).enumerate() {
            let line = &bytes[y * self.stride + self.first..];
            if self.step == 1 {
                row.copy_from_slice(&line[..self.width]);
            } else {
                for (sample, &byte) in row.iter_mut().zip(line.iter().step_by(self.step)) {
                    *sample = byte;
                }
            }
        }
        plane
    }

    /// The inverse of [`Self::gather`]: writes the samples of `plane`, and nothing else.
    fn scatter(&self, plane: &Plane8, bytes: &mut [u8]) {
        for (y, row) in plane.data.chunks_exact(self.width).enumerate() {
            let line = &mut bytes[y * self.stride + self.first..];
            if self.step == 1 {
                line[..self.width].copy_from_slice(row);
            } else {
                for (byte, &sample) in line.iter_mut().step_by(self.step).zip(row) {
                    *byte = sample;
                }
            }
        }
    }
}

/// The pixels of a mapped frame, without alpha.
///
/// # Errors
/// [`Error::Unsupported`] for a format outside [`FORMATS`]; [`Error::Input`] for strides
/// shorter than a row, or negative.
pub fn read<T>(frame: &VideoFrameRef<T>) -> Result<Planar8> {
    let grids = grids(frame)?;
    let planes = grids.iter().map(|grid| {
        let bytes = frame.plane_data(grid.plane).map_err(unmapped)?;
        Ok(grid.gather(reaching(bytes, grid)?))
    });
    Ok(Planar8 {
        model: pixel_model(frame.format())?,
        planes: planes.collect::<Result<_>>()?,
        subsampling: subsampling(frame),
    })
}

/// Writes `pixels` into the frame that they were read from; alpha and padding do not change.
///
/// # Errors
/// As [`read`], and [`Error::Backend`] if the planes of `pixels` differ from those of the frame.
pub fn write(pixels: &Planar8, frame: &mut VideoFrameRef<&mut gst::BufferRef>) -> Result<()> {
    let grids = grids(frame)?;
    let fits = |(grid, plane): (&Grid, &Plane8)| {
        (plane.width, plane.height) == (grid.width, grid.height)
            && plane.data.len() == grid.width * grid.height
    };
    if pixels.planes.len() != grids.len() || !grids.iter().zip(&pixels.planes).all(fits) {
        return Err(Error::Backend(format!(
            "a result that is not of the frame's planes: {} for {} x {} {}",
            pixels.planes.len(),
            frame.width(),
            frame.height(),
            frame.format()
        )));
    }
    for (grid, plane) in grids.iter().zip(&pixels.planes) {
        let bytes = frame.plane_data_mut(grid.plane).map_err(unmapped)?;
        reaching(bytes, grid)?;
        grid.scatter(plane, bytes);
    }
    Ok(())
}

/// The grids of the components that hold colour, in the order of the core's planes.
fn grids<T>(frame: &VideoFrameRef<T>) -> Result<Vec<Grid>> {
    let colours = match pixel_model(frame.format())? {
        PixelModel::Grey => 1,
        PixelModel::YCbCr | PixelModel::Rgb => 3,
    };
    (0..colours)
        .map(|component| grid(frame, component))
        .collect()
}

/// The grid of one component, checked against the strides of the frame.
fn grid<T>(frame: &VideoFrameRef<T>, component: u32) -> Result<Grid> {
    let positive = |what: &str, value: i32| {
        usize::try_from(value)
            .ok()
            .filter(|&v| v > 0)
            .ok_or_else(|| Error::Input(format!("{what} of a plane = {value}: must be positive")))
    };
    let grid = Grid {
        plane: frame.comp_plane(component),
        first: frame.comp_poffset(component) as usize,
        step: positive("pixel stride", frame.comp_pstride(component))?,
        stride: positive("stride", frame.comp_stride(component))?,
        width: frame.comp_width(component) as usize,
        height: frame.comp_height(component) as usize,
    };
    let row = grid.first + grid.width.saturating_sub(1) * grid.step + 1;
    if grid.width == 0 || grid.height == 0 || row > grid.stride {
        return Err(Error::Input(format!(
            "stride = {} bytes: too short for rows of {row}",
            grid.stride
        )));
    }
    Ok(grid)
}

/// `bytes`, if they hold all of `grid`.
fn reaching<'a>(bytes: &'a [u8], grid: &Grid) -> Result<&'a [u8]> {
    if bytes.len() < grid.end() {
        return Err(Error::Input(format!(
            "{} bytes in a plane of {}",
            bytes.len(),
            grid.end()
        )));
    }
    Ok(bytes)
}

fn unmapped(error: glib::BoolError) -> Error {
    Error::Input(format!("a plane that cannot be mapped: {error}"))
}

fn pixel_model(format: VideoFormat) -> Result<PixelModel> {
    match format {
        VideoFormat::Gray8 => Ok(PixelModel::Grey),
        format if YCBCR.contains(&format) => Ok(PixelModel::YCbCr),
        format if FORMATS.contains(&format) => Ok(PixelModel::Rgb),
        format => Err(Error::Unsupported(format!("video format {format}"))),
    }
}

/// Luma samples per chroma sample; (1, 1) without subsampling.
fn subsampling<T>(frame: &VideoFrameRef<T>) -> (usize, usize) {
    let info = frame.format_info();
    let of_second = |shifts: &[u32]| 1 << shifts.get(1).copied().unwrap_or(0);
    (of_second(info.w_sub()), of_second(info.h_sub()))
}
