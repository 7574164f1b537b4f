//! The layers of this project's own priors as libtorch computes them: convolutions, fully connected
//! layers, and the embedding of σ and tables.
//!
//! channels_last throughout, in the network's kind; the embedding is computed in f32. Called by
//! `plain`.

use tch::{Kind, Tensor};

use crate::error::Result;
use crate::runtime::conv_net::edm::Case;
use crate::runtime::conv_net::embedding::frequencies;
use crate::runtime::conv_net::net;
use crate::runtime::conv_net::net::{Kernel, Net};
use crate::runtime::multiplies;
use crate::runtime::pinned;
use crate::runtime::tensors::source::Weights;

/// A convolution in the network's kind, plain or transposed.
pub(crate) struct Conv {
    weight: Tensor,
    bias: Tensor,
    stride: i64,
    padding: i64,
    transposed: bool,
}

impl Conv {
    /// The tensors of `conv` in `kind`.
    pub fn load(weights: &mut dyn Weights, conv: &net::Conv, kind: Kind) -> Self {
        let key = &conv.key;
        Self {
            weight: weights.conv_weight(&format!("{key}.weight"), &conv.shape(), kind),
            bias: weights.tensor_as(&format!("{key}.bias"), &[conv.output as i64], kind),
            stride: if conv.kernel == Kernel::Same { 1 } else { 2 },
            padding: if conv.kernel == Kernel::Same { 1 } else { 0 },
            transposed: conv.kernel == Kernel::Doubling,
        }
    }

    /// Makes its numbers wrong.
    #[cfg(test)]
    pub fn spoil(&self) {
        let _ = self.bias.shallow_clone().fill_(f64::NAN);
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

/// e = SiLU(emb(sin u, cos u)) + qe(tables), u = ln(σ) / 2 · frequencies; f32.
pub(crate) struct Embedding {
    frequencies: Tensor,
    embed: [Linear; 2],
    tables: Linear,
}

impl Embedding {
    /// The embedding of `net`.
    ///
    /// # Errors
    /// libtorch's.
    pub fn load(weights: &mut dyn Weights, net: &Net) -> Result<Self> {
        let frequencies = Tensor::f_from_slice(&frequencies(net.embedding / 2))?;
        let layers = net.embeddings();
        let [first, second, tables] = layers
            .map(|(key, input, output)| Linear::load(weights, key, input as i64, output as i64));
        Ok(Self {
            frequencies: frequencies.f_to_device(weights.device())?,
            embed: [first, second],
            tables,
        })
    }

    /// `[cases, length]`.
    ///
    /// # Errors
    /// libtorch's.
    pub fn forward(&self, cases: &[Case]) -> Result<Tensor> {
        let levels: Vec<f32> = cases.iter().map(|c| (c.sigma.ln() / 2.0) as f32).collect();
        let tables: Vec<f32> = cases.iter().flat_map(|c| c.tables).collect();
        let u = self.rows(&levels, cases.len())?.f_mul(&self.frequencies)?;
        let waves = Tensor::f_cat(&[u.f_sin()?, u.f_cos()?], 1)?;
        let e = self.embed[0].forward(&waves)?.f_silu()?;
        let e = self.embed[1].forward(&e)?.f_silu()?;
        let tables = self.rows(&tables, cases.len())?;
        Ok(e.f_add(&self.tables.forward(&tables)?)?)
    }

    fn rows(&self, values: &[f32], count: usize) -> Result<Tensor> {
        pinned::up(values, &[count as i64, -1], self.frequencies.device())
    }
}
