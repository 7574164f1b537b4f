//! The luma of a clean picture, for measurements on grey JPEGs.
//!
//! The grey tables of papers use MATLAB's rgb2ycbcr: BT.601 in 16..=235. In 0..=255 the same
//! pictures give figures 0.7 to 0.8 dB lower, because all differences are larger.

use ddrmjpeg::frame::{PixelModel, Planar8};

use crate::eval::arguments::Grey;

/// Luma of R, G and B in 0..=255: an offset, and a weight for each (ITU-R BT.601; for studio range
/// as in the documentation of rgb2ycbcr).
const FULL: [f64; 4] = [0.0, 0.299, 0.587, 0.114];
const STUDIO: [f64; 4] = [16.0, 65.481 / 255.0, 128.553 / 255.0, 24.966 / 255.0];

/// `picture`, RGB or grey, in grey of that range, rounded. A grey picture counts as equal R, G
/// and B.
pub fn of(picture: &Planar8, range: Grey) -> Planar8 {
    let [offset, r, g, b] = match range {
        Grey::Full => FULL,
        Grey::Studio => STUDIO,
    };
    let size = (picture.width(), picture.height());
    let mut out = Planar8::new(PixelModel::Grey, size.0, size.1, (1, 1));
    for (i, byte) in out.planes[0].data.iter_mut().enumerate() {
        let at = |c: usize| f64::from(picture.planes.get(c).unwrap_or(&picture.planes[0]).data[i]);
        *byte = (offset + r * at(0) + g * at(1) + b * at(2)).round() as u8;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pure colours as the standard gives them: 16 + 219 · (0.299, 0.587, 0.114) in studio range,
    /// 255 · (0.299, 0.587, 0.114) in full range.
    #[test]
    fn luma_is_that_of_the_standard() {
        let rgb = [0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
        let picture = Planar8::from_rgb(5, 1, &rgb);
        let luma = |range| of(&picture, range).planes[0].data.clone();
        assert_eq!(luma(Grey::Studio), [16, 81, 145, 41, 235]);
        assert_eq!(luma(Grey::Full), [0, 76, 150, 29, 255]);
    }

    #[test]
    fn grey_counts_as_equal_channels() {
        let mut picture = Planar8::new(PixelModel::Grey, 3, 1, (1, 1));
        picture.planes[0].data.copy_from_slice(&[0, 128, 255]);
        assert_eq!(of(&picture, Grey::Full), picture);
        assert_eq!(of(&picture, Grey::Studio).planes[0].data, [16, 126, 235]);
    }
}
