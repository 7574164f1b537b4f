//! Validation: PSNR of one call on the held-out pictures.

use tch::{Device, Tensor};

use crate::train::examples::example::{mean_square, samples};
use ddrmjpeg::contract::{Measurement, Trust};
use ddrmjpeg::error::Result;
use ddrmjpeg::frame::{Picture, Planar8};
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::grid::cell::Slack;
use ddrmjpeg::jpeg::{JpegMeasurement, Observation, grid};
use ddrmjpeg::options::Limits;
use ddrmjpeg::runtime::conv_net::conditioning;
use ddrmjpeg::runtime::conv_net::edm::Case;
use ddrmjpeg::runtime::conv_net::plain;
use ddrmjpeg::runtime::conv_net::plain::Core;
use ddrmjpeg::runtime::pictures::{to_picture, to_tensor};

/// Qualities that are measured, 4:2:0.
pub const QUALITIES: [u8; 3] = [10, 20, 40];

/// Mean RGB PSNR in dB over the held-out pictures at one quality, rounded to 8 bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// IJG quality, 4:2:0.
    pub quality: u8,
    /// PSNR of the decoded JPEG.
    pub jpeg: f64,
    /// PSNR of one call of the network.
    pub one_call: f64,
    /// PSNR of one call with every coefficient clamped to its cell.
    pub clamped: f64,
}

/// The held-out pictures, compressed once.
pub(crate) struct Validation {
    cases: Vec<(u8, Vec<f32>, Observation)>,
}

impl Validation {
    /// # Errors
    /// None for pictures whose sides are multiples of 16.
    pub fn new(pictures: &[Planar8]) -> Result<Self> {
        let mut cases = Vec::new();
        for quality in QUALITIES {
            for picture in pictures {
                let bytes = jpeg::encode(picture, quality, (2, 2))?;
                let seen = grid::from_file(&jpeg::read(&bytes, &Limits::default())?);
                cases.push((quality, samples(picture), seen));
            }
        }
        Ok(Self { cases })
    }

    /// The scores of `core`, quality by quality.
    ///
    /// # Errors
    /// libtorch's.
    pub fn scores(&self, core: &dyn Core, device: Device) -> Result<Vec<Score>> {
        let mut sums = QUALITIES.map(|quality| (quality, [0.0; 3], 0));
        for (quality, clean, seen) in &self.cases {
            let found = one(core, clean, seen, device)?;
            for (_, sum, count) in sums.iter_mut().filter(|s| s.0 == *quality) {
                for (sum, psnr) in sum.iter_mut().zip(found) {
                    *sum += psnr;
                }
                *count += 1;
            }
        }
        let mean = |(quality, sum, count): (u8, [f64; 3], i32)| {
            let [jpeg, one_call, clamped] = sum.map(|s| s / f64::from(count.max(1)));
            Score {
                quality,
                jpeg,
                one_call,
                clamped,
            }
        };
        Ok(sums.map(mean).to_vec())
    }
}

/// PSNR of the JPEG, of one call, and of one call clamped to the cells.
fn one(core: &dyn Core, clean: &[f32], seen: &Observation, device: Device) -> Result<[f64; 3]> {
    let hint = seen.hint();
    let case = Case {
        sigma: core.one_call_sigma(),
        tables: conditioning::describe(&hint),
    };
    let y = to_tensor(&hint.decoded, device)?;
    let x: Tensor = y.f_zeros_like()?;
    let estimate = to_picture(&plain::estimate(core, &x, &y, &[case])?)?;
    let mut clamped = estimate.clone();
    JpegMeasurement::new(seen, Slack::NONE).project(&mut clamped, Trust::Clamp);
    Ok([&hint.decoded, &estimate, &clamped].map(|picture| psnr(clean, picture)))
}

/// PSNR in dB of `picture` rounded to bytes.
fn psnr(clean: &[f32], picture: &Picture) -> f64 {
    let shown: Vec<f32> = picture.data.iter().map(|&x| rounded(x)).collect();
    // The range is 2 wide.
    10.0 * (4.0 / mean_square(clean, &shown)).log10()
}

fn rounded(x: f32) -> f32 {
    ((x + 1.0) * 127.5).round().clamp(0.0, 255.0) / 127.5 - 1.0
}
