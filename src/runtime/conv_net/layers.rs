//! The layers of this project's own priors: convolutions, and residual blocks with FiLM.
//!
//! channels_last throughout, in the network's kind; the modulation is computed in f32.

use tch::{Kind, Tensor};

use crate::error::Result;
use crate::runtime::multiplies;
use crate::runtime::tensors::source::Weights;

/// A convolution in the network's kind, plain or transposed.
pub(crate) struct Conv {
    pub weight: Tensor,
    pub bias: Tensor,
    pub stride: i64,
    pub padding: i64,
    transposed: bool,
}

impl Conv {
    /// Weights `[out, in, side, side]`: sides 3 keep the size, sides 2 halve it.
    pub fn load(weights: &mut dyn Weights, key: &str, shape: [i64; 4], kind: Kind) -> Self {
        Self::new(weights, key, shape, kind, false)
    }

    /// Weights `[in, out, 2, 2]`: doubles the size.
    pub fn doubling(weights: &mut dyn Weights, key: &str, shape: [i64; 4], kind: Kind) -> Self {
        Self::new(weights, key, shape, kind, true)
    }

    fn new(
        weights: &mut dyn Weights,
        key: &str,
        shape: [i64; 4],
        kind: Kind,
        transposed: bool,
    ) -> Self {
        let output = if transposed { shape[1] } else { shape[0] };
        let side = shape[3];
        Self {
            weight: weights.conv_weight(&format!("{key}.weight"), &shape, kind),
            bias: weights.tensor_as(&format!("{key}.bias"), &[output], kind),
            stride: if side == 2 { 2 } else { 1 },
            padding: (side - 1) / 2,
            transposed,
        }
    }

    /// Whether it doubles the size.
    pub fn doubles(&self) -> bool {
        self.transposed
    }

    /// `[N, in, H, W]` to `[N, out, H', W']`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (stride, padding) = ([self.stride; 2], [self.padding; 2]);
        let (weight, bias) = (&self.weight, Some(&self.bias));
        // In a transposed convolution each input is multiplied by every weight once.
        let step = if self.transposed { 1 } else { self.stride };
        let macs = multiplies::convolution(&x.size(), weight.numel() as i64, step);
        multiplies::product(macs, || {
            Ok(match self.transposed {
                true => x.f_conv_transpose2d(weight, bias, stride, padding, [0, 0], 1, [1, 1])?,
                false => x.f_conv2d(weight, bias, stride, padding, [1, 1], 1)?,
            })
        })
    }

    /// The result of [`Self::forward`] for zeros: its bias, `[1, out, 1, 1]`.
    pub fn resting(&self) -> Result<Tensor> {
        Ok(self.bias.f_view([1, -1, 1, 1])?)
    }
}

/// A fully connected layer in f32.
pub(crate) struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// Weights `[output, input]`.
    pub fn load(weights: &mut dyn Weights, key: &str, input: i64, output: i64) -> Self {
        let weight = format!("{key}.weight");
        Self {
            weight: weights.tensor_as(&weight, &[output, input], Kind::Float),
            bias: weights.tensor_as(&format!("{key}.bias"), &[output], Kind::Float),
        }
    }

    /// `[N, input]` to `[N, output]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.f_linear(&self.weight, Some(&self.bias))?)
    }
}

/// x + c2(relu(c1(x) · (1 + s) + b)), \[s, b\] = film(e).
pub(crate) struct Block {
    pub c1: Conv,
    pub c2: Conv,
    pub film: Linear,
    kind: Kind,
}

impl Block {
    /// A block of `channels`, modulated by an embedding of the length `embedding`.
    pub fn load(
        weights: &mut dyn Weights,
        key: &str,
        channels: i64,
        embedding: i64,
        kind: Kind,
    ) -> Self {
        let shape = [channels, channels, 3, 3];
        Self {
            c1: Conv::load(weights, &format!("{key}.c1"), shape, kind),
            c2: Conv::load(weights, &format!("{key}.c2"), shape, kind),
            film: Linear::load(weights, &format!("{key}.film"), embedding, 2 * channels),
            kind,
        }
    }

    /// `count` of them, `key.0`, `key.1`, …
    pub fn several(
        weights: &mut dyn Weights,
        key: &str,
        count: usize,
        (channels, embedding): (i64, i64),
        kind: Kind,
    ) -> Vec<Self> {
        (0..count)
            .map(|i| Self::load(weights, &format!("{key}.{i}"), channels, embedding, kind))
            .collect()
    }

    fn forward(&self, x: &Tensor, e: &Tensor) -> Result<Tensor> {
        let film = self.film.forward(e)?.f_to_kind(self.kind)?;
        let film = film.f_unsqueeze(-1)?.f_unsqueeze(-1)?;
        let parts = film.f_chunk(2, 1)?;
        let mut h = self.c1.forward(x)?;
        h = h.f_mul(&parts[0].f_add_scalar(1.0)?)?;
        h = h.f_add_(&parts[1])?.f_relu_()?;
        Ok(self.c2.forward(&h)?.f_add_(x)?)
    }

    /// Passes `x` `[N, channels, H, W]` through `blocks` with the embedding `e`
    /// `[N or 1, embedding]`.
    pub fn run(blocks: &[Self], x: Tensor, e: &Tensor) -> Result<Tensor> {
        blocks.iter().try_fold(x, |x, block| block.forward(&x, e))
    }
}
