//! One resolution of the UNet, downward or upward.

use tch::Tensor;

use crate::error::Result;
use crate::model::ddpm::parameters::DdpmConfig;
use crate::model::ddpm::residual::ResBlock;
use crate::model::ddpm::separate_attention::AttentionBlock;
use crate::runtime::layers::conv::{Conv2d, ConvSize};
use crate::runtime::layers::doubled::DoubledConv;
use crate::runtime::layers::joined::Joined;
use crate::runtime::layers::resample::{double_nearest, halve_mean};
use crate::runtime::tensors::load::Loader;

/// A residual block and, at some resolutions, attention: keys `block.N`, `attn.N`.
struct Step {
    block: ResBlock,
    attn: Option<AttentionBlock>,
}

impl Step {
    fn load(
        config: &DdpmConfig,
        loader: &mut Loader,
        (key, index): (&str, i64),
        channels: [i64; 2],
        attends: bool,
    ) -> Self {
        let at = format!("{key}.block.{index}");
        let block = ResBlock::load(loader, &at, channels, config.embedding());
        let attn = attends
            .then(|| AttentionBlock::load(loader, &format!("{key}.attn.{index}"), channels[1]));
        Self { block, attn }
    }

    fn forward<'a>(&self, x: impl Into<Joined<'a>>, temb: &Tensor) -> Result<Tensor> {
        let h = self.block.forward(x, temb)?;
        match &self.attn {
            Some(attn) => attn.forward(&h),
            None => Ok(h),
        }
    }
}

/// Half the size: by a convolution of stride 2, or by plain means.
struct Downsample {
    conv: Option<Conv2d>,
}

impl Downsample {
    fn load(config: &DdpmConfig, loader: &mut Loader, key: &str, channels: i64) -> Self {
        let (kind, size) = (loader.kind(), ConvSize(channels, channels, 3));
        let load = || Conv2d::load(loader, &format!("{key}.conv"), size, kind).strided(2, 0);
        Self {
            conv: config.resamp_with_conv.then(load),
        }
    }

    /// The convolution is padded on the right and below only, unlike ADM's.
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match &self.conv {
            Some(conv) => conv.forward(&x.f_constant_pad_nd([0, 1, 0, 1])?),
            None => halve_mean(x),
        }
    }
}

/// Twice the size: each pixel is repeated four times, then a convolution or none.
struct Upsample {
    conv: Option<DoubledConv>,
}

impl Upsample {
    fn load(config: &DdpmConfig, loader: &mut Loader, key: &str, channels: i64) -> Self {
        let kind = loader.kind();
        let load = || DoubledConv::load(loader, &format!("{key}.conv"), [channels; 2], kind);
        Self {
            conv: config.resamp_with_conv.then(load),
        }
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match &self.conv {
            Some(conv) => conv.forward(x),
            None => double_nearest(x),
        }
    }
}

/// Keys `down.N.block`, `down.N.attn`, `down.N.downsample`.
pub struct DownLevel {
    steps: Vec<Step>,
    downsample: Option<Downsample>,
}

impl DownLevel {
    /// Loads level `level`; the channels of each result are appended to `skips`.
    pub fn load(
        config: &DdpmConfig,
        loader: &mut Loader,
        level: usize,
        skips: &mut Vec<i64>,
    ) -> Self {
        let key = format!("down.{level}");
        let (mut input, output) = (config.channels_into(level), config.channels(level));
        let mut steps = Vec::new();
        for index in 0..config.num_res_blocks {
            let place = (key.as_str(), index);
            let attends = config.attends(level);
            steps.push(Step::load(config, loader, place, [input, output], attends));
            skips.push(output);
            input = output;
        }
        let last = level + 1 == config.ch_mult.len();
        let downsample = (!last).then(|| {
            skips.push(output);
            Downsample::load(config, loader, &format!("{key}.downsample"), output)
        });
        Self { steps, downsample }
    }

    /// Runs the level on the last of `seen` and appends each result to it.
    pub fn forward(&self, mut h: Tensor, temb: &Tensor, seen: &mut Vec<Tensor>) -> Result<Tensor> {
        for step in &self.steps {
            h = step.forward(&h, temb)?;
            seen.push(h.shallow_clone());
        }
        if let Some(downsample) = &self.downsample {
            h = downsample.forward(&h)?;
            seen.push(h.shallow_clone());
        }
        Ok(h)
    }
}

/// Keys `up.N.block`, `up.N.attn`, `up.N.upsample`.
pub struct UpLevel {
    steps: Vec<Step>,
    upsample: Option<Upsample>,
}

impl UpLevel {
    /// Loads level `level`, which continues `input` channels and takes its skips from the
    /// end of `skips`.
    pub fn load(
        config: &DdpmConfig,
        loader: &mut Loader,
        level: usize,
        mut input: i64,
        skips: &mut Vec<i64>,
    ) -> Self {
        let key = format!("up.{level}");
        let output = config.channels(level);
        let mut steps = Vec::new();
        for index in 0..=config.num_res_blocks {
            let joined = input + skips.pop().unwrap_or(0);
            let place = (key.as_str(), index);
            let attends = config.attends(level);
            steps.push(Step::load(config, loader, place, [joined, output], attends));
            input = output;
        }
        let upsample =
            (level > 0).then(|| Upsample::load(config, loader, &format!("{key}.upsample"), output));
        Self { steps, upsample }
    }

    /// Runs the level; each block takes one skip from the end of `seen`.
    pub fn forward(&self, mut h: Tensor, temb: &Tensor, seen: &mut Vec<Tensor>) -> Result<Tensor> {
        for step in &self.steps {
            let skip = seen.pop();
            h = step.forward(Joined::new(&h, skip.as_ref()), temb)?;
        }
        match &self.upsample {
            Some(upsample) => upsample.forward(&h),
            None => Ok(h),
        }
    }
}
