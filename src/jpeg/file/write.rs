//! Writes a [`JpegFile`], or pixels, as bytes: baseline Huffman, as libjpeg-turbo does.
//!
//! Levels are written unchanged, so reading returns the same ones. The pixel encoder is plain
//! libjpeg (islow DCT, IJG tables, averaged chroma), for evaluation, training and tests. Metadata
//! are inserted on request.

use crate::error::{Error, Result};
use crate::frame::{PixelModel, Planar8};
use crate::jpeg::file::ffi;
use crate::jpeg::file::{JpegFile, Metadata};
use crate::jpeg::grid::tables;
use crate::jpeg::segments::markers;

struct Writer(*mut ffi::Writer);

impl Drop for Writer {
    fn drop(&mut self) {
        // SAFETY: from dj_writer_new, not null, freed only here.
        unsafe { ffi::dj_writer_free(self.0) }
    }
}

impl Writer {
    fn new() -> Result<Self> {
        // SAFETY: no preconditions.
        let handle = unsafe { ffi::dj_writer_new() };
        if handle.is_null() {
            return Err(Error::Backend("libjpeg: out of memory".into()));
        }
        Ok(Self(handle))
    }

    fn error(&self) -> Error {
        // SAFETY: the handle is live and its message always ends in NUL.
        let message = unsafe { ffi::text(ffi::dj_writer_message(self.0)) };
        Error::Input(format!("cannot write a JPEG: {message}"))
    }

    fn finish(self, ok: i32) -> Result<Vec<u8>> {
        if ok == 0 {
            return Err(self.error());
        }
        let (mut data, mut length) = (std::ptr::null(), 0);
        // SAFETY: the handle is live; on success `length` bytes are at `data`.
        unsafe {
            ffi::dj_writer_result(self.0, &mut data, &mut length);
            Ok(std::slice::from_raw_parts(data, length).to_vec())
        }
    }
}

/// Writes the levels of `file` with its own tables and sampling.
///
/// # Errors
/// [`Error::Input`] if a level or a size is outside the range of baseline JPEG, or if the number of
/// blocks does not match the geometry.
pub fn write(file: &JpegFile) -> Result<Vec<u8>> {
    check_geometry(file)?;
    let mut plan = plan(file.width, file.height, file.model)?;
    let mut levels = [std::ptr::null::<i16>(); ffi::COMPONENTS];
    let mut blocks = ([0u32; ffi::COMPONENTS], [0u32; ffi::COMPONENTS]);
    if let Some(ink) = &file.ink {
        plan.components = 4;
        plan.color_space = match ink.is_ycck {
            true => ffi::color_space::YCCK,
            false => ffi::color_space::CMYK,
        };
    }
    let (max_h, max_v) = file.max_sampling();
    let black = file.ink.iter().flat_map(|ink| &ink.black.components);
    for (c, component) in file.components.iter().chain(black).enumerate() {
        plan.h[c] = component.sampling.0 as i32;
        plan.v[c] = component.sampling.1 as i32;
        plan.steps[c] = component.steps;
        if let (3, Some(ink)) = (c, &file.ink) {
            plan.h[c] = (max_h / ink.factors.0) as i32;
            plan.v[c] = (max_v / ink.factors.1) as i32;
        }
        levels[c] = component.levels.as_ptr().cast();
        blocks.0[c] = component.blocks_wide as u32;
        blocks.1[c] = component.blocks_high as u32;
    }
    let writer = Writer::new()?;
    // SAFETY: check_geometry has verified that the arrays have as many blocks as libjpeg derives
    // from the same sizes and factors.
    let ok = unsafe {
        ffi::dj_writer_levels(
            writer.0,
            &plan,
            levels.as_ptr(),
            blocks.0.as_ptr(),
            blocks.1.as_ptr(),
        )
    };
    writer.finish(ok)
}

/// [`write()`] with EXIF, ICC and the like.
///
/// # Errors
/// As [`write()`].
pub fn write_with(file: &JpegFile, metadata: &Metadata) -> Result<Vec<u8>> {
    Ok(with_metadata(&write(file)?, metadata))
}

/// `jpeg`, which a writer of this module made, with `metadata`, except what [`left_out`] names.
pub fn with_metadata(jpeg: &[u8], metadata: &Metadata) -> Vec<u8> {
    let (start, rest) = jpeg.split_at(markers::start_length(jpeg));
    let mut out = [start, &markers::segments(metadata), rest].concat();
    if let Some(density) = metadata.density {
        markers::set_density(&mut out, density);
    }
    out
}

/// Which of `metadata` a JPEG cannot hold, in words: blocks that are too long for its markers.
pub fn left_out(metadata: &Metadata) -> Vec<String> {
    markers::too_long(metadata)
}

fn check_geometry(file: &JpegFile) -> Result<()> {
    if let Some(ink) = &file.ink {
        check_geometry(&ink.black)?;
    }
    let (max_h, max_v) = file.max_sampling();
    for (c, component) in file.components.iter().enumerate() {
        let (h, v) = component.sampling;
        let wide = (file.width * h).div_ceil(8 * max_h);
        let high = (file.height * v).div_ceil(8 * max_v);
        let found = (component.blocks_wide, component.blocks_high);
        if found != (wide, high) || component.levels.len() != wide * high {
            return Err(Error::Input(format!(
                "component {c} has {} x {} blocks: its geometry says {wide} x {high}",
                found.0, found.1
            )));
        }
    }
    Ok(())
}

fn plan(width: usize, height: usize, model: PixelModel) -> Result<ffi::Plan> {
    let side = width.max(height);
    if width.min(height) == 0 || side > 65_500 {
        return Err(Error::Input(format!(
            "{width} x {height} pixels: a JPEG has 1..65500 on a side"
        )));
    }
    Ok(ffi::Plan {
        width: width as u32,
        height: height as u32,
        components: if model == PixelModel::Grey { 1 } else { 3 },
        color_space: match model {
            PixelModel::Grey => ffi::color_space::GRAYSCALE,
            PixelModel::YCbCr => ffi::color_space::YCBCR,
            PixelModel::Rgb => ffi::color_space::RGB,
        },
        h: [1; ffi::COMPONENTS],
        v: [1; ffi::COMPONENTS],
        steps: [[1; 64]; ffi::COMPONENTS],
        trellis: 0,
    })
}

/// Encodes grey or RGB pixels as libjpeg would at `quality` 1..=100 with that subsampling
/// (luma samples per chroma sample; ignored for grey). RGB is stored as YCbCr.
///
/// # Errors
/// [`Error::Input`] for YCbCr planes or sizes that a JPEG cannot have.
pub fn encode(picture: &Planar8, quality: u8, subsampling: (usize, usize)) -> Result<Vec<u8>> {
    let (luma, chroma) = tables::ijg_pair(quality);
    encode_with(picture, &[luma, chroma, chroma], subsampling)
}

/// [`encode`] with custom tables.
///
/// # Errors
/// As [`encode`].
pub fn encode_with(
    picture: &Planar8,
    steps: &[[u16; 64]; 3],
    subsampling: (usize, usize),
) -> Result<Vec<u8>> {
    encode_by(picture, steps, subsampling, Quantiser::Nearest)
}

/// How an encoder chooses levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantiser {
    /// The nearest level, as in libjpeg; baseline.
    Nearest,
    /// mozjpeg's trellis, which trades error for bits; progressive.
    Trellis,
}

/// [`encode_with`] with a choice of quantiser.
///
/// # Errors
/// As [`encode`].
pub fn encode_by(
    picture: &Planar8,
    steps: &[[u16; 64]; 3],
    subsampling: (usize, usize),
    quantiser: Quantiser,
) -> Result<Vec<u8>> {
    let pixels = picture
        .interleaved()
        .ok_or_else(|| Error::Input("YCbCr planes: pixels to encode must be grey or RGB".into()))?;
    let stored = match picture.model {
        PixelModel::Grey => PixelModel::Grey,
        _ => PixelModel::YCbCr,
    };
    let mut plan = plan(picture.width(), picture.height(), stored)?;
    plan.steps[..3].copy_from_slice(steps);
    plan.trellis = i32::from(quantiser == Quantiser::Trellis);
    if stored == PixelModel::YCbCr {
        plan.h[0] = subsampling.0 as i32;
        plan.v[0] = subsampling.1 as i32;
    }
    let mut rows = EncodedRows::begin(&plan)?;
    rows.add(&pixels)?;
    rows.finish()
}

/// A JPEG that is encoded row by row.
pub struct EncodedRows {
    writer: Writer,
    row_bytes: usize,
    rows_left: usize,
}

impl EncodedRows {
    /// Begins a JPEG of that size, grey or RGB, as [`encode`] makes it without subsampling.
    ///
    /// # Errors
    /// [`Error::Input`] for a size that a JPEG cannot have.
    pub fn new(size: (usize, usize), is_grey: bool, quality: u8) -> Result<Self> {
        let stored = match is_grey {
            true => PixelModel::Grey,
            false => PixelModel::YCbCr,
        };
        let mut plan = plan(size.0, size.1, stored)?;
        let (luma, chroma) = tables::ijg_pair(quality);
        plan.steps[..3].copy_from_slice(&[luma, chroma, chroma]);
        Self::begin(&plan)
    }

    fn begin(plan: &ffi::Plan) -> Result<Self> {
        let writer = Writer::new()?;
        // SAFETY: the handle is live and new.
        if unsafe { ffi::dj_writer_begin(writer.0, plan) } == 0 {
            return Err(writer.error());
        }
        Ok(Self {
            writer,
            row_bytes: plan.width as usize * plan.components as usize,
            rows_left: plan.height as usize,
        })
    }

    /// Encodes the next rows: interleaved pixels.
    ///
    /// # Errors
    /// [`Error::Input`] for a part of a row, or more rows than the picture has.
    pub fn add(&mut self, pixels: &[u8]) -> Result<()> {
        let rows = pixels.len() / self.row_bytes;
        if !pixels.len().is_multiple_of(self.row_bytes) || rows > self.rows_left {
            return Err(Error::Input(format!(
                "{} bytes to encode: {} rows of {} are left",
                pixels.len(),
                self.rows_left,
                self.row_bytes
            )));
        }
        self.rows_left -= rows;
        // SAFETY: the handle has begun, and `pixels` holds so many whole rows.
        match unsafe { ffi::dj_writer_rows(self.writer.0, pixels.as_ptr(), rows as u32) } {
            0 => Err(self.writer.error()),
            _ => Ok(()),
        }
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// [`Error::Input`] if rows are missing.
    pub fn finish(self) -> Result<Vec<u8>> {
        // SAFETY: the handle has begun.
        let ok = unsafe { ffi::dj_writer_end(self.writer.0) };
        self.writer.finish(ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::read;
    use crate::options::Limits;

    /// libjpeg itself cuts steps at 32767.
    #[test]
    fn steps_of_sixteen_bits_are_written_as_they_are() {
        let grey = Planar8::new(PixelModel::Grey, 24, 16, (1, 1));
        let limits = Limits::default();
        let mut file = read(&encode(&grey, 50, (1, 1)).unwrap(), &limits).unwrap();
        for (i, step) in [(1, 255), (2, 256), (3, 32_767), (4, 32_768), (63, 65_535)] {
            file.components[0].steps[i] = step;
            file.components[0].levels[5][i] = 1;
        }
        let again = read(&write(&file).unwrap(), &limits).unwrap();
        assert_eq!(again.components, file.components);
    }
}
