//! `--out-quality auto`: a JPEG of the restored picture that is at most half again as large as the
//! input.
//!
//! At the input's own size there is nothing to gain: the restored picture lies in the cells of the
//! input, and steps as coarse as those give the same levels again. So the file may be half again as
//! large, with full chroma and mozjpeg's trellis. docs/measurements/quality.md says how much of the
//! gain that keeps.

use anyhow::Result;
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::file::write::{Quantiser, encode_by, encode_with};
use ddrmjpeg::jpeg::grid::tables;
use ddrmjpeg::restore::Report;

use crate::restore::input::Seen;

/// The quality whose size is used if it is unknown how a picture was written.
const USUAL: u8 = 90;

/// The bytes of the JPEG, and its quality.
pub fn automatic(pixels: &Planar8, seen: &Seen, report: &Report) -> Result<(Vec<u8>, u8)> {
    let (size, area) = match seen {
        Seen::Jpeg(file) => (jpeg::write(file)?.len(), file.width * file.height),
        Seen::Banded(picture, _) | Seen::Decoded(picture) => {
            let size = size_once(picture, report)?;
            (size, picture.width() * picture.height())
        }
    };
    // Two pictures side by side may take the size of two.
    let times = pixels.width() * pixels.height() / area.max(1);
    highest(pixels, size * times.max(1) * 3 / 2)
}

/// Size in bytes of the JPEG that `picture` once was, with the tables and the sampling found in it.
fn size_once(picture: &Planar8, report: &Report) -> Result<usize> {
    let Some(found) = &report.estimated else {
        return Ok(jpeg::encode(picture, USUAL, (1, 1))?.len());
    };
    let luma = found.luma.steps;
    let chroma = match &found.chroma {
        Some(chroma) => chroma.steps,
        None => {
            let nearest = tables::nearest_quality(&tables::BASE_LUMA, &luma).quality;
            tables::ijg(&tables::BASE_CHROMA, nearest)
        }
    };
    let sampling = found.subsampling.unwrap_or((1, 1));
    Ok(encode_with(picture, &[luma, chroma, chroma], sampling)?.len())
}

/// The file of the highest quality that fits into `room` bytes, or of quality 1. The search stops
/// at a file that fills 97 % of it.
fn highest(pixels: &Planar8, room: usize) -> Result<(Vec<u8>, u8)> {
    let encode = |quality: u8| {
        let (luma, chroma) = tables::ijg_pair(quality);
        encode_by(pixels, &[luma, chroma, chroma], (1, 1), Quantiser::Trellis)
    };
    let mut best = None;
    let (mut low, mut high) = (1, 100);
    while low <= high {
        let middle = (low + high) / 2;
        let bytes = encode(middle)?;
        let size = bytes.len();
        if size > room {
            high = middle - 1;
            continue;
        }
        best = Some((bytes, middle));
        if 100 * size >= 97 * room {
            break;
        }
        low = middle + 1;
    }
    match best {
        Some(best) => Ok(best),
        None => Ok((encode(1)?, 1)),
    }
}
