//! SSIM of luma: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error
//! visibility to structural similarity", 2004, with the paper's window and constants.

use crate::eval::luma::{Luma, gaussian};
use ddrmjpeg::error::Result;
use ddrmjpeg::frame::Planar8;

const TAPS: usize = 11;
const SIGMA_PX: f64 = 1.5;
const C1: f64 = (0.01 * 255.0) * (0.01 * 255.0);
const C2: f64 = (0.03 * 255.0) * (0.03 * 255.0);

/// Mean structural similarity of the lumas: at most 1, and 1 for equal pictures.
///
/// # Errors
/// [`ddrmjpeg::Error::Input`] if the pictures differ in size or are below 11 pixels on a side.
pub fn ssim(a: &Planar8, b: &Planar8) -> Result<f64> {
    let (a, b) = Luma::pair(a, b, TAPS, "SSIM")?;
    let kernel = gaussian(TAPS, SIGMA_PX);
    let (mean_a, mean_b) = (a.filtered(&kernel), b.filtered(&kernel));
    let moment = |x: &Luma, y: &Luma| x.zip(y, |x, y| x * y).filtered(&kernel);
    let (aa, bb, ab) = (moment(&a, &a), moment(&b, &b), moment(&a, &b));
    let variances = aa.zip(&bb, |a, b| a + b);
    let total: f64 = (0..mean_a.data.len())
        .map(|i| {
            let (ma, mb) = (mean_a.data[i], mean_b.data[i]);
            let covariance = ab.data[i] - ma * mb;
            let variance = variances.data[i] - ma * ma - mb * mb;
            (2.0 * ma * mb + C1) * (2.0 * covariance + C2)
                / ((ma * ma + mb * mb + C1) * (variance + C2))
        })
        .sum();
    Ok(total / mean_a.data.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddrmjpeg::frame::PixelModel;

    fn grey(value: impl Fn(usize, usize) -> u8) -> Planar8 {
        let mut picture = Planar8::new(PixelModel::Grey, 16, 12, (1, 1));
        for (i, byte) in picture.planes[0].data.iter_mut().enumerate() {
            *byte = value(i % 16, i / 16);
        }
        picture
    }

    #[test]
    fn equal_pictures_have_one() {
        let a = grey(|x, y| (x * y) as u8);
        assert!((ssim(&a, &a).unwrap() - 1.0).abs() < 1e-12);
    }

    /// For flat pictures only the luminance term remains: (2ab + C1) / (a² + b² + C1).
    #[test]
    fn flat_pictures_follow_the_formula() {
        let (a, b) = (100.0, 120.0);
        let expected = (2.0 * a * b + C1) / (a * a + b * b + C1);
        let found = ssim(&grey(|_, _| 100), &grey(|_, _| 120)).unwrap();
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }

    #[test]
    fn too_small_a_picture_is_refused() {
        let small = Planar8::new(PixelModel::Grey, 10, 12, (1, 1));
        let message = ssim(&small, &small).unwrap_err().to_string();
        assert!(
            message.contains("10 x 12") && message.contains("11"),
            "{message}"
        );
    }
}
