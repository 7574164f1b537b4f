//! A picture to measure with: edges, gradients and texture, the same at every call.

use crate::error::Result;
use crate::frame::{PixelModel, Planar8};
use crate::jpeg::encode;

/// Quality of the JPEG that is restored, 4:2:0.
const QUALITY: u8 = 40;

/// A made-up picture of `width` x `height` pixels.
pub fn made_up(width: usize, height: usize) -> Planar8 {
    let mut out = Planar8::new(PixelModel::Rgb, width, height, (1, 1));
    for (c, plane) in out.planes.iter_mut().enumerate() {
        for (i, byte) in plane.data.iter_mut().enumerate() {
            *byte = sample(c, i % width, i / width);
        }
    }
    out
}

/// A slope, discs, and a little noise on every other disc.
fn sample(c: usize, x: usize, y: usize) -> u8 {
    let (dx, dy) = ((x % 96) as i64 - 48, (y % 96) as i64 - 48);
    let inside = dx * dx + dy * dy < 1600;
    let slope = (x * (c + 1) + 2 * y) / 8 % 160;
    let hash = (x.wrapping_mul(0x9e37_79b9) ^ y.wrapping_mul(0x85eb_ca6b)) >> 7;
    let noise = if (x / 96 + y / 96).is_multiple_of(2) {
        hash % 24
    } else {
        0
    };
    (slope + noise + if inside { 60 } else { 0 }).min(255) as u8
}

/// Its JPEG file.
///
/// # Errors
/// Those of the encoder.
pub fn jpeg(width: usize, height: usize) -> Result<Vec<u8>> {
    encode(&made_up(width, height), QUALITY, (2, 2))
}
