//! The attention block: norm, joint projection to q, k, v, attention, projection, residual.

use tch::Tensor;

use crate::error::Result;
use crate::runtime::layers::all_pairs::{QkvOrder, attend_joint, to_picture, to_sequence};
use crate::runtime::layers::linear::Linear;
use crate::runtime::layers::norm::GroupNorm;
use crate::runtime::tensors::load::Loader;

use crate::model::adm::residual::NORM_EPS;

/// Keys `norm`, `qkv`, `proj_out`.
pub struct AttentionBlock {
    norm: GroupNorm,
    qkv: Linear,
    proj_out: Linear,
    heads: i64,
    order: QkvOrder,
}

impl AttentionBlock {
    /// Attention over `channels` channels in `heads` heads.
    pub fn load(
        loader: &mut Loader,
        key: &str,
        channels: i64,
        heads: i64,
        order: QkvOrder,
    ) -> Self {
        let kind = loader.kind();
        let mut matrix = |name: &str, out: i64| {
            let key = format!("{key}.{name}");
            Linear::load_pointwise(loader, &key, [out, channels], 1, kind)
        };
        let (qkv, proj_out) = (matrix("qkv", 3 * channels), matrix("proj_out", channels));
        Self {
            norm: GroupNorm::load(loader, &format!("{key}.norm"), channels, NORM_EPS),
            qkv,
            proj_out,
            heads,
            order,
        }
    }

    /// `x + proj_out(attention(qkv(norm(x))))`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (_, _, height, width) = x.size4()?;
        let qkv = self.qkv.forward(&to_sequence(&self.norm.forward(x)?)?)?;
        let mixed = attend_joint(&qkv, self.heads, self.order)?;
        let mixed = to_picture(&self.proj_out.forward(&mixed)?, height, width)?;
        Ok(x.f_add(&mixed)?)
    }
}
