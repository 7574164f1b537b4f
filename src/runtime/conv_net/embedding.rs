//! The embedding of noise level and tables, an input of every block.

use tch::Tensor;

use crate::error::Result;
use crate::runtime::conv_net::conditioning::LENGTH;
use crate::runtime::conv_net::edm::Case;
use crate::runtime::conv_net::layers::Linear;
use crate::runtime::pinned;
use crate::runtime::tensors::source::Weights;

/// Lowest frequency of the sinusoids of ln(σ) / 2; there are half as many as the embedding is long.
const LOWEST_FREQUENCY: f64 = 0.25;
const HIGHEST_FREQUENCY: f64 = 8.0;

/// e = SiLU(emb(sin u, cos u)) + qe(tables), u = ln(σ) / 2 · frequencies; f32.
pub(crate) struct Embedding {
    frequencies: Tensor,
    embed: [Linear; 2],
    tables: Linear,
}

impl Embedding {
    /// Loads an embedding of the length `length`, an even number.
    ///
    /// # Errors
    /// libtorch's.
    pub fn load(weights: &mut dyn Weights, length: i64) -> Result<Self> {
        Ok(Self {
            frequencies: frequencies(length / 2)?.f_to_device(weights.device())?,
            embed: [
                Linear::load(weights, "emb.0", length, 2 * length),
                Linear::load(weights, "emb.2", 2 * length, length),
            ],
            tables: Linear::load(weights, "qe", LENGTH as i64, length),
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

/// `count` frequencies spaced evenly in their logarithm.
fn frequencies(count: i64) -> Result<Tensor> {
    let (low, high) = (LOWEST_FREQUENCY.ln(), HIGHEST_FREQUENCY.ln());
    let last = (count - 1).max(1) as f64;
    let values: Vec<f32> = (0..count)
        .map(|i| (low + (high - low) * (i as f64 / last)).exp() as f32)
        .collect();
    Ok(Tensor::f_from_slice(&values)?)
}
