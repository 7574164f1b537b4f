//! How much fine texture a picture has kept. Fidelity metrics reward smoothing that removes it.

use crate::eval::luma::{Luma, gaussian};
use ddrmjpeg::error::Result;
use ddrmjpeg::frame::Planar8;

const TAPS: usize = 9;
const SIGMA_PX: f64 = 1.5;
const WINDOW: usize = 16;

/// Local high-frequency energy of `shown` divided by that of `clean`: 1 means as much texture as
/// the original, less is smoother, more is noisier.
///
/// Energy is the root mean square, in windows of 16x16, of luma minus its Gaussian blur of σ 1.5
/// pixels. It is averaged over windows, so that a few strong edges do not outweigh grass. NaN if
/// `clean` is flat.
///
/// # Errors
/// [`ddrmjpeg::Error::Input`] if the pictures differ in size or are below 24 pixels on a side.
pub fn texture(clean: &Planar8, shown: &Planar8) -> Result<f64> {
    let (clean, shown) = Luma::pair(clean, shown, WINDOW + TAPS - 1, "texture")?;
    Ok(energy(&shown) / energy(&clean))
}

fn energy(picture: &Luma) -> f64 {
    let blurred = picture.filtered(&gaussian(TAPS, SIGMA_PX));
    let margin = TAPS / 2;
    let detail = |x: usize, y: usize| {
        picture.data[(y + margin) * picture.width + x + margin]
            - blurred.data[y * blurred.width + x]
    };
    let (columns, rows) = (blurred.width / WINDOW, blurred.height / WINDOW);
    let window = |i: usize| {
        let (left, top) = (i % columns * WINDOW, i / columns * WINDOW);
        let squares = (0..WINDOW * WINDOW).map(|k| {
            let value = detail(left + k % WINDOW, top + k / WINDOW);
            value * value
        });
        (squares.sum::<f64>() / (WINDOW * WINDOW) as f64).sqrt()
    };
    (0..columns * rows).map(window).sum::<f64>() / (columns * rows) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddrmjpeg::frame::PixelModel;

    fn checks(contrast: u8) -> Planar8 {
        let mut picture = Planar8::new(PixelModel::Grey, 40, 40, (1, 1));
        for (i, byte) in picture.planes[0].data.iter_mut().enumerate() {
            *byte = 100 + contrast * ((i % 40 + i / 40) % 2) as u8;
        }
        picture
    }

    /// Detail is linear in contrast.
    #[test]
    fn half_the_contrast_is_half_the_texture() {
        let found = texture(&checks(40), &checks(20)).unwrap();
        assert!((found - 0.5).abs() < 1e-9, "{found}");
    }
}
