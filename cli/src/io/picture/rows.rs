//! Pixels to a file strip by strip, for pictures that are too large to be in memory at once.
//!
//! The headers are those of `encode` and `bare`. Formats that need the whole picture (WebP, planes
//! of colour) have no such encoder. Called by `restore`.

use std::io;
use std::io::{Seek, SeekFrom, Write};

use anyhow::{Result, bail};
use ddrmjpeg::jpeg::file::Metadata;
use ddrmjpeg::jpeg::file::write::{EncodedRows, with_metadata};
use tiff::encoder::colortype::{Gray8, Gray16, Gray32Float, RGB8, RGB16, RGB32Float};
use tiff::encoder::{TiffEncoder, TiffValue, colortype::ColorType};

use crate::io::picture::bare;
use crate::io::picture::encode;
use crate::io::picture::samples::{Depth, Pixels, Samples, Shape};

/// Where a file is written: to a file, or, in formats that never go back, to standard output.
pub trait Out: Write + Seek {}

impl<T: Write + Seek> Out for T {}

/// Standard output.
pub struct Pipe(pub io::Stdout);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Seek for Pipe {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(io::ErrorKind::NotSeekable.into())
    }
}

/// Strips of a picture, from the top to the bottom.
pub type Strips<'a> = &'a mut dyn Iterator<Item = Pixels>;

/// Writes a picture of that shape.
pub type EncodeRows = fn(&mut dyn Out, Shape, &Metadata, Strips<'_>) -> Result<()>;

/// PNG, 8 or 16 bits.
pub fn as_png(
    out: &mut dyn Out,
    shape: Shape,
    metadata: &Metadata,
    strips: Strips<'_>,
) -> Result<()> {
    const CHUNK: usize = 1 << 20;
    let mut writer = encode::png_encoder(out, shape, metadata)?.write_header()?;
    let mut rows = writer.stream_writer_with_size(CHUNK)?;
    for strip in strips {
        rows.write_all(&strip.bytes(true))?;
    }
    rows.finish()?;
    Ok(writer.finish()?)
}

/// JPEG of a quality, without chroma subsampling. The encoded bytes are in memory until the end.
pub fn as_jpeg(
    out: &mut dyn Out,
    shape: Shape,
    metadata: &Metadata,
    (quality, strips): (u8, Strips<'_>),
) -> Result<()> {
    let size = (shape.width as usize, shape.height as usize);
    let mut rows = EncodedRows::new(size, shape.grey, quality)?;
    for strip in strips {
        rows.add(&strip.bytes(true))?;
    }
    Ok(out.write_all(&with_metadata(&rows.finish()?, metadata))?)
}

/// P6, always.
pub fn as_ppm(out: &mut dyn Out, shape: Shape, _: &Metadata, strips: Strips<'_>) -> Result<()> {
    let shape = Shape {
        grey: false,
        ..shape
    };
    out.write_all(&bare::pnm_head(shape))?;
    samples(out, &mut strips.map(Pixels::in_three), true)
}

/// P5, always.
pub fn as_pgm(
    out: &mut dyn Out,
    shape: Shape,
    metadata: &Metadata,
    strips: Strips<'_>,
) -> Result<()> {
    match shape.grey {
        true => as_pnm(out, shape, metadata, strips),
        false => bail!("{}", bare::NO_COLOUR),
    }
}

/// P6 for colour, P5 for grey.
pub fn as_pnm(out: &mut dyn Out, shape: Shape, _: &Metadata, strips: Strips<'_>) -> Result<()> {
    out.write_all(&bare::pnm_head(shape))?;
    samples(out, strips, true)
}

/// P7 of colour or grey.
pub fn as_pam(out: &mut dyn Out, shape: Shape, _: &Metadata, strips: Strips<'_>) -> Result<()> {
    out.write_all(&bare::pam_head(shape))?;
    samples(out, strips, true)
}

/// PFM, of strips of the picture upside down.
pub fn as_pfm(out: &mut dyn Out, shape: Shape, _: &Metadata, strips: Strips<'_>) -> Result<()> {
    out.write_all(&bare::pfm_head(shape))?;
    samples(out, strips, false)
}

/// R, G, B of each pixel, without any header.
pub fn as_rgb(out: &mut dyn Out, _: Shape, _: &Metadata, strips: Strips<'_>) -> Result<()> {
    samples(out, &mut strips.map(Pixels::in_three), false)
}

fn samples(out: &mut dyn Out, strips: Strips<'_>, big_endian: bool) -> Result<()> {
    for strip in strips {
        out.write_all(&strip.bytes(big_endian))?;
    }
    Ok(())
}

/// TIFF, uncompressed: 8 or 16 bits, or f32.
pub fn as_tiff(
    out: &mut dyn Out,
    shape: Shape,
    metadata: &Metadata,
    strips: Strips<'_>,
) -> Result<()> {
    match (shape.depth, shape.grey) {
        (Depth::Eight, true) => tiff_of::<Gray8>(out, shape, metadata, strips, eight),
        (Depth::Eight, false) => tiff_of::<RGB8>(out, shape, metadata, strips, eight),
        (Depth::Sixteen, true) => tiff_of::<Gray16>(out, shape, metadata, strips, sixteen),
        (Depth::Sixteen, false) => tiff_of::<RGB16>(out, shape, metadata, strips, sixteen),
        (Depth::Float, true) => tiff_of::<Gray32Float>(out, shape, metadata, strips, float),
        (Depth::Float, false) => tiff_of::<RGB32Float>(out, shape, metadata, strips, float),
    }
}

/// Strips of TIFF have one height, so the rows of ours are put together again.
fn tiff_of<C: ColorType>(
    out: &mut dyn Out,
    shape: Shape,
    metadata: &Metadata,
    strips: Strips<'_>,
    samples_of: fn(Samples) -> Option<Vec<C::Inner>>,
) -> Result<()>
where
    [C::Inner]: TiffValue,
{
    const ROWS: u32 = 64;
    let mut encoder = TiffEncoder::new(out)?;
    let mut image = encoder.new_image::<C>(shape.width, shape.height)?;
    encode::tiff_tags(&mut image, metadata)?;
    image.rows_per_strip(ROWS)?;
    let mut waiting = Vec::new();
    for strip in strips {
        let Some(mut samples) = samples_of(strip.samples) else {
            bail!("a strip of another depth than the file's");
        };
        waiting.append(&mut samples);
        let mut written = 0;
        loop {
            let next = image.next_strip_sample_count() as usize;
            if next == 0 || waiting.len() - written < next {
                break;
            }
            image.write_strip(&waiting[written..written + next])?;
            written += next;
        }
        waiting.drain(..written);
    }
    Ok(image.finish()?)
}

fn eight(samples: Samples) -> Option<Vec<u8>> {
    match samples {
        Samples::Eight(samples) => Some(samples),
        _ => None,
    }
}

fn sixteen(samples: Samples) -> Option<Vec<u16>> {
    match samples {
        Samples::Sixteen(samples) => Some(samples),
        _ => None,
    }
}

fn float(samples: Samples) -> Option<Vec<f32>> {
    match samples {
        Samples::Float(samples) => Some(samples),
        _ => None,
    }
}
