//! Pixels to the bytes of a file, with the metadata that its format can hold.
//!
//! The crate `image` writes only EXIF and ICC, so its codecs are called directly. `Format::unheld`
//! names what a format cannot hold; what an encoder refuses is an error.

use std::io::{Cursor, Seek, Write};

use anyhow::{Context, Result};
use ddrmjpeg::jpeg::file::{Density, DensityUnit, Metadata};
use image_webp::{ColorType, WebPEncoder};
use png::{PixelDimensions, Unit};
use tiff::encoder::colortype::ColorType as TiffColour;
use tiff::encoder::{ImageEncoder, Rational, TiffEncoder, TiffKind, colortype};
use tiff::tags::{ResolutionUnit, Tag};

use crate::io::carry::exif;
use crate::io::format::{Encoder, Format};
use crate::io::picture::samples::{Depth, Pixels, Samples, Shape};

/// PNG's keyword for XMP.
const PNG_XMP: &str = "XML:com.adobe.xmp";
/// TIFF's tags for XMP and for Photoshop's resources.
const TIFF_XMP: Tag = Tag::Unknown(700);
const TIFF_PHOTOSHOP: Tag = Tag::Unknown(34377);

/// The bytes of a file of `format`, which is not JPEG. Only lossy ones have a quality.
pub fn encode(
    pixels: Pixels,
    format: Format,
    metadata: &Metadata,
    quality: Option<u8>,
) -> Result<Vec<u8>> {
    let encoder = format.encoder();
    match encoder.context("a JPEG is written by its own encoder")? {
        Encoder::Exact(encode) => encode(pixels, metadata),
        Encoder::Lossy(encode) => encode(pixels, metadata, quality),
    }
}

/// PNG, 8 or 16 bits.
pub fn as_png(pixels: Pixels, metadata: &Metadata) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut writer = png_encoder(&mut bytes, pixels.shape(), metadata)?.write_header()?;
    writer.write_image_data(&pixels.bytes(true))?;
    writer.finish()?;
    Ok(bytes)
}

/// An encoder that knows all but the pixels.
pub fn png_encoder<'a, W: Write>(
    out: W,
    shape: Shape,
    metadata: &Metadata,
) -> Result<png::Encoder<'a, W>> {
    let mut info = png::Info::with_size(shape.width, shape.height);
    info.icc_profile = metadata.icc.clone().map(Into::into);
    info.exif_metadata = metadata.exif.clone().map(Into::into);
    info.pixel_dims = metadata.density.and_then(png_density);
    let mut encoder = png::Encoder::with_info(out, info)?;
    encoder.set_color(match shape.grey {
        true => png::ColorType::Grayscale,
        false => png::ColorType::Rgb,
    });
    encoder.set_depth(match shape.depth {
        Depth::Eight => png::BitDepth::Eight,
        _ => png::BitDepth::Sixteen,
    });
    encoder.set_compression(png::Compression::Fast);
    encoder.set_filter(png::Filter::Adaptive);
    if let Some(Ok(xmp)) = metadata.xmp.as_deref().map(std::str::from_utf8) {
        encoder.add_itxt_chunk(PNG_XMP.into(), xmp.into())?;
    }
    for comment in metadata.comments.iter().filter_map(|bytes| text(bytes)) {
        // tEXt holds Latin-1.
        match comment.chars().all(|letter| u32::from(letter) < 256) {
            true => encoder.add_text_chunk("Comment".into(), comment)?,
            false => encoder.add_itxt_chunk("Comment".into(), comment)?,
        }
    }
    Ok(encoder)
}

/// Samples per metre, rounded; if there is only an aspect ratio, that, unless it is 1.
fn png_density(density: Density) -> Option<PixelDimensions> {
    let scaled = |n: u16| match density.unit {
        DensityUnit::Ratio => u32::from(n),
        DensityUnit::Inch => (f64::from(n) / 0.0254).round() as u32,
        DensityUnit::Centimetre => 100 * u32::from(n),
    };
    let unit = match density.unit {
        DensityUnit::Ratio if density.x == density.y => return None,
        DensityUnit::Ratio => Unit::Unspecified,
        _ => Unit::Meter,
    };
    let (xppu, yppu) = (scaled(density.x), scaled(density.y));
    Some(PixelDimensions { xppu, yppu, unit })
}

/// A comment as text: UTF-8, otherwise Latin-1; `None` if it is empty.
fn text(bytes: &[u8]) -> Option<String> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    };
    // A NUL would end the text in PNG and TIFF.
    let text = text.trim_end_matches('\0').replace('\0', " ");
    Some(text).filter(|text| !text.is_empty())
}

/// TIFF, uncompressed: 8 or 16 bits, or f32.
pub fn as_tiff(pixels: Pixels, metadata: &Metadata) -> Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes)?;
    // The tiff crate has a type per colour, hence the macro.
    macro_rules! write {
        ($colour:ty, $samples:expr) => {{
            let mut image = encoder.new_image::<$colour>(pixels.width, pixels.height)?;
            tiff_tags(&mut image, metadata)?;
            image.write_data($samples)?;
        }};
    }
    match (&pixels.samples, pixels.grey) {
        (Samples::Eight(samples), true) => write!(colortype::Gray8, samples),
        (Samples::Eight(samples), false) => write!(colortype::RGB8, samples),
        (Samples::Sixteen(samples), true) => write!(colortype::Gray16, samples),
        (Samples::Sixteen(samples), false) => write!(colortype::RGB16, samples),
        (Samples::Float(samples), true) => write!(colortype::Gray32Float, samples),
        (Samples::Float(samples), false) => write!(colortype::RGB32Float, samples),
    }
    Ok(bytes.into_inner())
}

/// Writes the tags of what is not pixels.
pub fn tiff_tags<W: Write + Seek, C: TiffColour, K: TiffKind>(
    image: &mut ImageEncoder<'_, W, C, K>,
    metadata: &Metadata,
) -> Result<()> {
    let tags = image.encoder();
    let blocks = [
        (Tag::IccProfile, &metadata.icc),
        (TIFF_XMP, &metadata.xmp),
        (TIFF_PHOTOSHOP, &metadata.photoshop),
    ];
    for (tag, block) in blocks {
        if let Some(block) = block {
            tags.write_tag(tag, block.as_slice())?;
        }
    }
    let exif = metadata.exif.as_deref().unwrap_or_default();
    let orientation = exif::orientation(exif).to_exif();
    tags.write_tag(Tag::Orientation, u16::from(orientation))?;
    let ascii = metadata.comments.iter().filter(|bytes| bytes.is_ascii());
    let comments = ascii.filter_map(|bytes| text(bytes));
    let comments = Vec::from_iter(comments).join("\n");
    if !comments.is_empty() {
        tags.write_tag(Tag::ImageDescription, comments.as_str())?;
    }
    if let Some(density) = metadata.density {
        let exactly = |n: u16| Rational {
            n: u32::from(n),
            d: 1,
        };
        image.resolution_unit(match density.unit {
            DensityUnit::Ratio => ResolutionUnit::None,
            DensityUnit::Inch => ResolutionUnit::Inch,
            DensityUnit::Centimetre => ResolutionUnit::Centimeter,
        });
        image.x_resolution(exactly(density.x));
        image.y_resolution(exactly(density.y));
    }
    Ok(())
}

/// WebP, lossless.
pub fn as_webp(pixels: Pixels, metadata: &Metadata) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = WebPEncoder::new(&mut bytes);
    encoder.set_icc_profile(metadata.icc.clone().unwrap_or_default());
    encoder.set_exif_metadata(metadata.exif.clone().unwrap_or_default());
    encoder.set_xmp_metadata(metadata.xmp.clone().unwrap_or_default());
    let colour = match pixels.grey {
        true => ColorType::L8,
        false => ColorType::Rgb8,
    };
    encoder.encode(&pixels.bytes(true), pixels.width, pixels.height, colour)?;
    Ok(bytes)
}
