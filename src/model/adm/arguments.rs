//! The parameters of an ADM network: the arguments of the published constructors, under their
//! names.
//!
//! No torch and no files: `config` makes these from the published YAML, and the networks read them.

use serde::{Deserialize, Deserializer};

use crate::error::{Error, Result};
use crate::model::bounds::{LARGEST, NORM_GROUPS, multiple, within};

/// The UNet; also the torso of the classifier.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdmConfig {
    /// Side of the pictures it was trained on, in pixels.
    pub image_size: i64,
    /// Channels of the input picture.
    pub in_channels: i64,
    /// Channels at full size, before `channel_mult`; a multiple of 32.
    pub model_channels: i64,
    /// Channels of the result: 3, or 6 if the variance is learned too.
    pub out_channels: i64,
    /// Residual blocks per level.
    pub num_res_blocks: i64,
    /// Downsampling rates at which there is attention: 16 on pictures of 256 means at 16x16.
    pub attention_resolutions: Vec<i64>,
    /// Channels of each level, as multiples of `model_channels`; each level halves the picture.
    pub channel_mult: Vec<f64>,
    /// Whether plain resampling goes through a convolution.
    pub conv_resample: bool,
    /// Number of classes; `None` for an unconditional network.
    pub num_classes: Option<i64>,
    /// Attention heads, unless `num_head_channels` is given.
    pub num_heads: i64,
    /// Channels of each head.
    #[serde(deserialize_with = "none_if_negative")]
    pub num_head_channels: Option<i64>,
    /// Attention heads of the upward half; by default those of the downward half.
    #[serde(deserialize_with = "none_if_negative")]
    pub num_heads_upsample: Option<i64>,
    /// Whether time and class scale and shift the second norm, or are only added before it.
    pub use_scale_shift_norm: bool,
    /// Whether residual blocks resample, or plain layers between them.
    pub resblock_updown: bool,
    /// Whether q, k, v come before the heads in the joint projection.
    pub use_new_attention_order: bool,
    /// Used in training only.
    pub dropout: f64,
}

impl Default for AdmConfig {
    /// The constructor's defaults, with the sizes of the 256x256 unconditional ImageNet model.
    fn default() -> Self {
        Self {
            image_size: 256,
            in_channels: 3,
            model_channels: 256,
            out_channels: 6,
            num_res_blocks: 2,
            attention_resolutions: vec![8, 16, 32],
            channel_mult: vec![1.0, 1.0, 2.0, 2.0, 4.0, 4.0],
            conv_resample: true,
            num_classes: None,
            num_heads: 1,
            num_head_channels: None,
            num_heads_upsample: None,
            use_scale_shift_norm: false,
            resblock_updown: false,
            use_new_attention_order: false,
            dropout: 0.0,
        }
    }
}

/// How the classifier gets from feature maps to classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pool {
    /// The mean over the last feature map, then a matrix.
    #[default]
    Adaptive,
    /// Attention with the mean as the query.
    Attention,
    /// The means of every block's feature map, two matrices with ReLU between.
    Spatial,
    /// As [`Self::Spatial`], with a norm and SiLU between.
    SpatialV2,
}

/// The classifier: the UNet's downward half and a pool; `out_channels` is its classes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassifierConfig {
    /// The downward half.
    pub encoder: AdmConfig,
    /// What follows it.
    pub pool: Pool,
}

/// The default channel multiples of each level in the published code, by picture size.
pub fn default_channel_mult(image_size: i64) -> Result<Vec<f64>> {
    Ok(match image_size {
        512 => vec![0.5, 1.0, 1.0, 2.0, 2.0, 4.0, 4.0],
        256 => vec![1.0, 1.0, 2.0, 2.0, 4.0, 4.0],
        128 => vec![1.0, 1.0, 2.0, 3.0, 4.0],
        64 => vec![1.0, 2.0, 3.0, 4.0],
        other => {
            return Err(Error::options(format!(
                "image_size {other} has no default channel_mult; 64, 128, 256 and 512 have"
            )));
        }
    })
}

impl AdmConfig {
    /// Channels of level `level`, 0 at full size.
    pub fn channels(&self, level: usize) -> i64 {
        let mult = self.channel_mult.get(level).copied().unwrap_or(0.0);
        (mult * self.model_channels as f64) as i64
    }

    /// Width of the embedding of time and class.
    pub fn embedding(&self) -> i64 {
        4 * self.model_channels
    }

    /// Heads of an attention over `channels` channels.
    pub fn heads(&self, channels: i64) -> i64 {
        self.num_head_channels
            .map_or(self.num_heads, |depth| channels / depth)
    }

    /// As [`Self::heads`], in the upward half.
    pub fn heads_upward(&self, channels: i64) -> i64 {
        match (self.num_head_channels, self.num_heads_upsample) {
            (None, Some(heads)) => heads,
            _ => self.heads(channels),
        }
    }

    /// Total downsampling: sides of pictures are multiples of it.
    pub fn stride(&self) -> i64 {
        1 << self.channel_mult.len().saturating_sub(1)
    }

    /// Checks whether the numbers describe a network.
    ///
    /// # Errors
    /// [`Error::Options`] naming the first that does not.
    pub fn validate(&self) -> Result<()> {
        let levels = self.channel_mult.len();
        within("channel_mult has levels", levels as i64, 10)?;
        within("image_size", self.image_size, LARGEST)?;
        within("in_channels", self.in_channels, LARGEST)?;
        within("model_channels", self.model_channels, LARGEST)?;
        within("out_channels", self.out_channels, LARGEST)?;
        within("num_res_blocks", self.num_res_blocks, 64)?;
        within("num_classes", self.num_classes.unwrap_or(1), 1 << 20)?;
        multiple("image_size", self.image_size, self.stride())?;
        (0..levels).try_for_each(|level| self.validate_level(self.channels(level)))
    }

    fn validate_level(&self, channels: i64) -> Result<()> {
        within("channels of a level", channels, LARGEST)?;
        multiple("channels of a level", channels, NORM_GROUPS)?;
        let depth = self.num_head_channels.unwrap_or(self.num_heads);
        within("num_head_channels or num_heads", depth, channels)?;
        multiple("channels of a level", channels, depth)?;
        let upward = self.num_heads_upsample.unwrap_or(self.num_heads);
        if self.num_head_channels.is_none() {
            within("num_heads_upsample", upward, channels)?;
            multiple("channels of a level", channels, upward)?;
        }
        Ok(())
    }
}

impl ClassifierConfig {
    /// Checks whether the numbers describe a network.
    ///
    /// # Errors
    /// [`Error::Options`] naming the first that does not.
    pub fn validate(&self) -> Result<()> {
        if self.pool == Pool::Attention && self.encoder.num_head_channels.is_none() {
            return Err(Error::options(
                "a classifier_pool of attention needs num_head_channels".into(),
            ));
        }
        self.encoder.validate()
    }
}

/// The published code writes "not given" as -1.
pub(crate) fn none_if_negative<'de, D: Deserializer<'de>>(
    from: D,
) -> std::result::Result<Option<i64>, D::Error> {
    Ok(Option::<i64>::deserialize(from)?.filter(|&n| n >= 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channel_mult_of_512_starts_at_half() {
        let config = AdmConfig {
            image_size: 512,
            channel_mult: default_channel_mult(512).unwrap(),
            ..AdmConfig::default()
        };
        assert_eq!((config.channels(0), config.stride()), (128, 64));
        config.validate().unwrap();
        assert!(default_channel_mult(100).is_err());
    }

    #[test]
    fn wrong_numbers_are_named() {
        let wrong = |config: AdmConfig| config.validate().unwrap_err().to_string();
        let none = AdmConfig {
            channel_mult: vec![],
            ..AdmConfig::default()
        };
        assert!(wrong(none).contains("channel_mult"));
        let odd = AdmConfig {
            model_channels: 40,
            ..AdmConfig::default()
        };
        assert!(wrong(odd).contains("40 is not a multiple of 32"));
        let heads = AdmConfig {
            num_heads: 3,
            ..AdmConfig::default()
        };
        assert!(wrong(heads).contains("multiple of 3"));
        let zero = AdmConfig {
            num_head_channels: Some(0),
            ..AdmConfig::default()
        };
        assert!(wrong(zero).contains("num_head_channels or num_heads 0"));
    }
}
