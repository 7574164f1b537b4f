//! One entry of `input_blocks`, `middle_block` or `output_blocks`: a few layers in a row.

use tch::Tensor;

use crate::error::Result;
use crate::model::adm::arguments::AdmConfig;
use crate::model::adm::joint_attention::AttentionBlock;
use crate::model::adm::residual::{ResBlock, Resize};
use crate::runtime::layers::all_pairs::QkvOrder;
use crate::runtime::layers::conv::{Conv2d, ConvSize};
use crate::runtime::layers::doubled::DoubledConv;
use crate::runtime::layers::joined::Joined;
use crate::runtime::layers::resample::{double_nearest, halve_mean};
use crate::runtime::tensors::load::Loader;

/// A layer of a [`Block`].
enum Layer {
    Conv(Conv2d),
    Residual(Box<ResBlock>),
    Attention(Box<AttentionBlock>),
    /// Halved by a convolution of stride 2 (`op`), or by means.
    Down(Option<Conv2d>),
    /// Doubled, then smoothed by a convolution (`conv`) if there is one.
    Up(Option<DoubledConv>),
}

/// Layers with the keys `{key}.0`, `{key}.1`, …
pub struct Block(Vec<Layer>);

impl Block {
    /// Runs the layers; `emb` is the SiLU of the embedding, f32.
    pub fn forward<'a>(&self, x: impl Into<Joined<'a>>, emb: &Tensor) -> Result<Tensor> {
        let x = x.into();
        let Some((first, others)) = self.0.split_first() else {
            return x.whole();
        };
        let x = match first {
            Layer::Residual(block) => block.forward(x, emb)?,
            other => other.forward(&x.whole()?, emb)?,
        };
        others.iter().try_fold(x, |x, layer| layer.forward(&x, emb))
    }
}

impl Layer {
    fn forward(&self, x: &Tensor, emb: &Tensor) -> Result<Tensor> {
        match self {
            Self::Conv(conv) | Self::Down(Some(conv)) => conv.forward(x),
            Self::Residual(block) => block.forward(x, emb),
            Self::Attention(block) => block.forward(x),
            Self::Down(None) => halve_mean(x),
            Self::Up(Some(conv)) => conv.forward(x),
            Self::Up(None) => double_nearest(x),
        }
    }
}

/// Builds a [`Block`] layer by layer and numbers the keys.
pub struct BlockBuilder<'a, 'b> {
    config: &'a AdmConfig,
    loader: &'a mut Loader<'b>,
    key: String,
    layers: Vec<Layer>,
}

impl<'a, 'b> BlockBuilder<'a, 'b> {
    /// An empty block at `key`.
    pub fn new(config: &'a AdmConfig, loader: &'a mut Loader<'b>, key: String) -> Self {
        Self {
            config,
            loader,
            key,
            layers: Vec::new(),
        }
    }

    /// The finished block.
    pub fn build(self) -> Block {
        Block(self.layers)
    }

    /// A 3x3 convolution.
    pub fn conv(mut self, input: i64, output: i64) -> Self {
        let conv = self.convolution("", input, output);
        self.layers.push(Layer::Conv(conv));
        self
    }

    /// A residual block.
    pub fn residual(mut self, channels: [i64; 2], resize: Resize) -> Self {
        let key = self.next_key("");
        let block = ResBlock::load(self.config, self.loader, &key, channels, resize);
        self.layers.push(Layer::Residual(Box::new(block)));
        self
    }

    /// Attention, if `wanted`.
    pub fn attention(mut self, wanted: bool, channels: i64, heads: i64) -> Self {
        if wanted {
            let order = if self.config.use_new_attention_order {
                QkvOrder::QkvFirst
            } else {
                QkvOrder::HeadsFirst
            };
            let key = self.next_key("");
            let block = AttentionBlock::load(self.loader, &key, channels, heads, order);
            self.layers.push(Layer::Attention(Box::new(block)));
        }
        self
    }

    /// Halves the size with the layer that the config says.
    pub fn down(mut self, channels: i64) -> Self {
        if self.config.resblock_updown {
            return self.residual([channels; 2], Resize::Halve);
        }
        let conv = self
            .config
            .conv_resample
            .then(|| self.convolution(".op", channels, channels).strided(2, 1));
        self.layers.push(Layer::Down(conv));
        self
    }

    /// Doubles the size, if `wanted`, with the layer that the config says.
    pub fn up(mut self, wanted: bool, channels: i64) -> Self {
        if !wanted {
            return self;
        }
        if self.config.resblock_updown {
            return self.residual([channels; 2], Resize::Double);
        }
        let conv = self.config.conv_resample.then(|| {
            let (key, kind) = (self.next_key(".conv"), self.loader.kind());
            DoubledConv::load(self.loader, &key, [channels; 2], kind)
        });
        self.layers.push(Layer::Up(conv));
        self
    }

    fn convolution(&mut self, name: &str, input: i64, output: i64) -> Conv2d {
        let key = self.next_key(name);
        let kind = self.loader.kind();
        Conv2d::load(self.loader, &key, ConvSize(input, output, 3), kind)
    }

    fn next_key(&self, name: &str) -> String {
        format!("{}.{}{name}", self.key, self.layers.len())
    }
}
