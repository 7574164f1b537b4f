//! Carries out a chain: makes the JPEG to restore from a clean picture, and the original to compare
//! it with.

use anyhow::{Context, Result};
use ddrmjpeg::contract::NoiseSource;
use ddrmjpeg::frame::{Picture, PixelModel, Planar8};
use ddrmjpeg::jpeg;
use ddrmjpeg::options::Limits;
use ddrmjpeg::sampler::noise::Field;
use image::DynamicImage;
use image::imageops::FilterType;

use crate::eval::chain::{Chain, Save, Step};

/// The seed of the noise, the same in every run, so that figures can be reproduced.
const SEED: u64 = 1234;

/// What a chain made of a picture.
pub struct Degraded {
    /// The file of the last save.
    pub bytes: Vec<u8>,
    /// The clean picture after only the steps that move pixels.
    pub reference: Planar8,
}

/// Carries out `chain` on `clean`, RGB or grey, the picture number `index`.
pub fn degrade(chain: &Chain, clean: &Planar8, index: usize) -> Result<Degraded> {
    let (mut shown, mut reference) = (clean.clone(), clean.clone());
    for (number, &step) in (0..).zip(&chain.before) {
        shown = apply(step, &shown, (index, number)).with_context(|| step.to_string())?;
        if step.moves_pixels() {
            reference = apply(step, &reference, (index, number))?;
        }
    }
    Ok(Degraded {
        bytes: encode(chain.save, &shown)?,
        reference,
    })
}

/// One step; the noise depends on the numbers of the picture and the step.
fn apply(step: Step, picture: &Planar8, numbers: (usize, u64)) -> Result<Planar8> {
    let size = (picture.width(), picture.height());
    let (width, height) = step.size(size);
    let (width, height) = (width as u32, height as u32);
    let image = || DynamicImage::try_from(picture);
    Ok(match step {
        Step::Jpeg(save) => decode(&encode(save, picture)?, picture.model)?,
        Step::Scale(_) => {
            let filter = FilterType::Lanczos3;
            Planar8::from(image()?.resize_exact(width, height, filter))
        }
        Step::Shift(px) | Step::Crop(px) => {
            let px = px as u32;
            Planar8::from(image()?.crop_imm(px, px, width, height))
        }
        Step::Sharpen(sigma) => Planar8::from(image()?.unsharpen(sigma as f32, 0)),
        Step::Noise(sigma) => noisy(picture, sigma as f32, numbers),
    })
}

fn encode(save: Save, picture: &Planar8) -> Result<Vec<u8>> {
    let sampling = (save.sampling.0, save.sampling.1);
    Ok(jpeg::encode(picture, save.quality, sampling)?)
}

/// The file as every libjpeg-turbo program shows it; grey has one plane.
fn decode(bytes: &[u8], model: PixelModel) -> Result<Planar8> {
    let mut shown = jpeg::file::pixels::decode(bytes, &Limits::default())?;
    if model == PixelModel::Grey {
        shown.planes.truncate(1);
    }
    Ok(Planar8 { model, ..shown })
}

/// The picture with Gaussian noise of `sigma` levels, drawn for each channel, rounded and clipped.
fn noisy(picture: &Planar8, sigma: f32, (index, step): (usize, u64)) -> Planar8 {
    let channels = picture.planes.len();
    let mut noise = Picture::new(channels, picture.width(), picture.height());
    Field::new(SEED, index).fill(step, &mut noise);
    let mut out = picture.clone();
    for (c, plane) in out.planes.iter_mut().enumerate() {
        for (byte, z) in plane.data.iter_mut().zip(noise.plane(c)) {
            *byte = (f32::from(*byte) + sigma * z).round().clamp(0.0, 255.0) as u8;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddrmjpeg_lab::eval::metrics::psnr;

    /// Smooth waves, so that scaling and quality 95 leave nearly everything.
    fn waves(model: PixelModel, width: usize, height: usize) -> Planar8 {
        let mut picture = Planar8::new(model, width, height, (1, 1));
        for (c, plane) in picture.planes.iter_mut().enumerate() {
            for (i, byte) in plane.data.iter_mut().enumerate() {
                let (x, y) = ((i % width) as f64, (i / width) as f64);
                let wave = (x / 9.0).sin() + (y / 7.0 + c as f64).cos();
                *byte = (128.0 + 50.0 * wave).round() as u8;
            }
        }
        picture
    }

    fn made(text: &str, clean: &Planar8) -> (Planar8, Planar8) {
        let chain: Chain = text.parse().unwrap();
        let made = degrade(&chain, clean, 0).unwrap();
        let shown = decode(&made.bytes, clean.model).unwrap();
        let size = (made.reference.width(), made.reference.height());
        assert_eq!(
            chain.check_size((clean.width(), clean.height())),
            Ok(size),
            "{text}"
        );
        (shown, made.reference)
    }

    /// The original takes the same steps: whatever moves the pixels, both agree as far as the saves
    /// let them. Against an original that is one pixel off, PSNR is below 35 dB.
    #[test]
    fn the_original_takes_the_steps_that_move_pixels() {
        for model in [PixelModel::Rgb, PixelModel::Grey] {
            let clean = waves(model, 97, 65);
            for text in [
                "jpeg:95:444,scale:0.75,jpeg:95:444",
                "jpeg:95:444,shift:3,jpeg:95:444",
                "crop:5,scale:1.5,jpeg:95:444",
            ] {
                let (shown, reference) = made(text, &clean);
                let psnr = psnr(&reference, &shown).unwrap();
                assert!(psnr > 40.0, "{text}: {psnr}");
            }
        }
    }

    #[test]
    fn a_shift_cuts_left_and_top_and_a_crop_all_sides() {
        let clean = waves(PixelModel::Grey, 64, 48);
        let at = |picture: &Planar8, x: usize, y: usize| {
            let plane = &picture.planes[0];
            plane.data[y * plane.width + x]
        };
        let (_, shifted) = made("shift:4,jpeg:90", &clean);
        assert_eq!((shifted.width(), shifted.height()), (60, 44));
        assert_eq!(at(&shifted, 59, 43), at(&clean, 63, 47));
        let (_, cropped) = made("crop:4,jpeg:90", &clean);
        assert_eq!((cropped.width(), cropped.height()), (56, 40));
        assert_eq!(at(&cropped, 55, 39), at(&clean, 59, 43));
    }

    /// An earlier save at 10 costs far more than the last one at 95.
    #[test]
    fn earlier_saves_leave_their_loss() {
        let mut clean = waves(PixelModel::Rgb, 96, 64);
        clean = noisy(&clean, 20.0, (0, 0));
        let psnr_of = |text: &str| {
            let (shown, reference) = made(text, &clean);
            assert_eq!(reference, clean, "{text}");
            psnr(&reference, &shown).unwrap()
        };
        let once = psnr_of("jpeg:95:444");
        let twice = psnr_of("jpeg:10:444,jpeg:95:444");
        assert!(once - twice > 5.0, "{once} {twice}");
    }

    /// σ 5 alone gives 20 log10(255 / 5) = 34.15 dB; with 18,432 samples the measured value is
    /// within 0.05 dB of that, and quality 100 adds one level at most.
    #[test]
    fn noise_has_its_sigma_and_is_the_same_again() {
        let clean = waves(PixelModel::Rgb, 96, 64);
        let (shown, reference) = made("noise:5,jpeg:100:444", &clean);
        let psnr = psnr(&reference, &shown).unwrap();
        assert!((psnr - 34.15).abs() < 0.3, "{psnr}");
        assert_eq!(made("noise:5,jpeg:100:444", &clean).0, shown);
    }

    /// On a soft edge an unsharp mask makes the bright side brighter and the dark side darker.
    #[test]
    fn sharpening_overshoots_at_an_edge() {
        let mut clean = Planar8::new(PixelModel::Grey, 64, 32, (1, 1));
        for row in clean.planes[0].data.chunks_exact_mut(64) {
            row[..32].fill(60);
            row[32..].fill(180);
        }
        let (shown, reference) = made("sharpen:1,jpeg:100", &clean);
        assert_eq!(reference, clean);
        let row = &shown.planes[0].data[..64];
        assert!(row[31] < 50 && row[32] > 190, "{:?}", &row[28..36]);
    }
}
