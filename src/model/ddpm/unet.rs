//! The DDPM UNet: estimates the noise in a picture, given the timestep.

use tch::{Kind, Tensor};

use crate::error::{Error, Result};
use crate::model::ddpm::level::{DownLevel, UpLevel};
use crate::model::ddpm::parameters::DdpmConfig;
use crate::model::ddpm::residual::{NORM_EPS, ResBlock};
use crate::model::ddpm::separate_attention::AttentionBlock;
use crate::runtime::layers::conv::{Conv2d, ConvSize};
use crate::runtime::layers::embedding::sin_cos;
use crate::runtime::layers::linear::Linear;
use crate::runtime::layers::norm::GroupNorm;
use crate::runtime::tensors::load::{Layout, Loader};

/// The network of pesser's pytorch_diffusion, in its checkpoints' keys.
///
/// The torso computes in the loader's kind; time embedding, norms and head in f32.
pub struct DdpmUNet {
    config: DdpmConfig,
    kind: Kind,
    layout: Layout,
    dense: [Linear; 2],
    conv_in: Conv2d,
    down: Vec<DownLevel>,
    mid: (ResBlock, AttentionBlock, ResBlock),
    up: Vec<UpLevel>,
    norm_out: GroupNorm,
    conv_out: Conv2d,
}

impl DdpmUNet {
    /// Builds the network from the loader's tensors; `Loader::finish` reports whether they fit.
    ///
    /// # Errors
    /// [`Error::Options`] if `config` describes no network.
    pub fn load(config: &DdpmConfig, loader: &mut Loader) -> Result<Self> {
        config.validate()?;
        let kind = loader.kind();
        let (ch, width) = (config.ch, config.embedding());
        let first = Linear::load(loader, "temb.dense.0", ch, width, Kind::Float);
        let second = Linear::load(loader, "temb.dense.1", width, width, Kind::Float);
        let size_in = ConvSize(config.in_channels, ch, 3);
        let conv_in = Conv2d::load(loader, "conv_in", size_in, kind);
        let levels = config.ch_mult.len();
        let mut skips = vec![ch];
        let down = (0..levels)
            .map(|level| DownLevel::load(config, loader, level, &mut skips))
            .collect();
        let deepest = config.channels(levels - 1);
        let mid = load_middle(loader, deepest, width);
        let up = load_upward(config, loader, skips);
        let full = config.channels(0);
        let size_out = ConvSize(full, config.out_ch, 3);
        Ok(Self {
            config: config.clone(),
            kind,
            layout: loader.layout(),
            dense: [first, second],
            conv_in,
            down,
            mid,
            up,
            norm_out: GroupNorm::load(loader, "norm_out", full, NORM_EPS),
            conv_out: Conv2d::load(loader, "conv_out", size_out, Kind::Float),
        })
    }

    /// The config that it was built from.
    pub fn config(&self) -> &DdpmConfig {
        &self.config
    }

    /// The noise, f32 `[N, out_ch, H, W]`, in `x` `[N, in_channels, H, W]` at timesteps `t`
    /// `[N]`.
    ///
    /// # Errors
    /// [`Error::Input`] for a picture of the wrong shape, [`Error::Backend`] from libtorch.
    pub fn forward(&self, x: &Tensor, t: &Tensor) -> Result<Tensor> {
        self.check(x)?;
        tch::no_grad(|| self.run(x, t))
    }

    fn run(&self, x: &Tensor, t: &Tensor) -> Result<Tensor> {
        let temb = self.time(t)?;
        let x = self.layout.of(&x.f_to_kind(self.kind)?)?;
        let mut h = self.conv_in.forward(&x)?;
        let mut seen = vec![h.shallow_clone()];
        for level in &self.down {
            h = level.forward(h, &temb, &mut seen)?;
        }
        let (block_1, attn_1, block_2) = &self.mid;
        h = attn_1.forward(&block_1.forward(&h, &temb)?)?;
        h = block_2.forward(&h, &temb)?;
        for level in &self.up {
            h = level.forward(h, &temb, &mut seen)?;
        }
        let h = self.norm_out.forward_silu_f32(&h)?;
        Ok(self.conv_out.forward(&h)?.f_contiguous()?)
    }

    /// SiLU of the time embedding, f32 `[N, 4 · ch]`: every block starts with that SiLU.
    fn time(&self, t: &Tensor) -> Result<Tensor> {
        let hidden = self.dense[0].forward(&sin_cos(t, self.config.ch)?)?;
        let temb = self.dense[1].forward(&hidden.f_silu()?)?;
        Ok(temb.f_silu()?)
    }

    fn check(&self, x: &Tensor) -> Result<()> {
        let (channels, stride) = (self.config.in_channels, self.config.stride());
        match x.size().as_slice() {
            [_, c, h, w] if *c == channels && h % stride == 0 && w % stride == 0 => Ok(()),
            other => Err(Error::Input(format!(
                "a picture of {other:?}, wanted [N, {channels}, H, W] with H and W multiples \
                 of {stride}"
            ))),
        }
    }
}

/// Keys `mid.block_1`, `mid.attn_1`, `mid.block_2`.
fn load_middle(
    loader: &mut Loader,
    channels: i64,
    width: i64,
) -> (ResBlock, AttentionBlock, ResBlock) {
    (
        ResBlock::load(loader, "mid.block_1", [channels; 2], width),
        AttentionBlock::load(loader, "mid.attn_1", channels),
        ResBlock::load(loader, "mid.block_2", [channels; 2], width),
    )
}

/// The upward levels, deepest first.
fn load_upward(config: &DdpmConfig, loader: &mut Loader, mut skips: Vec<i64>) -> Vec<UpLevel> {
    let levels = config.ch_mult.len();
    let mut input = config.channels(levels - 1);
    let mut up = Vec::with_capacity(levels);
    for level in (0..levels).rev() {
        up.push(UpLevel::load(config, loader, level, input, &mut skips));
        input = config.channels(level);
    }
    up
}
