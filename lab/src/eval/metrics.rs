//! Fidelity metrics between two 8-bit pictures.

use ddrmjpeg::error::{Error, Result};
use ddrmjpeg::frame::Planar8;

/// Peak signal-to-noise ratio in dB over all samples of all planes, peak 255; infinite for
/// equal pictures.
///
/// # Errors
/// [`Error::Input`] if the pictures differ in size or in number of planes.
pub fn psnr(a: &Planar8, b: &Planar8) -> Result<f64> {
    let same = a.planes.len() == b.planes.len()
        && a.planes
            .iter()
            .zip(&b.planes)
            .all(|(a, b)| (a.width, a.height) == (b.width, b.height));
    if !same {
        return Err(Error::Input(format!(
            "{} x {} in {} planes against {} x {} in {}: only equal sizes compare",
            a.width(),
            a.height(),
            a.planes.len(),
            b.width(),
            b.height(),
            b.planes.len()
        )));
    }
    let (mut squares, mut count) = (0u64, 0u64);
    for (a, b) in a.planes.iter().zip(&b.planes) {
        let difference = |(&a, &b): (&u8, &u8)| u64::from(a.abs_diff(b)).pow(2);
        squares += a.data.iter().zip(&b.data).map(difference).sum::<u64>();
        count += a.data.len() as u64;
    }
    Ok(psnr_of(squares as f64 / count.max(1) as f64))
}

/// PSNR in dB of a mean squared error in squared 8-bit levels.
pub fn psnr_of(mean_squared_error: f64) -> f64 {
    10.0 * (255.0f64.powi(2) / mean_squared_error).log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddrmjpeg::frame::PixelModel;

    #[test]
    fn one_level_everywhere_is_48_13_db() {
        let black = Planar8::new(PixelModel::Rgb, 4, 4, (1, 1));
        let mut grey = black.clone();
        for plane in &mut grey.planes {
            plane.data.fill(1);
        }
        assert!((psnr(&black, &grey).unwrap() - 48.1308).abs() < 1e-4);
        assert_eq!(psnr(&black, &black).unwrap(), f64::INFINITY);
    }

    #[test]
    fn sizes_must_agree() {
        let a = Planar8::new(PixelModel::Rgb, 4, 4, (1, 1));
        let b = Planar8::new(PixelModel::Rgb, 5, 4, (1, 1));
        assert!(psnr(&a, &b).unwrap_err().to_string().contains("5 x 4"));
    }
}
