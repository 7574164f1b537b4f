//! Formats of pixels and nothing else: PNM and its kin, PFM, Y4M and raw samples.

use anyhow::{Result, bail};
use ddrmjpeg::jpeg::file::Metadata;

use crate::io::picture::samples::{Depth, Pixels, Samples, Shape};

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
    Ok([pam_head(pixels.shape()), pixels.bytes(true)].concat())
}

/// What lies before the samples of a PAM.
pub fn pam_head(shape: Shape) -> Vec<u8> {
    let (depth, kind) = match shape.grey {
        true => (1, "GRAYSCALE"),
        false => (3, "RGB"),
    };
    let head = format!(
        "P7\nWIDTH {}\nHEIGHT {}\nDEPTH {depth}\nMAXVAL {}\nTUPLTYPE {kind}\nENDHDR\n",
        shape.width,
        shape.height,
        white(shape)
    );
    head.into_bytes()
}

fn pnm(pixels: &Pixels) -> Vec<u8> {
    [pnm_head(pixels.shape()), pixels.bytes(true)].concat()
}

/// What lies before the samples of a PPM or PGM.
pub fn pnm_head(shape: Shape) -> Vec<u8> {
    let magic = if shape.grey { "P5" } else { "P6" };
    let (width, height) = (shape.width, shape.height);
    format!("{magic}\n{width} {height}\n{}\n", white(shape)).into_bytes()
}

/// The number that stands for white. Samples of more than a byte come high byte first.
fn white(shape: Shape) -> u32 {
    match shape.depth {
        Depth::Eight => 255,
        _ => 65535,
    }
}

/// PFM: f32, the last row first, little-endian.
pub fn as_pfm(pixels: Pixels, _: &Metadata) -> Result<Vec<u8>> {
    let samples = pixels.bytes(false);
    let channels = if pixels.grey { 1 } else { 3 };
    let row = 4 * channels * pixels.width as usize;
    let rows = samples.chunks_exact(row).rev().flatten();
    let head = pfm_head(pixels.shape()).into_iter();
    Ok(head.chain(rows.copied()).collect())
}

/// What lies before the samples of a PFM.
pub fn pfm_head(shape: Shape) -> Vec<u8> {
    let magic = if shape.grey { "Pf" } else { "PF" };
    format!("{magic}\n{} {}\n-1.0\n", shape.width, shape.height).into_bytes()
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
