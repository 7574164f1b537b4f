//! The parameters of a DDPM network: the `model` section of the published YAML, under its names.
//!
//! No torch and no files: `config` makes it, the network reads it.

use serde::Deserialize;

use crate::error::Result;
use crate::model::bounds::{LARGEST, NORM_GROUPS, multiple, within};

/// The UNet.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DdpmConfig {
    /// Side of the pictures it was trained on, in pixels.
    pub image_size: i64,
    /// Channels of the input picture.
    pub in_channels: i64,
    /// Channels of the result.
    pub out_ch: i64,
    /// Channels at full size, before `ch_mult`; a multiple of 32.
    pub ch: i64,
    /// Channels of each level, as multiples of `ch`; each level halves the picture.
    pub ch_mult: Vec<i64>,
    /// Residual blocks per level downward; there is one more upward.
    pub num_res_blocks: i64,
    /// Sides of the feature maps that have attention, in pixels.
    pub attn_resolutions: Vec<i64>,
    /// Whether resampling goes through a convolution.
    pub resamp_with_conv: bool,
    /// Used in training only.
    pub dropout: f64,
}

impl Default for DdpmConfig {
    /// CelebA-HQ and the LSUN models.
    fn default() -> Self {
        Self {
            image_size: 256,
            in_channels: 3,
            out_ch: 3,
            ch: 128,
            ch_mult: vec![1, 1, 2, 2, 4, 4],
            num_res_blocks: 2,
            attn_resolutions: vec![16],
            resamp_with_conv: true,
            dropout: 0.0,
        }
    }
}

impl DdpmConfig {
    /// Channels of level `level`, 0 at full size.
    pub fn channels(&self, level: usize) -> i64 {
        self.ch * self.ch_mult.get(level).copied().unwrap_or(0)
    }

    /// Input channels of level `level`.
    pub fn channels_into(&self, level: usize) -> i64 {
        match level {
            0 => self.ch,
            _ => self.channels(level - 1),
        }
    }

    /// Width of the time embedding.
    pub fn embedding(&self) -> i64 {
        4 * self.ch
    }

    /// Whether level `level` has attention.
    pub fn attends(&self, level: usize) -> bool {
        self.attn_resolutions.contains(&(self.image_size >> level))
    }

    /// Total downsampling: sides of pictures are multiples of it.
    pub fn stride(&self) -> i64 {
        1 << self.ch_mult.len().saturating_sub(1)
    }

    /// Checks whether the numbers describe a network.
    ///
    /// # Errors
    /// [`crate::Error::Options`] naming the first that does not.
    pub fn validate(&self) -> Result<()> {
        within("ch_mult has levels", self.ch_mult.len() as i64, 10)?;
        within("image_size", self.image_size, LARGEST)?;
        within("in_channels", self.in_channels, LARGEST)?;
        within("out_ch", self.out_ch, LARGEST)?;
        within("num_res_blocks", self.num_res_blocks, 64)?;
        within("ch", self.ch, LARGEST)?;
        multiple("ch", self.ch, NORM_GROUPS)?;
        multiple("image_size", self.image_size, self.stride())?;
        self.ch_mult
            .iter()
            .try_for_each(|&mult| within("an entry of ch_mult", mult, LARGEST / self.ch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attention_is_placed_by_the_side_of_the_map() {
        let config = DdpmConfig::default();
        config.validate().unwrap();
        let levels: Vec<bool> = (0..6).map(|level| config.attends(level)).collect();
        assert_eq!(levels, [false, false, false, false, true, false]);
        assert_eq!((config.channels_into(0), config.channels(5)), (128, 512));
    }

    #[test]
    fn wrong_numbers_are_named() {
        let config = DdpmConfig {
            image_size: 100,
            ..DdpmConfig::default()
        };
        let error = config.validate().unwrap_err().to_string();
        assert!(error.contains("image_size 100 is not a multiple of 32"));
    }
}
