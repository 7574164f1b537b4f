//! The embedding of noise level and tables, an input of every block, on the host.
//!
//! A few thousand products, so plain loops in f64. `layers` has the same for libtorch.

use crate::error::Result;
use crate::runtime::conv_net::edm::Case;
use crate::runtime::conv_net::net::Net;
use crate::runtime::tensors::TensorSource;
use crate::runtime::tensors::host::floats;

/// Lowest frequency of the sinusoids of ln(σ) / 2; there are half as many as the embedding is long.
const LOWEST_FREQUENCY: f64 = 0.25;
const HIGHEST_FREQUENCY: f64 = 8.0;

/// A fully connected layer.
pub(crate) struct Linear {
    /// `[output, input]`.
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Linear {
    /// The layer of the tensors `KEY.weight` and `KEY.bias`.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] if they cannot be read.
    pub fn read(source: &dyn TensorSource, key: &str) -> Result<Self> {
        Ok(Self {
            weight: floats(source, &format!("{key}.weight"))?,
            bias: floats(source, &format!("{key}.bias"))?,
        })
    }

    /// Its result for `x`.
    pub fn forward(&self, x: &[f32]) -> Vec<f32> {
        let rows = self.weight.chunks_exact(x.len().max(1));
        let product = |row: &[f32]| {
            let terms = row
                .iter()
                .zip(x)
                .map(|(&w, &x)| f64::from(w) * f64::from(x));
            terms.sum::<f64>()
        };
        let sums = rows.zip(&self.bias);
        sums.map(|(row, &bias)| (product(row) + f64::from(bias)) as f32)
            .collect()
    }
}

/// e = SiLU(emb(sin u, cos u)) + qe(tables), u = ln(σ) / 2 · frequencies.
pub(crate) struct Embedding {
    frequencies: Vec<f32>,
    embed: [Linear; 2],
    tables: Linear,
}

impl Embedding {
    /// The embedding of `net`.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] if a tensor cannot be read.
    pub fn read(source: &dyn TensorSource, net: &Net) -> Result<Self> {
        let [first, second, tables] = net.embeddings().map(|(key, ..)| Linear::read(source, key));
        Ok(Self {
            frequencies: frequencies(net.embedding / 2),
            embed: [first?, second?],
            tables: tables?,
        })
    }

    /// The embedding of one case.
    pub fn forward(&self, case: &Case) -> Vec<f32> {
        let level = (case.sigma.ln() / 2.0) as f32;
        let u: Vec<f32> = self.frequencies.iter().map(|f| level * f).collect();
        let sines = u.iter().map(|u| u.sin());
        let waves: Vec<f32> = sines.chain(u.iter().map(|u| u.cos())).collect();
        let e = silu(self.embed[0].forward(&waves));
        let e = silu(self.embed[1].forward(&e));
        let tables = self.tables.forward(&case.tables);
        e.into_iter().zip(tables).map(|(e, t)| e + t).collect()
    }
}

/// x · sigmoid(x) of each.
fn silu(mut x: Vec<f32>) -> Vec<f32> {
    x.iter_mut().for_each(|x| *x /= 1.0 + (-*x).exp());
    x
}

/// `count` frequencies spaced evenly in their logarithm.
pub(crate) fn frequencies(count: usize) -> Vec<f32> {
    let (low, high) = (LOWEST_FREQUENCY.ln(), HIGHEST_FREQUENCY.ln());
    let last = count.saturating_sub(1).max(1) as f64;
    (0..count)
        .map(|i| (low + (high - low) * (i as f64 / last)).exp() as f32)
        .collect()
}
