//! Metrics of perceived difference, from published crates.

use butteraugli::{ButteraugliParams, Img, RGB8};
use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};

use ddrmjpeg::error::{Error, Result};
use ddrmjpeg::frame::Planar8;

/// SSIMULACRA2 of `shown` against `clean` (sRGB): 100 is equal, 90 hard to tell apart, 50
/// medium quality, below 0 very poor.
///
/// # Errors
/// [`Error::Input`] if the pictures differ in size, are below 8 pixels on a side, or are neither
/// RGB nor grey.
pub fn ssimulacra2(clean: &Planar8, shown: &Planar8) -> Result<f64> {
    let frame = |picture: &Planar8| -> Result<Rgb> {
        let pixels = pixels(picture, "SSIMULACRA2")?;
        let unit = pixels.map(|rgb| rgb.map(|v| f32::from(v) / 255.0));
        Rgb::new(
            unit.collect(),
            picture.width(),
            picture.height(),
            TransferCharacteristic::SRGB,
            ColorPrimaries::BT709,
        )
        .map_err(|error| Error::Input(format!("SSIMULACRA2: {error}")))
    };
    compute_frame_ssimulacra2(frame(clean)?, frame(shown)?)
        .map_err(|error| Error::Input(format!("SSIMULACRA2: {error}")))
}

/// Butteraugli distance of `shown` from `clean` (sRGB, 80 nits), the maximum over the picture:
/// 0 is equal, 1 just noticeable, more is worse.
///
/// # Errors
/// Those of [`ssimulacra2()`].
pub fn butteraugli(clean: &Planar8, shown: &Planar8) -> Result<f64> {
    let frame = |picture: &Planar8| -> Result<Img<Vec<RGB8>>> {
        let pixels = pixels(picture, "butteraugli")?;
        let rgb = pixels.map(|[r, g, b]| RGB8::new(r, g, b)).collect();
        Ok(Img::new(rgb, picture.width(), picture.height()))
    };
    let (clean, shown) = (frame(clean)?, frame(shown)?);
    butteraugli::butteraugli(
        clean.as_ref(),
        shown.as_ref(),
        &ButteraugliParams::default(),
    )
    .map(|result| result.score)
    .map_err(|error| Error::Input(format!("butteraugli: {error}")))
}

fn pixels<'a>(picture: &'a Planar8, metric: &str) -> Result<impl Iterator<Item = [u8; 3]> + 'a> {
    let count = picture.width() * picture.height();
    let plane = |c: usize| {
        let plane = picture.planes.get(c).or(picture.planes.first());
        plane
            .map(|plane| &plane.data[..])
            .filter(|data| data.len() == count)
    };
    match (plane(0), plane(1), plane(2)) {
        (Some(r), Some(g), Some(b)) => Ok((0..count).map(move |i| [r[i], g[i], b[i]])),
        _ => Err(Error::Input(format!(
            "{metric}: a picture of subsampled planes; it is of RGB or grey"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddrmjpeg::frame::PixelModel;

    fn wave(noise: u8) -> Planar8 {
        let mut picture = Planar8::new(PixelModel::Rgb, 64, 48, (1, 1));
        for (c, plane) in picture.planes.iter_mut().enumerate() {
            for (i, byte) in plane.data.iter_mut().enumerate() {
                let smooth = 120.0 + 60.0 * ((i % 64) as f64 * 0.1 + c as f64).sin();
                *byte = smooth as u8 + noise * (i * 7 % 3) as u8;
            }
        }
        picture
    }

    /// Both rank equal, slightly worse and worse in this order; the limits are from the metrics'
    /// definitions.
    #[test]
    fn worse_is_worse() {
        let (clean, slight, strong) = (wave(0), wave(2), wave(20));
        assert!((ssimulacra2(&clean, &clean).unwrap() - 100.0).abs() < 1e-6);
        assert!(butteraugli(&clean, &clean).unwrap().abs() < 1e-6);
        let of = |metric: fn(&Planar8, &Planar8) -> Result<f64>| {
            [&slight, &strong].map(|shown| metric(&clean, shown).unwrap())
        };
        let [better, worse] = of(ssimulacra2);
        assert!(100.0 > better && better > worse, "{better} {worse}");
        let [better, worse] = of(butteraugli);
        assert!(0.0 < better && better < worse, "{better} {worse}");
    }

    #[test]
    fn sizes_must_agree() {
        let other = Planar8::new(PixelModel::Rgb, 64, 40, (1, 1));
        assert!(ssimulacra2(&wave(0), &other).is_err());
        assert!(butteraugli(&wave(0), &other).is_err());
    }
}
