//! JPEG XL, lossless: the pixels by zune-jpegxl, with EXIF and XMP in boxes around them, ICC and
//! orientation in a header of our own (`jxl_header`).

use anyhow::{Context, Result, bail};
use ddrmjpeg::jpeg::file::Metadata;
use zune_core::bit_depth::BitDepth;
use zune_core::colorspace::ColorSpace;
use zune_core::options::EncoderOptions;
use zune_jpegxl::JxlSimpleEncoder;

use crate::io::carry::exif;
use crate::io::picture::boxes::boxed;
use crate::io::picture::jxl_header::Header;
use crate::io::picture::samples::{Pixels, Samples};

/// Work that is spent on a smaller file, of 0..127.
const EFFORT: u8 = 127;

/// JPEG XL, 8 or 16 bits.
pub fn as_jxl(pixels: Pixels, metadata: &Metadata) -> Result<Vec<u8>> {
    let tiff = metadata.exif.as_deref();
    let header = Header {
        width: pixels.width,
        height: pixels.height,
        sixteen: matches!(pixels.samples, Samples::Sixteen(_)),
        grey: pixels.grey,
        ..Header::default()
    };
    let codestream = codestream(&pixels, &header)?;
    let frame = codestream.strip_prefix(header.bytes().as_slice());
    let frame = frame.context("the JPEG XL encoder wrote a header of another kind")?;
    let header = Header {
        orientation: exif::orientation(tiff.unwrap_or_default()).to_exif(),
        icc: metadata.icc.as_deref(),
        ..header
    };
    let mut out = boxed(b"JXL ", &[b"\x0D\x0A\x87\x0A"]);
    out.extend(boxed(b"ftyp", &[b"jxl \0\0\0\0jxl "]));
    if header.sixteen {
        // Level 5 of the standard has buffers of 16 bits with a sign.
        out.extend(boxed(b"jxll", &[&[10]]));
    }
    if let Some(tiff) = tiff {
        out.extend(boxed(b"Exif", &[&[0; 4], tiff]));
    }
    if let Some(xmp) = &metadata.xmp {
        out.extend(boxed(b"xml ", &[xmp]));
    }
    out.extend(boxed(b"jxlc", &[&header.bytes(), frame]));
    Ok(out)
}

/// The picture with the header that the encoder writes.
fn codestream(pixels: &Pixels, header: &Header) -> Result<Vec<u8>> {
    let (width, height) = (pixels.width as usize, pixels.height as usize);
    if width < 2 || height < 2 {
        bail!("{width}x{height} pixels: a JPEG XL is written from 2x2 on");
    }
    let depth = match header.sixteen {
        true => BitDepth::Sixteen,
        false => BitDepth::Eight,
    };
    let colours = match pixels.grey {
        true => ColorSpace::Luma,
        false => ColorSpace::RGB,
    };
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(255) as u8);
    let options = EncoderOptions::new(width, height, colours, depth)
        .set_num_threads(threads)
        .set_effort(EFFORT);
    let samples = pixels.bytes(cfg!(target_endian = "big"));
    let mut out = Vec::new();
    let done = JxlSimpleEncoder::new(&samples, options).encode(&mut out);
    match done {
        Ok(_) => Ok(out),
        Err(error) => bail!("JPEG XL: {error:?}"),
    }
}
