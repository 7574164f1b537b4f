//! The downward half of the UNet and its middle: the part that the classifier shares.

use tch::Tensor;

use crate::error::{Error, Result};
use crate::model::adm::arguments::AdmConfig;
use crate::model::adm::block::{Block, BlockBuilder};
use crate::model::adm::residual::Resize;
use crate::runtime::tensors::load::{Layout, Loader};

/// Keys `input_blocks.N` and `middle_block`.
pub struct Encoder {
    inputs: Vec<Block>,
    middle: Block,
}

/// What the next block needs to know.
pub struct Trail {
    /// Channels of every input block's result, in order: the skips for the upward half.
    pub skips: Vec<i64>,
    /// Channels of the middle's result.
    pub channels: i64,
    /// Downsampling rate of the middle.
    pub rate: i64,
}

impl Encoder {
    /// Loads it, and returns the resulting channels.
    pub fn load(config: &AdmConfig, loader: &mut Loader) -> (Self, Trail) {
        let stem = config.channels(0);
        let key = "input_blocks.0".to_owned();
        let first = BlockBuilder::new(config, loader, key).conv(config.in_channels, stem);
        let mut inputs = vec![first.build()];
        let mut trail = Trail {
            skips: vec![stem],
            channels: stem,
            rate: 1,
        };
        for level in 0..config.channel_mult.len() {
            load_level(config, loader, level, &mut inputs, &mut trail);
        }
        let ch = trail.channels;
        let middle = BlockBuilder::new(config, loader, "middle_block".to_owned())
            .residual([ch, ch], Resize::Keep)
            .attention(true, ch, config.heads(ch))
            .residual([ch, ch], Resize::Keep)
            .build();
        (Self { inputs, middle }, trail)
    }

    /// The result of every input block, in order, and that of the middle.
    ///
    /// # Errors
    /// [`Error::Backend`].
    pub fn forward(&self, x: &Tensor, emb: &Tensor) -> Result<(Vec<Tensor>, Tensor)> {
        let mut seen: Vec<Tensor> = Vec::with_capacity(self.inputs.len());
        for block in &self.inputs {
            let next = block.forward(seen.last().unwrap_or(x), emb)?;
            seen.push(next);
        }
        let middle = self.middle.forward(seen.last().unwrap_or(x), emb)?;
        Ok((seen, middle))
    }
}

fn load_level(
    config: &AdmConfig,
    loader: &mut Loader,
    level: usize,
    inputs: &mut Vec<Block>,
    trail: &mut Trail,
) {
    let channels = config.channels(level);
    let attend = config.attention_resolutions.contains(&trail.rate);
    for _ in 0..config.num_res_blocks {
        let key = format!("input_blocks.{}", inputs.len());
        let block = BlockBuilder::new(config, loader, key)
            .residual([trail.channels, channels], Resize::Keep)
            .attention(attend, channels, config.heads(channels));
        inputs.push(block.build());
        trail.channels = channels;
        trail.skips.push(channels);
    }
    if level + 1 < config.channel_mult.len() {
        let key = format!("input_blocks.{}", inputs.len());
        inputs.push(
            BlockBuilder::new(config, loader, key)
                .down(channels)
                .build(),
        );
        trail.skips.push(channels);
        trail.rate *= 2;
    }
}

/// Checks `x` and converts it to the torso's kind and layout.
///
/// # Errors
/// [`Error::Input`] if it is not `[N, in_channels, H, W]` with H and W multiples of the network's
/// stride.
pub fn prepare(config: &AdmConfig, x: &Tensor, kind: tch::Kind, layout: Layout) -> Result<Tensor> {
    let stride = config.stride();
    let fits = match x.size().as_slice() {
        [_, c, h, w] => *c == config.in_channels && h % stride == 0 && w % stride == 0,
        _ => false,
    };
    if !fits {
        return Err(Error::Input(format!(
            "a picture of {:?}, wanted [N, {}, H, W] with H and W multiples of {stride}",
            x.size(),
            config.in_channels
        )));
    }
    Ok(layout.of(&x.f_to_kind(kind)?)?)
}
