//! A matrix and a bias, from a checkpoint's linear layer or from its pointwise convolution.

use tch::{Kind, Tensor};

use crate::error::Result;
use crate::runtime::multiplies;
use crate::runtime::tensors::load::Loader;

/// `x · Wᵀ + b` over the last dimension.
pub struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// `key.weight` `[output, input]` and `key.bias`.
    pub fn load(loader: &mut Loader, key: &str, input: i64, output: i64, kind: Kind) -> Self {
        Self::load_shaped(loader, key, &[output, input], kind)
    }

    /// A convolution of kernel 1 over `spatial` dimensions, used as a matrix:
    /// `key.weight` is `[output, input, 1]` or `[output, input, 1, 1]`.
    pub fn load_pointwise(
        loader: &mut Loader,
        key: &str,
        size: [i64; 2],
        spatial: usize,
        kind: Kind,
    ) -> Self {
        let mut shape = size.to_vec();
        shape.resize(2 + spatial, 1);
        Self::load_shaped(loader, key, &shape, kind)
    }

    fn load_shaped(loader: &mut Loader, key: &str, shape: &[i64], kind: Kind) -> Self {
        let weight = loader.tensor_as(&format!("{key}.weight"), shape, kind);
        Self {
            weight: weight.flatten(1, -1),
            bias: loader.tensor_as(&format!("{key}.bias"), &shape[..1], kind),
        }
    }

    /// `[.., input]` to `[.., output]`, in the kind of `x`: weights of another kind are
    /// converted on the fly.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let kind = x.kind();
        let bias = self.bias.f_to_kind(kind)?;
        let rows = x.size().iter().rev().skip(1).product::<i64>();
        multiplies::product(rows * self.weight.numel() as i64, || {
            Ok(x.f_linear(&self.weight.f_to_kind(kind)?, Some(&bias))?)
        })
    }
}
