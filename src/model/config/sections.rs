//! The sections of a published config, under their published names.

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::model::adm::Pool;
use crate::model::adm::arguments::none_if_negative;
use crate::model::config::list::Numbers;
use crate::model::registry;
use crate::model::registry::Own;

/// `data`: what pictures the model is for, and how the published program reads them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Data {
    /// `ImageNet`, `CelebA_HQ`, `LSUN`, …
    pub dataset: String,
    /// The part of LSUN: `bedroom`, `cat`, `church_outdoor`.
    #[serde(default)]
    pub category: String,
    /// Side of the pictures in pixels.
    pub image_size: i64,
    /// Channels of the pictures; 3.
    #[serde(default = "three")]
    pub channels: i64,
    /// Pictures pass through a logit.
    #[serde(default)]
    pub logit_transform: bool,
    /// Uniform noise of one level is added to pictures.
    #[serde(default)]
    pub uniform_dequantization: bool,
    /// Gaussian noise of 0.01 is added to pictures.
    #[serde(default)]
    pub gaussian_dequantization: bool,
    /// The network takes `[-1, 1]`, not `[0, 1]`.
    #[serde(default = "yes")]
    pub rescaled: bool,
    /// Pictures come from a plain folder of the user, not from the data set.
    #[serde(default)]
    pub out_of_dist: bool,
    /// The thousand pictures of ImageNet that the papers report on.
    #[serde(default)]
    pub subset_1k: bool,
}

impl Data {
    /// Checks that the networks support such pictures.
    ///
    /// # Errors
    /// [`Error::Options`] naming what is not supported.
    pub fn validate(&self) -> Result<()> {
        if self.channels != 3 {
            let n = self.channels;
            return Err(Error::options(format!("data.channels {n} is not 3")));
        }
        if !(1..=16_384).contains(&self.image_size) {
            let n = self.image_size;
            return Err(Error::options(format!(
                "data.image_size {n} is not in 1..=16384"
            )));
        }
        Ok(())
    }
}

/// Which family `model` describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ModelType {
    /// The ADM UNet, `openai`.
    Openai,
    /// The DDPM UNet, `simple`.
    Simple,
    /// A prior of this project, by its name; not a published type.
    Own(&'static Own),
}

impl TryFrom<String> for ModelType {
    type Error = Error;

    fn try_from(name: String) -> Result<Self> {
        match name.as_str() {
            "openai" => Ok(Self::Openai),
            "simple" => Ok(Self::Simple),
            own => registry::find(own).map(Self::Own).ok_or_else(|| {
                let names = registry::names();
                Error::options(format!(
                    "model.type {own:?}: must be openai, simple, {names}"
                ))
            }),
        }
    }
}

/// `model`: the UNet. Each family reads its own keys, under its own names.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Model {
    /// The family.
    #[serde(rename = "type")]
    pub family: ModelType,
    /// Channels of the input picture; 3.
    #[serde(default = "three")]
    pub in_channels: i64,
    /// Residual blocks per level.
    pub num_res_blocks: Option<i64>,
    /// Resampling goes through a convolution.
    #[serde(default = "yes")]
    pub resamp_with_conv: bool,

    /// ADM: side of the pictures it was trained on; `data.image_size` by default.
    pub image_size: Option<i64>,
    /// ADM: channels at full size.
    pub num_channels: Option<i64>,
    /// ADM: multiples of them per level; if empty, by picture size.
    pub channel_mult: Option<Numbers<f64>>,
    /// ADM: sides of the feature maps with attention, in pixels, for the trained size.
    pub attention_resolutions: Option<Numbers<i64>>,
    /// ADM: attention heads.
    pub num_heads: Option<i64>,
    /// ADM: channels of each head; -1 if `num_heads` decides.
    #[serde(default, deserialize_with = "none_if_negative")]
    pub num_head_channels: Option<i64>,
    /// ADM: heads of the upward half; -1 for the same.
    #[serde(default, deserialize_with = "none_if_negative")]
    pub num_heads_upsample: Option<i64>,
    /// ADM: the variance is learned, in three more channels.
    pub learn_sigma: Option<bool>,
    /// ADM: the network is class-conditional.
    pub class_cond: Option<bool>,
    /// ADM: how many classes; 1000 by default. Not a published key.
    pub num_classes: Option<i64>,
    /// ADM: time and class scale and shift the norms.
    pub use_scale_shift_norm: Option<bool>,
    /// ADM: residual blocks resample.
    pub resblock_updown: Option<bool>,
    /// ADM: the torso computes in half precision.
    pub use_fp16: Option<bool>,
    /// ADM: q, k, v come before the heads.
    pub use_new_attention_order: Option<bool>,

    /// DDPM: channels of the result; 3.
    pub out_ch: Option<i64>,
    /// DDPM: channels at full size.
    pub ch: Option<i64>,
    /// DDPM: multiples of them per level.
    pub ch_mult: Option<Numbers<i64>>,
    /// DDPM: sides of the feature maps with attention, in pixels.
    pub attn_resolutions: Option<Numbers<i64>>,
}

impl Model {
    /// Keys that are given, but belong to the other family.
    pub(crate) fn foreign_keys(&self) -> Vec<String> {
        let given: &[(&str, bool)] = match self.family {
            ModelType::Openai => &self.ddpm_keys(),
            ModelType::Simple => &self.adm_keys(),
            ModelType::Own(_) => &[self.ddpm_keys().as_slice(), &self.adm_keys()].concat(),
        };
        let named = given.iter().filter(|(_, present)| *present);
        named
            .map(|(key, _)| format!("model.{key} (of another model.type)"))
            .collect()
    }

    fn ddpm_keys(&self) -> [(&'static str, bool); 4] {
        [
            ("out_ch", self.out_ch.is_some()),
            ("ch", self.ch.is_some()),
            ("ch_mult", self.ch_mult.is_some()),
            ("attn_resolutions", self.attn_resolutions.is_some()),
        ]
    }

    fn adm_keys(&self) -> [(&'static str, bool); 13] {
        [
            ("num_channels", self.num_channels.is_some()),
            ("channel_mult", self.channel_mult.is_some()),
            (
                "attention_resolutions",
                self.attention_resolutions.is_some(),
            ),
            ("num_heads", self.num_heads.is_some()),
            ("num_head_channels", self.num_head_channels.is_some()),
            ("num_heads_upsample", self.num_heads_upsample.is_some()),
            ("learn_sigma", self.learn_sigma.is_some()),
            ("class_cond", self.class_cond.is_some()),
            ("num_classes", self.num_classes.is_some()),
            ("use_scale_shift_norm", self.use_scale_shift_norm.is_some()),
            ("resblock_updown", self.resblock_updown.is_some()),
            ("use_fp16", self.use_fp16.is_some()),
            (
                "use_new_attention_order",
                self.use_new_attention_order.is_some(),
            ),
        ]
    }
}

/// `classifier`: the network that guides a class-conditional one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Classifier {
    /// Side of the pictures it was trained on; `data.image_size` by default.
    pub image_size: Option<i64>,
    /// Sides of the feature maps with attention, in pixels.
    #[serde(default = "published_attention")]
    pub classifier_attention_resolutions: Numbers<i64>,
    /// Residual blocks per level.
    #[serde(default = "two")]
    pub classifier_depth: i64,
    /// Channels at full size.
    #[serde(default = "published_width")]
    pub classifier_width: i64,
    /// How it gets from feature maps to classes.
    #[serde(default = "published_pool")]
    pub classifier_pool: Pool,
    /// Residual blocks resample.
    #[serde(default = "yes")]
    pub classifier_resblock_updown: bool,
    /// Time scales and shifts the norms.
    #[serde(default = "yes")]
    pub classifier_use_scale_shift_norm: bool,
    /// The torso computes in half precision.
    #[serde(default)]
    pub classifier_use_fp16: bool,
    /// The strength of the guidance.
    #[serde(default = "one")]
    pub classifier_scale: f64,
    /// Multiples of the width per level; if empty, by picture size. Not a published key.
    #[serde(default)]
    pub channel_mult: Numbers<f64>,
    /// Channels of each attention head; published: 64. Not a published key.
    #[serde(default = "published_head")]
    pub num_head_channels: i64,
    /// Number of classes; published: 1000. Not a published key.
    #[serde(default = "published_classes")]
    pub num_classes: i64,
}

/// The schedule of the betas of the forward process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BetaSchedule {
    /// In equal steps.
    #[default]
    Linear,
    /// Their square roots in equal steps.
    Quad,
    /// All equal to the last one.
    Const,
    /// 1/T, 1/(T-1), …, 1.
    Jsd,
    /// Along a sigmoid from -6 to 6.
    Sigmoid,
}

/// `diffusion`: the forward process that the model was trained on.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct Diffusion {
    /// The schedule of the betas.
    pub beta_schedule: BetaSchedule,
    /// The first beta.
    pub beta_start: f64,
    /// The last beta.
    pub beta_end: f64,
    /// Number of betas.
    pub num_diffusion_timesteps: usize,
}

impl Default for Diffusion {
    fn default() -> Self {
        Self {
            beta_schedule: BetaSchedule::Linear,
            beta_start: 1e-4,
            beta_end: 0.02,
            num_diffusion_timesteps: 1000,
        }
    }
}

impl Diffusion {
    /// Checks whether the numbers describe a schedule.
    ///
    /// # Errors
    /// [`Error::Options`] naming the first that does not.
    pub fn validate(&self) -> Result<()> {
        let betas = [("beta_start", self.beta_start), ("beta_end", self.beta_end)];
        for (name, beta) in betas {
            if !(beta > 0.0 && beta < 1.0) {
                return Err(Error::options(format!(
                    "diffusion.{name} {beta} is not between 0 and 1"
                )));
            }
        }
        let steps = self.num_diffusion_timesteps;
        if !(1..=100_000).contains(&steps) {
            return Err(Error::options(format!(
                "diffusion.num_diffusion_timesteps {steps} is not in 1..=100000"
            )));
        }
        Ok(())
    }
}

/// `sampling`: how the published program samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Sampling {
    /// Pictures per batch.
    pub batch_size: usize,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { batch_size: 1 }
    }
}

fn one() -> f64 {
    1.0
}

fn two() -> i64 {
    2
}

fn three() -> i64 {
    3
}

fn yes() -> bool {
    true
}

fn published_attention() -> Numbers<i64> {
    Numbers(vec![32, 16, 8])
}

fn published_width() -> i64 {
    128
}

fn published_pool() -> Pool {
    Pool::Attention
}

fn published_head() -> i64 {
    64
}

pub(crate) fn published_classes() -> i64 {
    1000
}
