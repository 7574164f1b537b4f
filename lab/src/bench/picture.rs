//! A picture to measure with: edges, gradients and texture, the same at every call.

use ddrmjpeg::error::Result;
use ddrmjpeg::frame::{PixelModel, Planar8, Rect};
use ddrmjpeg::jpeg::encode;

/// Quality of the JPEG that is restored, 4:2:0.
const QUALITY: u8 = 40;

/// Pixels by which what changed is shifted.
const SHIFT: usize = 1003;

/// A synthetic picture of `width` x `height` pixels.
pub fn made_up(width: usize, height: usize) -> Planar8 {
    let nowhere = Rect {
        x: 0,
        y: 0,
        width: 0,
        height: 0,
    };
    made_up_but((width, height), nowhere)
}

/// The same, but something else in `changed`.
fn made_up_but((width, height): (usize, usize), changed: Rect) -> Planar8 {
    let columns = changed.x..changed.x + changed.width;
    let rows = changed.y..changed.y + changed.height;
    let mut out = Planar8::new(PixelModel::Rgb, width, height, (1, 1));
    for (c, plane) in out.planes.iter_mut().enumerate() {
        for (i, byte) in plane.data.iter_mut().enumerate() {
            let (x, y) = (i % width, i / width);
            let is_other = columns.contains(&x) && rows.contains(&y);
            let shift = if is_other { SHIFT } else { 0 };
            *byte = sample(c, x + shift, y);
        }
    }
    out
}

/// Waves, discs, and noise, more of it on every other disc. No two blocks are alike: otherwise
/// their levels would have gaps like those of a JPEG saved twice.
fn sample(c: usize, x: usize, y: usize) -> u8 {
    let (dx, dy) = ((x % 97) as i64 - 48, (y % 97) as i64 - 48);
    let inside = dx * dx + dy * dy < 1600;
    let wave = (x as f32 / 37.0 + c as f32).sin() + (y as f32 / 29.0 + x as f32 / 61.0).cos();
    let noise = hash(x, y)
        % if (x / 97 + y / 97).is_multiple_of(2) {
            24
        } else {
            5
        };
    let level = 100.0 + 40.0 * wave + noise as f32 + if inside { 60.0 } else { 0.0 };
    level.round() as u8
}

/// Pseudo-random bits that depend on the position.
fn hash(x: usize, y: usize) -> u64 {
    let mixed = (((x as u64) << 32) ^ y as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40
}

/// The picture as a JPEG file.
///
/// # Errors
/// Those of the encoder.
pub fn jpeg(width: usize, height: usize) -> Result<Vec<u8>> {
    encode(&made_up(width, height), QUALITY, (2, 2))
}

/// The same, but something else in `changed`.
///
/// # Errors
/// As [`jpeg`].
pub fn jpeg_but(size: (usize, usize), changed: Rect) -> Result<Vec<u8>> {
    encode(&made_up_but(size, changed), QUALITY, (2, 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddrmjpeg::jpeg::read;
    use ddrmjpeg::jpeg::recover::resaved;
    use ddrmjpeg::options::Limits;

    #[test]
    fn it_does_not_look_saved_twice() {
        for (width, height) in [(16, 16), (64, 64), (512, 512), (640, 480)] {
            let file = read(&jpeg(width, height).unwrap(), &Limits::default()).unwrap();
            assert!(resaved::first_save(&file).is_none(), "{width}x{height}");
        }
    }
}
