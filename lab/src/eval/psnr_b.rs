//! PSNR-B of luma: Yim and Bovik, "Quality assessment of deblocked images", 2011. PSNR with a
//! penalty for steps at the borders of 8x8 blocks.

use crate::eval::luma::Luma;
use crate::eval::metrics::psnr_of;
use ddrmjpeg::error::Result;
use ddrmjpeg::frame::Planar8;

const BLOCK: usize = 8;

/// PSNR-B in dB of `shown` against `clean`; infinite for equal pictures without block borders.
///
/// # Errors
/// [`ddrmjpeg::Error::Input`] if the pictures differ in size or are below 16 pixels on a side.
pub fn psnr_b(clean: &Planar8, shown: &Planar8) -> Result<f64> {
    let (clean, shown) = Luma::pair(clean, shown, 2 * BLOCK, "PSNR-B")?;
    let squares = clean.zip(&shown, |a, b| (a - b).powi(2)).mean();
    Ok(psnr_of(squares + blocking(&shown)))
}

/// The blocking effect factor (eq. 10 of the paper): how much larger the squared steps across
/// block borders are than those elsewhere, weighted by the block's size in the picture.
fn blocking(picture: &Luma) -> f64 {
    let mut border = (0.0, 0usize);
    let mut inside = (0.0, 0usize);
    let mut count = |across: usize, step: f64| {
        let sum = match across % BLOCK {
            0 => &mut border,
            _ => &mut inside,
        };
        sum.0 += step * step;
        sum.1 += 1;
    };
    for y in 0..picture.height {
        for x in 0..picture.width {
            let here = picture.data[y * picture.width + x];
            if x > 0 {
                count(x, here - picture.data[y * picture.width + x - 1]);
            }
            if y > 0 {
                count(y, here - picture.data[(y - 1) * picture.width + x]);
            }
        }
    }
    let mean = |(sum, count): (f64, usize)| sum / count.max(1) as f64;
    let excess = mean(border) - mean(inside);
    let smaller = picture.width.min(picture.height) as f64;
    (BLOCK as f64).log2() / smaller.log2() * excess.max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddrmjpeg::frame::PixelModel;

    fn grey(value: impl Fn(usize, usize) -> u8) -> Planar8 {
        let mut picture = Planar8::new(PixelModel::Grey, 32, 32, (1, 1));
        for (i, byte) in picture.planes[0].data.iter_mut().enumerate() {
            *byte = value(i % 32, i / 32);
        }
        picture
    }

    /// The same error costs more as blocks.
    #[test]
    fn blocks_cost() {
        let clean = grey(|_, _| 100);
        let blocks = grey(|x, _| 100 + 10 * (x / 8 % 2) as u8);
        let smooth = grey(|x, _| 100 + 10 * ((x + 4) / 8 % 2) as u8);
        let plain = crate::eval::metrics::psnr(&clean, &blocks).unwrap();
        assert!((psnr_b(&clean, &smooth).unwrap() - plain).abs() < 1e-9);
        // Steps of 10 across one border in three of 31 x 32 x 2 are on the grid: 3 · 32 of
        // 2 · 3 · 32 border steps; none elsewhere. log2 8 / log2 32 = 0.6.
        let factor = 0.6 * 100.0 * 0.5;
        let expected = psnr_of(50.0 + factor);
        assert!((psnr_b(&clean, &blocks).unwrap() - expected).abs() < 1e-9);
    }
}
