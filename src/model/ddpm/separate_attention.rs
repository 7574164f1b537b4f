//! The attention block: one head over all channels, with three separate projections.

use tch::Tensor;

use crate::error::Result;
use crate::model::ddpm::residual::NORM_EPS;
use crate::runtime::layers::all_pairs::{attend, to_picture, to_sequence};
use crate::runtime::layers::linear::Linear;
use crate::runtime::layers::norm::GroupNorm;
use crate::runtime::tensors::load::Loader;

/// Keys `norm`, `q`, `k`, `v`, `proj_out`.
pub struct AttentionBlock {
    norm: GroupNorm,
    q: Linear,
    k: Linear,
    v: Linear,
    proj_out: Linear,
}

impl AttentionBlock {
    /// Attention over `channels` channels.
    pub fn load(loader: &mut Loader, key: &str, channels: i64) -> Self {
        let kind = loader.kind();
        let mut matrix = |name: &str| {
            let key = format!("{key}.{name}");
            Linear::load_pointwise(loader, &key, [channels, channels], 2, kind)
        };
        let (q, k, v, proj_out) = (matrix("q"), matrix("k"), matrix("v"), matrix("proj_out"));
        Self {
            norm: GroupNorm::load(loader, &format!("{key}.norm"), channels, NORM_EPS),
            q,
            k,
            v,
            proj_out,
        }
    }

    /// `x + proj_out(attention(norm(x)))`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (_, _, height, width) = x.size4()?;
        let pixels = to_sequence(&self.norm.forward(x)?)?;
        let one_head =
            |matrix: &Linear| -> Result<Tensor> { Ok(matrix.forward(&pixels)?.f_unsqueeze(1)?) };
        let mixed = attend(
            &one_head(&self.q)?,
            &one_head(&self.k)?,
            &one_head(&self.v)?,
        )?;
        let mixed = self.proj_out.forward(&mixed.f_squeeze_dim(1)?)?;
        Ok(x.f_add(&to_picture(&mixed, height, width)?)?)
    }
}
