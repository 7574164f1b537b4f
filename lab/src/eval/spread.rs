//! Measures r(σ, u, v) of a prior: how far its estimates are from the truth, on clean pictures.
//!
//! The pictures are compressed at a few qualities and noise of a few levels is added. The errors of
//! the estimates are measured where the sampler uses them, in the coefficients of the file's
//! components. Called by `model calibrate`.

use ddrmjpeg::contract::spread::SpreadTable;
use ddrmjpeg::contract::{Denoiser, Hint, NoiseSource, QuantSteps, Spread};
use ddrmjpeg::error::{Error, Result};
use ddrmjpeg::frame::{Picture, Planar8};
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::grid::{coefficients, color, tables};
use ddrmjpeg::jpeg::{Observation, grid};
use ddrmjpeg::options::Limits;
use ddrmjpeg::sampler::noise::Field;

/// Noise levels, in units of the `[-1, 1]` range: those that samplers of few steps visit.
const SIGMAS: [f64; 5] = [0.02, 0.05, 0.12, 0.3, 0.7];
/// Qualities, coarse tables last: the table's axis is sorted by step size.
const QUALITIES: [u8; 4] = [90, 60, 30, 10];
/// Chroma subsampling of the encoded pictures.
const SUBSAMPLING: (usize, usize) = (2, 2);
/// Lower limit, so that the estimate at a frequency with hardly any content is not trusted without
/// limit.
const LEAST: f64 = 1e-2;

/// Sums of squares by frequency, and the number of blocks.
#[derive(Clone)]
struct Sums {
    squares: [[f64; 64]; 2],
    blocks: [f64; 2],
}

/// The table of `denoiser` over `pictures`: RGB, sides multiples of 16. `observe` is called after
/// each picture with the number done.
///
/// # Errors
/// [`Error::Input`] without pictures, those of the encoder and of the prior.
pub fn measure(
    denoiser: &dyn Denoiser,
    pictures: &[Planar8],
    seed: u64,
    mut observe: impl FnMut(usize),
) -> Result<SpreadTable> {
    if pictures.is_empty() {
        return Err(Error::Input("no pictures to calibrate on".into()));
    }
    let none = Sums {
        squares: [[0.0; 64]; 2],
        blocks: [0.0; 2],
    };
    let mut sums = vec![none; QUALITIES.len() * SIGMAS.len()];
    for (number, picture) in pictures.iter().enumerate() {
        for (quality, sums) in QUALITIES.iter().zip(sums.chunks_mut(SIGMAS.len())) {
            let bytes = jpeg::encode(picture, *quality, SUBSAMPLING)?;
            let seen = grid::from_file(&jpeg::read(&bytes, &Limits::default())?);
            add(denoiser, picture, &seen, seed + number as u64, sums)?;
        }
        observe(number + 1);
    }
    let tables: Vec<(QuantSteps, QuantSteps)> =
        QUALITIES.iter().map(|&q| tables::ijg_pair(q)).collect();
    let values = sums.iter().map(root).collect();
    SpreadTable::new(SIGMAS.to_vec(), &tables, values)
}

/// Adds the errors of one file, level by level.
fn add(
    denoiser: &dyn Denoiser,
    clean: &Planar8,
    seen: &Observation,
    seed: u64,
    sums: &mut [Sums],
) -> Result<()> {
    let truth = picture_of(clean)?;
    let hint: Hint = seen.hint();
    let wanted = coefficients::of(&truth, seen);
    let mut noise = Picture::new(3, truth.width, truth.height);
    for (level, (sigma, sums)) in SIGMAS.iter().zip(sums).enumerate() {
        Field::new(seed, level).fill(0, &mut noise);
        let mut x = truth.clone();
        for (x, z) in x.data.iter_mut().zip(&noise.data) {
            *x += *sigma as f32 * z;
        }
        let estimate = denoiser.denoise(&x, *sigma, Some(&hint))?;
        let found = coefficients::of(&estimate, seen);
        for (component, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
            let part = component.min(1);
            for (found, wanted) in found.iter().zip(wanted) {
                for (i, sum) in sums.squares[part].iter_mut().enumerate() {
                    *sum += f64::from(found[i] - wanted[i]).powi(2);
                }
            }
            sums.blocks[part] += found.len() as f64;
        }
    }
    Ok(())
}

/// R, G and B in `[-1, 1]`.
fn picture_of(pixels: &Planar8) -> Result<Picture> {
    let planes = pixels.planes.iter().flat_map(|plane| &plane.data);
    let data = planes.map(|&byte| color::from_level(f32::from(byte)));
    Picture::from_data(3, pixels.width(), pixels.height(), data.collect())
}

fn root(sums: &Sums) -> Spread {
    let of = |part: usize| {
        std::array::from_fn(|i| {
            let mean = sums.squares[part][i] / sums.blocks[part].max(1.0);
            mean.sqrt().max(LEAST) as f32
        })
    };
    Spread {
        luma: of(0),
        chroma: of(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddrmjpeg::contract::{ModelFacts, Reach};

    /// A prior whose estimate is off by one eighth of the noise in its input.
    struct Eighth(Picture);

    impl Denoiser for Eighth {
        fn denoise(&self, x: &Picture, _: f64, _: Option<&Hint>) -> Result<Picture> {
            let mut out = self.0.clone();
            for (out, x) in out.data.iter_mut().zip(&x.data) {
                *out += 0.125 * (x - *out);
            }
            Ok(out)
        }

        fn reach(&self) -> Reach {
            Reach::Halo {
                halo_px: 0,
                align_px: 8,
            }
        }

        fn facts(&self) -> &ModelFacts {
            ModelFacts::unknown()
        }
    }

    /// White noise of σ in RGB is white in luma, scaled by the norm of luma's weights, 0.669. The
    /// standard error of each frequency over 256 blocks is 4.4 %; the test allows five.
    #[test]
    fn a_known_error_is_found() {
        let data: Vec<u8> = (0..128 * 128 * 3)
            .map(|i| 90 + (i / 384 % 64) as u8)
            .collect();
        let clean = Planar8::from_rgb(128, 128, &data);
        let prior = Eighth(picture_of(&clean).unwrap());
        let table = measure(&prior, &[clean], 7, |_| ()).unwrap();
        let (luma, chroma) = tables::ijg_pair(30);
        let found = table.at(0.12, &luma, &chroma);
        let norm = (0.299f64.powi(2) + 0.587f64.powi(2) + 0.114f64.powi(2)).sqrt();
        let wanted = 0.125 * 0.12 * 127.5 * norm;
        for r in found.luma {
            assert!((f64::from(r) / wanted - 1.0).abs() < 0.22, "{r} {wanted}");
        }
        // Cb and Cr are means of four pixels, so their errors are less than half those of R, G and
        // B.
        assert!(
            found
                .chroma
                .iter()
                .all(|&r| f64::from(r) < 0.125 * 0.12 * 64.0)
        );
    }
}
