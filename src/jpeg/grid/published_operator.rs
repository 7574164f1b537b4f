//! The published JPEG operator: float tables, point-decimated chroma, its own colour matrix.
//!
//! Only for comparison with published numbers: no real file is made this way. [`PublishedJpeg`]
//! encodes and decodes pictures, [`PublishedMeasurement`] makes estimates consistent with what was
//! encoded. Nothing is clamped or rounded to 8 bits. Called by `ddrmjpeg sample`.

use crate::contract::{Hint, Measurement, QuantSteps, Trust};
use crate::error::{Error, Result};
use crate::frame::Picture;
use crate::interval;
use crate::interval::Bounds;
use crate::jpeg::grid::component::{fetch, store};
use crate::jpeg::grid::dct;
use crate::jpeg::grid::dct::Block;
use crate::jpeg::grid::{sampling, tables};

/// Chroma is kept at every second pixel of every second row.
const FACTORS: (usize, usize) = (2, 2);

/// Y, Cb, Cr from R, G, B: the weights of JFIF, rounded to four digits.
const TO_YCC: [[f64; 3]; 3] = [
    [0.299, 0.587, 0.114],
    [-0.1687, -0.3313, 0.5],
    [0.5, -0.4187, -0.0813],
];

/// The published encoder and decoder of one quality.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedJpeg {
    /// Steps of Y, Cb and Cr.
    steps: [QuantSteps; 3],
}

/// Quantised levels of a picture, each 8x8 block of coefficients at the position of its block.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedLevels {
    /// Width of the picture in pixels, a multiple of 16.
    pub width: usize,
    /// Height of the picture in pixels, a multiple of 16.
    pub height: usize,
    /// Levels of Y, `[height, width]`, and of Cb and Cr, `[height / 2, width / 2]`: whole numbers,
    /// which can exceed 16 bits if an estimate is far off.
    pub planes: [Vec<f32>; 3],
}

impl PublishedJpeg {
    /// The operator of `quality`, 1..=100 (clamped).
    pub fn new(quality: u8) -> Self {
        let luma = tables::published(&tables::BASE_LUMA, quality);
        let chroma = tables::published(&tables::BASE_CHROMA, quality);
        Self {
            steps: [luma, chroma, chroma],
        }
    }

    /// The levels of `x`, `[3, H, W]` in `[-1, 1]`.
    ///
    /// # Errors
    /// [`Error::Input`] unless it has 3 channels and sides that are multiples of 16.
    pub fn encode(&self, x: &Picture) -> Result<PublishedLevels> {
        let mut levels = self.unrounded(x)?;
        round(&mut levels);
        Ok(levels)
    }

    /// The coefficients of `x` in steps, before they are rounded to levels.
    ///
    /// # Errors
    /// As [`PublishedJpeg::encode`].
    pub fn unrounded(&self, x: &Picture) -> Result<PublishedLevels> {
        if x.channels != 3 || !x.width.is_multiple_of(16) || !x.height.is_multiple_of(16) {
            return Err(Error::Input(format!(
                "a picture of {} x {} x {}: must be 3 channels with sides of multiples of 16",
                x.channels, x.height, x.width
            )));
        }
        Ok(self.in_steps(x))
    }

    fn levels(&self, x: &Picture) -> PublishedLevels {
        let mut levels = self.in_steps(x);
        round(&mut levels);
        levels
    }

    fn in_steps(&self, x: &Picture) -> PublishedLevels {
        let mut planes = components(x);
        for (c, plane) in planes.iter_mut().enumerate() {
            for_blocks(plane, plane_width(x.width, c), |_, samples| {
                let coefficients = dct::forward(samples);
                let steps = &self.steps[c];
                std::array::from_fn(|i| coefficients[i] / f32::from(steps[i]))
            });
        }
        PublishedLevels {
            width: x.width,
            height: x.height,
            planes,
        }
    }

    /// The picture `[3, H, W]` of `levels`, about `[-1, 1]`, not clamped.
    pub fn decode(&self, levels: &PublishedLevels) -> Picture {
        let mut planes = levels.planes.clone();
        for (c, plane) in planes.iter_mut().enumerate() {
            for_blocks(plane, plane_width(levels.width, c), |_, levels| {
                let steps = &self.steps[c];
                dct::inverse(&std::array::from_fn(|i| levels[i] * f32::from(steps[i])))
            });
        }
        for luma in &mut planes[0] {
            *luma += 128.0;
        }
        let mut out = to_rgb(&planes, levels.width, levels.height);
        for value in &mut out.data {
            *value = *value / 255.0 * 2.0 - 1.0;
        }
        out
    }
}

/// What the published operator measured of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedMeasurement {
    operator: PublishedJpeg,
    levels: PublishedLevels,
    decoded: Picture,
}

impl PublishedMeasurement {
    /// Measures `x_true`, `[3, H, W]` in `[-1, 1]`, at `quality` 1..=100.
    ///
    /// # Errors
    /// Those of [`PublishedJpeg::encode`].
    pub fn of(x_true: &Picture, quality: u8) -> Result<Self> {
        let operator = PublishedJpeg::new(quality);
        let levels = operator.encode(x_true)?;
        Ok(Self {
            decoded: operator.decode(&levels),
            operator,
            levels,
        })
    }

    /// y = decode(encode(x_true)).
    pub fn decoded(&self) -> &Picture {
        &self.decoded
    }

    /// The hint for a prior.
    pub fn hint(&self) -> Hint {
        Hint {
            decoded: self.decoded.clone(),
            luma: self.operator.steps[0],
            chroma: self.operator.steps[1],
            subsampling: FACTORS,
        }
    }

    /// x0 − decode(encode(x0)) + y.
    fn swap(&self, x0: &mut Picture) {
        let own = self.operator.decode(&self.operator.levels(x0));
        let pairs = own.data.iter().zip(&self.decoded.data);
        for (x, (own, y)) in x0.data.iter_mut().zip(pairs) {
            *x = *x - own + y;
        }
    }

    /// x0 + A⁺(P(A x0) − A x0), where P is `rule` on the cells and coefficients of each block. It
    /// is exact, because decimation of repeated chroma returns the same samples.
    fn project_with(&self, x0: &mut Picture, rule: impl Fn(&Bounds, &Block) -> Block) {
        let mut planes = components(x0);
        for (c, plane) in planes.iter_mut().enumerate() {
            let width = plane_width(x0.width, c);
            let (levels, steps) = (&self.levels.planes[c], &self.operator.steps[c]);
            for_blocks(plane, width, |(row, x), samples| {
                let seen = fetch(&levels[row * 8 * width..][..8 * width], width, x);
                let before = dct::forward(samples);
                let cells = std::array::from_fn(|i| cell(seen[i], f32::from(steps[i])));
                let after = rule(&cells, &before);
                dct::inverse(&std::array::from_fn(|i| after[i] - before[i]))
            });
        }
        let change = to_rgb(&planes, x0.width, x0.height);
        for (x, change) in x0.data.iter_mut().zip(&change.data) {
            *x += change / 127.5;
        }
    }
}

impl Measurement for PublishedMeasurement {
    fn project(&self, x0: &mut Picture, trust: Trust<'_>) {
        match trust {
            Trust::Swap => self.swap(x0),
            Trust::Clamp => self.project_with(x0, |cells, before| {
                std::array::from_fn(|i| before[i].clamp(cells[i].0, cells[i].1))
            }),
            Trust::Judged => self.project_with(x0, |cells, before| {
                interval::judged(cells, before).unwrap_or(*before)
            }),
            Trust::Mean(spread) => {
                let spread = (127.5 * spread.overall()) as f32;
                self.project_with(x0, |cells, before| {
                    std::array::from_fn(|i| interval::truncated_mean(cells[i], before[i], spread))
                });
            }
        }
    }
}

/// Rounds as the published code does: ties to even.
fn round(levels: &mut PublishedLevels) {
    for level in levels.planes.iter_mut().flatten() {
        *level = level.round_ties_even();
    }
}

/// The nominal cell of `level`; no rounding needs slack here.
fn cell(level: f32, step: f32) -> (f32, f32) {
    (step * (level - 0.5), step * (level + 0.5))
}

fn plane_width(width: usize, component: usize) -> usize {
    match component {
        0 => width,
        _ => width / FACTORS.0,
    }
}

/// A x: Y − 128, Cb and Cr of `x` in 8-bit levels, chroma decimated.
fn components(x: &Picture) -> [Vec<f32>; 3] {
    let levels: Vec<f32> = x.data.iter().map(|x| (x + 1.0) / 2.0 * 255.0).collect();
    let matrix = TO_YCC.map(|row| row.map(|weight| weight as f32));
    let [mut luma, cb, cr] = multiply(&matrix, levels.chunks_exact(x.plane_len()));
    for value in &mut luma {
        *value -= 128.0;
    }
    let decimate = |plane: Vec<f32>| sampling::decimate(&plane, x.width, FACTORS);
    [luma, decimate(cb), decimate(cr)]
}

/// A⁺ and the inverse colour matrix, without the level shift, so that it is linear.
fn to_rgb([luma, cb, cr]: &[Vec<f32>; 3], width: usize, height: usize) -> Picture {
    let replicate = |plane| sampling::replicate(plane, width / FACTORS.0, FACTORS);
    let (cb, cr) = (replicate(cb), replicate(cr));
    let matrix = inverse(&TO_YCC).map(|row| row.map(|weight| weight as f32));
    let planes = [luma.as_slice(), &cb, &cr];
    let data = multiply(&matrix, planes.into_iter()).concat();
    Picture {
        channels: 3,
        width,
        height,
        data,
    }
}

/// `matrix` times the vector of three planes, sample by sample.
fn multiply<'a>(matrix: &[[f32; 3]; 3], planes: impl Iterator<Item = &'a [f32]>) -> [Vec<f32>; 3] {
    let planes: Vec<&[f32]> = planes.collect();
    matrix.map(|row| {
        let mut out = vec![0.0; planes[0].len()];
        for (weight, plane) in row.iter().zip(&planes) {
            for (sum, value) in out.iter_mut().zip(*plane) {
                *sum += weight * value;
            }
        }
        out
    })
}

/// The inverse of a 3x3 matrix, by its cofactors.
fn inverse(m: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let cofactor = |i: usize, j: usize| {
        let (a, b, c, d) = ((i + 1) % 3, (i + 2) % 3, (j + 1) % 3, (j + 2) % 3);
        m[a][c] * m[b][d] - m[a][d] * m[b][c]
    };
    let determinant: f64 = (0..3).map(|j| m[0][j] * cofactor(0, j)).sum();
    std::array::from_fn(|i| std::array::from_fn(|j| cofactor(j, i) / determinant))
}

/// Replaces every 8x8 block of `plane` by `rule` of its position (row, column of blocks) and the
/// block.
fn for_blocks(plane: &mut [f32], width: usize, rule: impl Fn((usize, usize), &Block) -> Block) {
    for (row, samples) in plane.chunks_exact_mut(8 * width).enumerate() {
        for x in 0..width / 8 {
            let block = fetch(samples, width, x);
            store(samples, width, x, &rule((row, x), &block));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Spread;

    fn picture(seed: u32) -> Picture {
        let wave = |i: usize| {
            let (x, y) = ((i % 32) as f32, (i / 32) as f32);
            (0.3 * x + 0.01 * y * y + seed as f32).sin() * 0.8
        };
        Picture::from_data(3, 32, 16, (0..3 * 32 * 16).map(wave).collect()).unwrap()
    }

    /// How many levels of the encoded `x` differ from those of the measurement.
    fn changed(measurement: &PublishedMeasurement, x: &Picture) -> usize {
        let own = measurement.operator.encode(x).unwrap();
        let pairs = own.planes.concat().into_iter();
        let seen = measurement.levels.planes.concat();
        pairs.zip(seen).filter(|(a, b)| a != b).count()
    }

    /// The usual inverse weights such as 1.402, as exact as four digits of the forward matrix
    /// allow.
    #[test]
    fn the_inverse_is_the_inverse() {
        let back = inverse(&TO_YCC);
        for (i, row) in back.iter().enumerate() {
            let column = |j: usize| TO_YCC.iter().map(move |row| row[j]);
            for j in 0..3 {
                let sum: f64 = row.iter().zip(column(j)).map(|(a, b)| a * b).sum();
                assert!((sum - f64::from(u8::from(i == j))).abs() < 1e-12);
            }
        }
        assert!((back[0][2] - 1.402).abs() < 1e-4 && (back[2][1] - 1.772).abs() < 1e-4);
    }

    #[test]
    fn what_was_decoded_is_encoded_as_it_was() {
        for quality in [5, 50, 95] {
            let measurement = PublishedMeasurement::of(&picture(1), quality).unwrap();
            assert_eq!(changed(&measurement, measurement.decoded()), 0, "{quality}");
        }
    }

    /// Another picture, projected: in f32 a few of some thousand coefficients may be outside their
    /// cell by a rounding error; the mean is inside.
    #[test]
    fn projecting_gives_the_levels_back() {
        let measurement = PublishedMeasurement::of(&picture(1), 30).unwrap();
        let mut mean = picture(5);
        assert!(changed(&measurement, &mean) > 20);
        measurement.project(&mut mean, Trust::Mean(&Spread::white(0.1)));
        assert_eq!(changed(&measurement, &mean), 0);
        let mut clamped = picture(5);
        measurement.project(&mut clamped, Trust::Clamp);
        let mut inside = clamped.clone();
        measurement.project(&mut inside, Trust::Clamp);
        let moved = clamped.data.iter().zip(&inside.data);
        assert!(moved.into_iter().all(|(a, b)| (a - b).abs() < 1e-5));
    }

    #[test]
    fn a_picture_that_is_right_stays_as_it_is() {
        let x = picture(2);
        let measurement = PublishedMeasurement::of(&x, 20).unwrap();
        for trust in [Trust::Clamp, Trust::Swap] {
            let mut out = x.clone();
            measurement.project(&mut out, trust);
            // The swap subtracts and adds equal pictures of order 1 in f32.
            let near = out.data.iter().zip(&x.data);
            assert!(
                near.into_iter().all(|(a, b)| (a - b).abs() < 1e-6),
                "{trust:?}"
            );
        }
    }

    #[test]
    fn other_sizes_are_refused() {
        let error = PublishedJpeg::new(50)
            .encode(&Picture::new(3, 24, 16))
            .unwrap_err();
        assert!(error.to_string().contains("3 x 16 x 24"), "{error}");
    }
}
