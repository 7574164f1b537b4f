//! Copies between mapped video frames and the core's packed planes, for every format of the table.
//!
//! All formats follow one rule: a component is a grid of samples, bytes or words of two, with a
//! first byte, a step from sample to sample and a stride from row to row. Strides of the buffer are
//! honoured; bytes that belong to no component (padding, the x of RGBx, alpha) are changed by
//! [`make_opaque`] alone. No colour conversion. Called by the elements.

pub mod formats;
mod words;

use ddrmjpeg::frame::{PixelModel, Planar8, Plane8};
use ddrmjpeg::{Error, Result};
use gst_video::VideoFrameRef;
use gst_video::prelude::*;

use self::words::Word;
use crate::pixels::Pixels;

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
    /// How samples of two bytes are stored; `None`: they are bytes.
    word: Option<Word>,
}

impl Grid {
    /// Bytes of a sample.
    fn size(&self) -> usize {
        1 + usize::from(self.word.is_some())
    }

    /// Bytes from the start of a row to the end of its last sample.
    fn row_end(&self) -> usize {
        self.first + self.width.saturating_sub(1) * self.step + self.size()
    }

    /// Bytes from the start of the plane to the end of the last sample.
    fn end(&self) -> usize {
        (self.height - 1) * self.stride + self.row_end()
    }

    fn plane(&self) -> Plane8 {
        Plane8::new(self.width, self.height)
    }

    /// The samples in `bytes`, which are at least [`Self::end`] long.
    fn gather(&self, bytes: &[u8]) -> Plane8 {
        let mut plane = self.plane();
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

    /// The same of words: the upper bytes of their samples, and the lower ones.
    fn gather_words(&self, word: Word, bytes: &[u8]) -> [Plane8; 2] {
        let (mut upper, mut lower) = (self.plane(), self.plane());
        let rows = upper.data.chunks_exact_mut(self.width);
        let rows = rows.zip(lower.data.chunks_exact_mut(self.width));
        for (y, (upper, lower)) in rows.enumerate() {
            let line = bytes[y * self.stride + self.first..].chunks(self.step);
            for ((upper, lower), bytes) in upper.iter_mut().zip(lower).zip(line) {
                [*upper, *lower] = word.widened([bytes[0], bytes[1]]).to_be_bytes();
            }
        }
        [upper, lower]
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

    /// The inverse of [`Self::gather_words`].
    fn scatter_words(&self, word: Word, [upper, lower]: [&Plane8; 2], bytes: &mut [u8]) {
        let rows = upper.data.chunks_exact(self.width);
        let rows = rows.zip(lower.data.chunks_exact(self.width));
        for (y, (upper, lower)) in rows.enumerate() {
            let line = bytes[y * self.stride + self.first..].chunks_mut(self.step);
            for ((&upper, &lower), bytes) in upper.iter().zip(lower).zip(line) {
                bytes[..2].copy_from_slice(&word.narrowed(u16::from_be_bytes([upper, lower])));
            }
        }
    }
}

/// The pixels of a mapped frame, without alpha.
///
/// # Errors
/// [`Error::Unsupported`] for a format outside of the table; [`Error::Input`] for strides
/// shorter than a row, or negative.
pub fn read<T>(frame: &VideoFrameRef<T>) -> Result<Pixels> {
    let (mut upper, mut lower) = (Vec::new(), Vec::new());
    for grid in grids(frame)? {
        let bytes = frame.plane_data(grid.plane).map_err(unmapped)?;
        let bytes = reaching(bytes, &grid)?;
        match grid.word {
            None => upper.push(grid.gather(bytes)),
            Some(word) => {
                let [above, below] = grid.gather_words(word, bytes);
                upper.push(above);
                lower.push(below);
            }
        }
    }
    let picture = |planes| {
        Ok(Planar8 {
            model: pixel_model(frame)?,
            planes,
            subsampling: formats::subsampling(&frame.format_info()),
        })
    };
    Ok(Pixels {
        lower: match lower.is_empty() {
            true => None,
            false => Some(picture(lower)?),
        },
        upper: picture(upper)?,
    })
}

/// Writes `pixels` into a frame of their size; alpha and padding do not change.
///
/// # Errors
/// As [`read`], and [`Error::Backend`] if the planes of `pixels` differ from those of the frame.
pub fn write(pixels: &Pixels, frame: &mut VideoFrameRef<&mut gst::BufferRef>) -> Result<()> {
    let grids = grids(frame)?;
    let (upper, lower) = (&pixels.upper.planes, &pixels.lower().planes);
    if !fit(&grids, upper) || !fit(&grids, lower) {
        return Err(Error::Backend(format!(
            "a result that is not of the frame's planes: {} for {} x {} {}",
            upper.len(),
            frame.width(),
            frame.height(),
            frame.format()
        )));
    }
    for (grid, (upper, lower)) in grids.iter().zip(upper.iter().zip(lower)) {
        let bytes = frame.plane_data_mut(grid.plane).map_err(unmapped)?;
        reaching(bytes, grid)?;
        match grid.word {
            None => grid.scatter(upper, bytes),
            Some(word) => grid.scatter_words(word, [upper, lower], bytes),
        }
    }
    Ok(())
}

/// Whether planes have the sizes of these grids.
fn fit(grids: &[Grid], planes: &[Plane8]) -> bool {
    let fits = |(grid, plane): (&Grid, &Plane8)| {
        (plane.width, plane.height) == (grid.width, grid.height)
            && plane.data.len() == grid.width * grid.height
    };
    planes.len() == grids.len() && grids.iter().zip(planes).all(fits)
}

/// Whether pixels of a frame have a fourth component or byte, alpha or padding.
fn has_fourth<T>(frame: &VideoFrameRef<T>) -> bool {
    frame.comp_pstride(0) >= 4
}

/// Sets alpha, and the x of RGBx, of a frame that nothing has been written to.
///
/// # Errors
/// [`Error::Input`] if it cannot be mapped.
pub fn make_opaque(frame: &mut VideoFrameRef<&mut gst::BufferRef>) -> Result<()> {
    if has_fourth(frame) {
        frame.plane_data_mut(0).map_err(unmapped)?.fill(0xFF);
    }
    Ok(())
}

/// Gives both halves of a frame of twice the width the alpha of `input` from (`x`, `y`) on.
///
/// # Errors
/// [`Error::Input`] if a row does not fit.
pub fn repeat_alpha(
    input: &VideoFrameRef<&gst::BufferRef>,
    (x, y): (usize, usize),
    output: &mut VideoFrameRef<&mut gst::BufferRef>,
) -> Result<()> {
    if !has_fourth(input) {
        return Ok(());
    }
    let (from, to) = (grid(input, 0)?, grid(output, 0)?);
    let row = to.width / 2 * to.step;
    let source = input.plane_data(0).map_err(unmapped)?;
    let source = source.chunks(from.stride).skip(y);
    let lines = output.plane_data_mut(0).map_err(unmapped)?;
    for (line, source) in lines.chunks_mut(to.stride).zip(source) {
        let short = || Error::Input(format!("{} bytes in a row of {row}", source.len()));
        let start = x * from.step;
        let source = source.get(start..start + row).ok_or_else(short)?;
        for half in line.chunks_exact_mut(row).take(2) {
            half.copy_from_slice(source);
        }
    }
    Ok(())
}

/// The grids of the components that hold colour, in the order of the core's planes.
fn grids<T>(frame: &VideoFrameRef<T>) -> Result<Vec<Grid>> {
    let colours = match pixel_model(frame)? {
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
    let word = Word::of(&frame.format_info(), component as usize);
    let first = frame.comp_poffset(component) as usize;
    let grid = Grid {
        plane: frame.comp_plane(component),
        // GStreamer counts the second component of P010 in samples, not in bytes.
        first: match word {
            Some(_) => first.next_multiple_of(2),
            None => first,
        },
        step: positive("pixel stride", frame.comp_pstride(component))?,
        stride: positive("stride", frame.comp_stride(component))?,
        width: frame.comp_width(component) as usize,
        height: frame.comp_height(component) as usize,
        word,
    };
    if grid.width == 0 || grid.height == 0 || grid.row_end() > grid.stride {
        return Err(Error::Input(format!(
            "stride = {} bytes: too short for rows of {}",
            grid.stride,
            grid.row_end()
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

fn pixel_model<T>(frame: &VideoFrameRef<T>) -> Result<PixelModel> {
    let format = frame.format();
    formats::model(format).ok_or_else(|| Error::Unsupported(format!("video format {format}")))
}
