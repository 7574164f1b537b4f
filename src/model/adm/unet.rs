//! The ADM UNet: estimates the noise in a picture, given the timestep.

use tch::{Kind, Tensor};

use crate::error::Result;
use crate::model::adm::arguments::AdmConfig;
use crate::model::adm::block::{Block, BlockBuilder};
use crate::model::adm::encoder::{Encoder, Trail, prepare};
use crate::model::adm::residual::{NORM_EPS, Resize};
use crate::model::adm::time::TimeEmbedding;
use crate::runtime::layers::conv::{Conv2d, ConvSize};
use crate::runtime::layers::joined::Joined;
use crate::runtime::layers::norm::GroupNorm;
use crate::runtime::tensors::load::{Layout, Loader};

/// The network of guided-diffusion's `UNetModel`, in its checkpoint's keys.
///
/// The torso computes in the loader's kind; embeddings, norms and the head in f32, as in the
/// published `use_fp16`.
pub struct AdmUNet {
    config: AdmConfig,
    kind: Kind,
    layout: Layout,
    time: TimeEmbedding,
    encoder: Encoder,
    outputs: Vec<Block>,
    head_norm: GroupNorm,
    head_conv: Conv2d,
}

impl AdmUNet {
    /// Builds the network from the loader's tensors; `Loader::finish` reports whether they fit.
    ///
    /// # Errors
    /// [`crate::Error::Options`] if `config` describes no network.
    pub fn load(config: &AdmConfig, loader: &mut Loader) -> Result<Self> {
        config.validate()?;
        let time = TimeEmbedding::load(config, loader);
        let (encoder, mut trail) = Encoder::load(config, loader);
        let mut outputs = Vec::new();
        for level in (0..config.channel_mult.len()).rev() {
            load_level(config, loader, level, &mut outputs, &mut trail);
        }
        let stem = config.channels(0);
        let head = ConvSize(stem, config.out_channels, 3);
        Ok(Self {
            config: config.clone(),
            kind: loader.kind(),
            layout: loader.layout(),
            time,
            encoder,
            outputs,
            head_norm: GroupNorm::load(loader, "out.0", stem, NORM_EPS),
            head_conv: Conv2d::load(loader, "out.2", head, Kind::Float),
        })
    }

    /// The config that it was built from.
    pub fn config(&self) -> &AdmConfig {
        &self.config
    }

    /// The noise, f32 `[N, out_channels, H, W]`, in `x` `[N, in_channels, H, W]` at timesteps `t`
    /// `[N]`, given classes `y` `[N]` (i64) if the network is class-conditional.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for a picture of the wrong shape, [`crate::Error::Options`] for a
    /// class that is missing, superfluous or out of range, [`crate::Error::Backend`] from libtorch.
    pub fn forward(&self, x: &Tensor, t: &Tensor, y: Option<&Tensor>) -> Result<Tensor> {
        tch::no_grad(|| self.run(x, t, y))
    }

    fn run(&self, x: &Tensor, t: &Tensor, y: Option<&Tensor>) -> Result<Tensor> {
        let emb = self.time.forward(t, y)?;
        let x = prepare(&self.config, x, self.kind, self.layout)?;
        let (mut skips, mut h) = self.encoder.forward(&x, &emb)?;
        for block in &self.outputs {
            let skip = skips.pop();
            h = block.forward(Joined::new(&h, skip.as_ref()), &emb)?;
        }
        let h = self.head_norm.forward_silu_f32(&h)?;
        Ok(self.head_conv.forward(&h)?.f_contiguous()?)
    }
}

/// The output blocks of one level: one more than its input blocks, for the downsampling layer.
fn load_level(
    config: &AdmConfig,
    loader: &mut Loader,
    level: usize,
    outputs: &mut Vec<Block>,
    trail: &mut Trail,
) {
    let channels = config.channels(level);
    let attend = config.attention_resolutions.contains(&trail.rate);
    for i in 0..=config.num_res_blocks {
        let skip = trail.skips.pop().unwrap_or(0);
        let up = level > 0 && i == config.num_res_blocks;
        let key = format!("output_blocks.{}", outputs.len());
        let block = BlockBuilder::new(config, loader, key)
            .residual([trail.channels + skip, channels], Resize::Keep)
            .attention(attend, channels, config.heads_upward(channels))
            .up(up, channels);
        outputs.push(block.build());
        trail.channels = channels;
    }
    trail.rate /= 2;
}
