//! The residual block.

use tch::{Kind, Tensor};

use crate::error::Result;
use crate::runtime::layers::conv::{Conv2d, ConvSize};
use crate::runtime::layers::joined::Joined;
use crate::runtime::layers::linear::Linear;
use crate::runtime::layers::norm::GroupNorm;
use crate::runtime::tensors::load::Loader;

/// The family's `eps` in every group norm.
pub const NORM_EPS: f64 = 1e-6;

/// Keys `norm1`, `conv1`, `temb_proj`, `norm2`, `conv2`, `nin_shortcut`.
pub struct ResBlock {
    norm1: GroupNorm,
    conv1: Conv2d,
    temb_proj: Linear,
    norm2: GroupNorm,
    conv2: Conv2d,
    shortcut: Option<Conv2d>,
}

impl ResBlock {
    /// From `input` to `output` channels; only a change of channels has a shortcut. `embedding` is
    /// the width of the time embedding.
    pub fn load(loader: &mut Loader, key: &str, [input, output]: [i64; 2], embedding: i64) -> Self {
        let kind = loader.kind();
        let at = |name: &str| format!("{key}.{name}");
        let (first, second) = (ConvSize(input, output, 3), ConvSize(output, output, 3));
        Self {
            norm1: GroupNorm::load(loader, &at("norm1"), input, NORM_EPS),
            conv1: Conv2d::load(loader, &at("conv1"), first, kind),
            temb_proj: Linear::load(loader, &at("temb_proj"), embedding, output, Kind::Float),
            norm2: GroupNorm::load(loader, &at("norm2"), output, NORM_EPS),
            conv2: Conv2d::load(loader, &at("conv2"), second, kind),
            shortcut: (input != output).then(|| {
                let size = ConvSize(input, output, 1);
                Conv2d::load(loader, &at("nin_shortcut"), size, kind)
            }),
        }
    }

    /// `x` is `[N, input, H, W]`; `temb` is the SiLU of the time embedding, f32.
    pub fn forward<'a>(&self, x: impl Into<Joined<'a>>, temb: &Tensor) -> Result<Tensor> {
        let x = x.into();
        let h = self.conv1.forward(&self.norm1.forward_silu(x)?)?;
        let told = self.temb_proj.forward(temb)?;
        let h = self.norm2.forward_offset_silu(&h, &told)?;
        match &self.shortcut {
            Some(conv) => self.conv2.forward_onto(&h, conv.forward_joined(x)?),
            None => Ok(x.whole()?.f_add(&self.conv2.forward(&h)?)?),
        }
    }
}
