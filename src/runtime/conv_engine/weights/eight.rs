//! The convolutions of a network in eight bits: weights with a scale per result, maps with a scale per
//! channel.
//!
//! A block adds to its input what two convolutions make of it. The input stays in bf16 or f32, and
//! is rounded to signed bytes as it is read; between the two convolutions, after ReLU, are unsigned
//! bytes. What is no block is read the same way, but for the first and the last convolution, whose
//! error would be the picture's. The scales of a map's channels are part of the weights that read it,
//! so they cost nothing. Called by `packing`.

use std::sync::Arc;

use crate::error::Result;
use crate::runtime::arithmetic::Arithmetic;
use crate::runtime::conv_engine::weights::peaks::Peak;
use crate::runtime::onednn::{Convolution, Packed, Types};
use crate::runtime::samples::Sample;
use crate::simd;
use crate::simd::Kernel;

/// The largest magnitude of a signed byte, as weights and inputs have it.
const SIGNED: f32 = 127.0;

/// The largest unsigned byte.
const UNSIGNED: f32 = 255.0;

/// A channel in which nothing was seen has this peak, a number that is far below any that counts.
const LEAST: f32 = 1e-6;

/// A block's convolutions in eight bits.
pub(crate) struct Block {
    /// From signed to unsigned bytes; its bias and scale depend on FiLM.
    first: Packed,
    /// The scales of the first's weights.
    scales: Vec<f32>,
    bias: Vec<f32>,
    /// The scales of the channels between the two.
    inner: Vec<f32>,
    /// From unsigned bytes to the block's sum.
    pub second: Arc<Packed>,
    /// How its input becomes signed bytes.
    pub rounding: Arc<Rounding>,
}

/// How samples become bytes: times a gain per channel, to whole numbers from -127 to 127, plus `zero`.
pub(crate) struct Rounding {
    /// One over the scale of each channel.
    pub gains: Vec<f32>,
    /// What zero becomes: 0 for signed bytes, 128 for unsigned ones.
    pub zero: u8,
}

/// Weights `[out, in, k, k]` and a bias.
pub(crate) type Plain = (Vec<f32>, Vec<f32>);

impl Block {
    /// Rounds and packs the weights of a block whose maps have the peaks `peak`; its sum is in
    /// `sum`. `plain` reads the weights of either convolution, one after the other.
    ///
    /// # Errors
    /// Those of `plain`, and [`crate::Error::Backend`] if oneDNN has no such convolution on this CPU.
    pub fn new(
        sizes: [Convolution; 2],
        sum: Arithmetic,
        plain: impl Fn(usize) -> Result<Plain>,
        peak: &Peak,
    ) -> Result<Self> {
        let input = steps(&peak.input, SIGNED);
        let inner = steps(&peak.inner, UNSIGNED);
        let (mut weight, bias) = plain(0)?;
        let scales = round_all(&mut weight, &input, sizes[0]);
        let ones = (vec![0.0; sizes[0].output], vec![1.0; sizes[0].output]);
        let first = Packed::of(sizes[0], Types::Bytes, &weight, ones)?;
        drop(weight);
        Ok(Self {
            first,
            scales,
            bias,
            second: Arc::new(whole(sizes[1], sum, plain(1)?, (&inner, 0))?),
            inner,
            rounding: Arc::new(rounding(&input, 0)),
        })
    }

    /// The first convolution for `film` = \[s, b\]: relu(c1(x) · (1 + s) + b), in bytes.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn first(&self, film: &[f32]) -> Result<Packed> {
        let (gains, shifts) = film.split_at(self.bias.len());
        let mut ends = (Vec::new(), Vec::new());
        for (channel, (gain, shift)) in gains.iter().zip(shifts).enumerate() {
            let (scale, inner) = (self.scales[channel], self.inner[channel]);
            let scale = scale * (1.0 + gain) / inner;
            // What is multiplied by nearly nothing must still be divided by it.
            let scale = if scale.abs() < 1e-12 { 1e-12 } else { scale };
            ends.0
                .push((self.bias[channel] * (1.0 + gain) + shift) / inner / scale);
            ends.1.push(scale);
        }
        self.first.with(ends.0, ends.1)
    }
}

/// A convolution in eight bits that is no part of a block. Its input is unsigned bytes, of which 128
/// is zero: weights for signed ones cannot be brought into another order for maps of other sizes.
pub(crate) struct Single {
    /// From unsigned bytes.
    pub packed: Arc<Packed>,
    /// How its input becomes these.
    pub rounding: Arc<Rounding>,
}

impl Single {
    /// Rounds and packs the weights of a convolution whose input has these peaks; its result is in
    /// `result`.
    ///
    /// # Errors
    /// As [`Block::new`].
    pub fn new(
        sizes: Convolution,
        result: Arithmetic,
        plain: Plain,
        peaks: &[f32],
    ) -> Result<Self> {
        const ZERO: u8 = 128;
        let input = steps(peaks, SIGNED);
        Ok(Self {
            packed: Arc::new(whole(sizes, result, plain, (&input, ZERO))?),
            rounding: Arc::new(rounding(&input, ZERO)),
        })
    }
}

/// The scales of channels whose peaks become `most`.
fn steps(peaks: &[f32], most: f32) -> Vec<f32> {
    let step = |peak: &f32| peak.max(LEAST) / most;
    peaks.iter().map(step).collect()
}

fn rounding(steps: &[f32], zero: u8) -> Rounding {
    Rounding {
        gains: steps.iter().map(|step| 1.0 / step).collect(),
        zero,
    }
}

/// A convolution of unsigned bytes, whose channels have these scales and in which this is zero, to
/// `result`.
fn whole(
    sizes: Convolution,
    result: Arithmetic,
    (mut weight, bias): Plain,
    (channels, zero): (&[f32], u8),
) -> Result<Packed> {
    let scales = round_all(&mut weight, channels, sizes);
    let rows = weight.chunks_exact((weight.len() / sizes.output.max(1)).max(1));
    let bias = bias
        .iter()
        .zip(&scales)
        .zip(rows)
        .map(|((bias, scale), row)| {
            // What the input's zeros add up to.
            bias / scale - f32::from(zero) * row.iter().sum::<f32>()
        });
    let ends = (bias.collect(), scales);
    Packed::of(sizes, Types::FromBytes(result), &weight, ends)
}

/// Multiplies the input channels of `weight` by `channels` and rounds it to whole numbers of at most
/// 127. Returns the scale of each result.
fn round_all(weight: &mut [f32], channels: &[f32], sizes: Convolution) -> Vec<f32> {
    let mut scales = vec![0.0; sizes.output];
    simd::run(Whole {
        taps: sizes.side * sizes.side,
        channels,
        weight,
        scales: &mut scales,
    });
    scales
}

struct Whole<'a> {
    /// Weights of a channel of the input in a row.
    taps: usize,
    channels: &'a [f32],
    weight: &'a mut [f32],
    scales: &'a mut [f32],
}

impl Kernel for Whole<'_> {
    #[inline(always)]
    fn run(self) {
        let rows = self
            .weight
            .chunks_exact_mut((self.taps * self.channels.len()).max(1));
        for (row, to) in rows.zip(self.scales) {
            let mut most = f32::MIN_POSITIVE;
            for (taps, scale) in row.chunks_exact_mut(self.taps).zip(self.channels) {
                for tap in taps {
                    *tap *= scale;
                    most = most.max(tap.abs());
                }
            }
            *to = most / SIGNED;
            let gain = SIGNED / most;
            row.iter_mut().for_each(|tap| *tap = round(*tap * gain));
        }
    }
}

/// Adding and subtracting it rounds to a whole number, ties to even: 1.5 · 2^23.
const ROUND: f32 = 12_582_912.0;

#[inline(always)]
fn round(x: f32) -> f32 {
    (x + ROUND) - ROUND
}

/// Rounds pixels to bytes.
pub(crate) fn to_bytes<T: Sample>(samples: &[T], rounding: &Rounding, out: &mut [u8]) {
    simd::run(Round {
        samples,
        rounding,
        out,
    });
}

struct Round<'a, T> {
    samples: &'a [T],
    rounding: &'a Rounding,
    out: &'a mut [u8],
}

impl<T: Sample> Kernel for Round<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Rounding { gains, zero } = self.rounding;
        let channels = gains.len().max(1);
        let pixels = self.samples.chunks_exact(channels);
        for (pixel, out) in pixels.zip(self.out.chunks_exact_mut(channels)) {
            for ((sample, gain), out) in pixel.iter().zip(gains).zip(out) {
                let value = (sample.to_f32() * gain).clamp(-SIGNED, SIGNED);
                *out = ((value + ROUND).to_bits() as u8).wrapping_add(*zero);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_rounded_to_the_nearest_byte() {
        let samples = [0.0, 0.5, 1.5, -0.5, -1.5, 2.4, -126.6, 500.0, -500.0];
        let mut out = [0; 9];
        to_bytes::<f32>(&samples, &rounding(&[1.0], 0), &mut out);
        let found = out.map(|byte| byte as i8);
        assert_eq!(found, [0, 0, 2, 0, -2, 2, -127, 127, -127]);
        to_bytes::<f32>(&samples, &rounding(&[1.0], 128), &mut out);
        assert_eq!(out, [128, 128, 130, 128, 126, 130, 1, 255, 1]);
        let mut out = [0; 2];
        to_bytes::<f32>(&[10.0, 10.0], &rounding(&[1.0, 0.5], 0), &mut out);
        assert_eq!(out, [10, 20]);
    }

    #[test]
    fn weights_are_whole_numbers_with_a_scale_for_each_result() {
        let sizes = Convolution {
            input: 2,
            output: 2,
            side: 1,
            stride: 1,
        };
        let mut whole = [1.0, -0.25, 0.0, 3.0];
        let scales = round_all(&mut whole, &[1.0, 2.0], sizes);
        assert_eq!(whole, [127.0, -64.0, 0.0, 127.0]);
        assert_eq!(scales, [1.0 / 127.0, 6.0 / 127.0]);
    }
}
