//! The blocks of a network in eight bits: weights with a scale per result, maps with a scale per
//! channel.
//!
//! A block adds to its input what two convolutions make of it. The input stays in bf16 or f32, and
//! is rounded to signed bytes as it is read; between the two convolutions, after ReLU, are unsigned
//! bytes. The scales of a map's channels are part of the weights that read it, so they cost nothing.
//! Called by `packing`.

use std::sync::Arc;

use crate::error::Result;
use crate::runtime::arithmetic::Arithmetic;
use crate::runtime::conv_engine::peaks::Peak;
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
    /// One over the scale of each channel of the input.
    pub gains: Arc<Vec<f32>>,
}

/// Weights `[out, in, k, k]` and a bias.
pub(crate) type Plain = (Vec<f32>, Vec<f32>);

impl Block {
    /// Rounds and packs the weights of a block whose maps have the peaks `peak`; its sum is in
    /// `sum`.
    ///
    /// # Errors
    /// [`crate::Error::Backend`] if oneDNN has no such convolution on this CPU.
    pub fn new(
        sizes: [Convolution; 2],
        sum: Arithmetic,
        [first, second]: [Plain; 2],
        peak: &Peak,
    ) -> Result<Self> {
        let scale = |most: f32| move |&peak: &f32| peak.max(LEAST) / most;
        let input: Vec<f32> = peak.input.iter().map(scale(SIGNED)).collect();
        let inner: Vec<f32> = peak.inner.iter().map(scale(UNSIGNED)).collect();
        let (weight, scales) = rounded(&first.0, &input, sizes[0]);
        let ones = (vec![0.0; sizes[0].output], vec![1.0; sizes[0].output]);
        let packed = Packed::of(sizes[0], Types::Bytes, &weight, ones)?;
        let (weight, second_scales) = rounded(&second.0, &inner, sizes[1]);
        let bias = second
            .1
            .iter()
            .zip(&second_scales)
            .map(|(bias, scale)| bias / scale);
        let ends = (bias.collect(), second_scales);
        Ok(Self {
            first: packed,
            scales,
            bias: first.1,
            inner,
            second: Arc::new(Packed::of(sizes[1], Types::FromBytes(sum), &weight, ends)?),
            gains: Arc::new(input.iter().map(|scale| 1.0 / scale).collect()),
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

/// `weight` with its input channels times `channels`, in whole numbers of at most 127, and the scale
/// of each result.
fn rounded(weight: &[f32], channels: &[f32], sizes: Convolution) -> (Vec<f32>, Vec<f32>) {
    let mut whole = weight.to_vec();
    let mut scales = vec![0.0; sizes.output];
    simd::run(Whole {
        taps: sizes.side * sizes.side,
        channels,
        weight: &mut whole,
        scales: &mut scales,
    });
    (whole, scales)
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

/// Rounds pixels to signed bytes, each channel times its gain.
pub(crate) fn to_bytes<T: Sample>(samples: &[T], gains: &[f32], out: &mut [u8]) {
    simd::run(Round {
        samples,
        gains,
        out,
    });
}

struct Round<'a, T> {
    samples: &'a [T],
    gains: &'a [f32],
    out: &'a mut [u8],
}

impl<T: Sample> Kernel for Round<'_, T> {
    #[inline(always)]
    fn run(self) {
        let channels = self.gains.len().max(1);
        let pixels = self.samples.chunks_exact(channels);
        for (pixel, out) in pixels.zip(self.out.chunks_exact_mut(channels)) {
            for ((sample, gain), out) in pixel.iter().zip(self.gains).zip(out) {
                let value = (sample.to_f32() * gain).clamp(-SIGNED, SIGNED);
                *out = (value + ROUND).to_bits() as u8;
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
        to_bytes::<f32>(&samples, &[1.0], &mut out);
        let found = out.map(|byte| byte as i8);
        assert_eq!(found, [0, 0, 2, 0, -2, 2, -127, 127, -127]);
        let mut out = [0; 2];
        to_bytes::<f32>(&[10.0, 10.0], &[1.0, 2.0], &mut out);
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
        let (whole, scales) = rounded(&[1.0, -0.25, 0.0, 3.0], &[1.0, 2.0], sizes);
        assert_eq!(whole, [127.0, -64.0, 0.0, 127.0]);
        assert_eq!(scales, [1.0 / 127.0, 6.0 / 127.0]);
    }
}
