//! Formats of pixels and nothing else: PNM and its kin, PFM, Y4M and raw samples.

use anyhow::{Result, bail};
use ddrmjpeg::jpeg::file::Metadata;

use crate::io::picture::samples::{Pixels, Samples};

/// Why a colour picture cannot be written as PGM.
pub const NO_COLOUR: &str = "a picture in colour, and a PGM holds grey: write a .ppm or a .png";

/// P6, always.
pub fn as_ppm(pixels: Pixels, _: &Metadata) -> Result<Vec<u8>> {
    Ok(pnm(&pixels.in_three()))
}

/// P5, always.
pub fn as_pgm(pixels: Pixels, _: &Metadata) -> Result<Vec<u8>> {
    match pixels.grey {
        true => Ok(pnm(&pixels)),
        false => bail!("{}", NO_COLOUR),
    }
}

/// P6 for colour, P5 for grey: every reader of PNM supports these.
pub fn as_pnm(pixels: Pixels, _: &Metadata) -> Result<Vec<u8>> {
    Ok(pnm(&pixels))
}

/// P7 of colour or grey.
pub fn as_pam(pixels: Pixels, _: &Metadata) -> Result<Vec<u8>> {
    let (depth, kind) = match pixels.grey {
        true => (1, "GRAYSCALE"),
        false => (3, "RGB"),
    };
    let head = format!(
        "P7\nWIDTH {}\nHEIGHT {}\nDEPTH {depth}\nMAXVAL {}\nTUPLTYPE {kind}\nENDHDR\n",
        pixels.width,
        pixels.height,
        white(&pixels)
    );
    Ok([head.into_bytes(), pixels.bytes(true)].concat())
}

fn pnm(pixels: &Pixels) -> Vec<u8> {
    let magic = if pixels.grey { "P5" } else { "P6" };
    let (width, height) = (pixels.width, pixels.height);
    let head = format!("{magic}\n{width} {height}\n{}\n", white(pixels));
    [head.into_bytes(), pixels.bytes(true)].concat()
}

/// The number that stands for white. Samples of more than a byte come high byte first.
fn white(pixels: &Pixels) -> u32 {
    match pixels.samples {
        Samples::Eight(_) => 255,
        _ => 65535,
    }
}

/// PFM: f32, the last row first, little-endian.
pub fn as_pfm(pixels: Pixels, _: &Metadata) -> Result<Vec<u8>> {
    let (magic, channels) = if pixels.grey { ("Pf", 1) } else { ("PF", 3) };
    let head = format!("{magic}\n{} {}\n-1.0\n", pixels.width, pixels.height);
    let samples = pixels.bytes(false);
    let row = 4 * channels * pixels.width as usize;
    let rows = samples.chunks_exact(row).rev().flatten();
    Ok(head.into_bytes().into_iter().chain(rows.copied()).collect())
}

/// Y4M of one frame: Y, Cb, Cr in full range without subsampling, or Y alone.
pub fn as_y4m(pixels: Pixels, _: &Metadata) -> Result<Vec<u8>> {
    let colour = match (pixels.grey, &pixels.samples) {
        (true, Samples::Eight(_)) => "mono",
        (true, _) => "mono16",
        (false, Samples::Eight(_)) => "444",
        (false, _) => "444p16",
    };
    let head = format!(
        "YUV4MPEG2 W{} H{} F25:1 Ip A1:1 C{colour} XCOLORRANGE=FULL\nFRAME\n",
        pixels.width, pixels.height
    );
    Ok([head.into_bytes(), pixels.in_planes().bytes(false)].concat())
}

/// R, G, B of each pixel, without any header.
pub fn as_rgb(pixels: Pixels, _: &Metadata) -> Result<Vec<u8>> {
    Ok(pixels.in_three().bytes(false))
}

/// The planes of R, G and B, or of Y, Cb and Cr, one after the other, without any header.
pub fn as_planes(pixels: Pixels, _: &Metadata) -> Result<Vec<u8>> {
    Ok(pixels.in_planes().bytes(false))
}

/// Bytes at the start of a file that are not repeated before a further frame.
pub fn head_of_stream(bytes: &[u8]) -> usize {
    let end = bytes.iter().position(|&byte| byte == b'\n');
    match bytes.starts_with(b"YUV4MPEG2 ") {
        true => end.map_or(0, |end| end + 1),
        false => 0,
    }
}
