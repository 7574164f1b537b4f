//! From the sections of a published config to the networks that they describe, as in the published
//! `create_model` and `create_classifier`, including defaults.

use crate::error::{Error, Result};
use crate::model::adm::arguments::{AdmConfig, ClassifierConfig, default_channel_mult};
use crate::model::config::sections::{Model, ModelType, published_classes};
use crate::model::config::{Classifier, Config};
use crate::model::ddpm::DdpmConfig;
use crate::model::registry::Own;

/// The network that a config describes.
#[derive(Clone, Debug, PartialEq)]
pub enum NetworkConfig {
    /// An ADM UNet.
    Adm(AdmConfig),
    /// A DDPM UNet.
    Ddpm(DdpmConfig),
    /// A prior of this project.
    Own(&'static Own),
}

impl Config {
    /// The network.
    ///
    /// # Errors
    /// [`Error::Options`] if `model` lacks a key or describes no network.
    pub fn network(&self) -> Result<NetworkConfig> {
        if self.model.in_channels != 3 {
            return Err(Error::options(format!(
                "model.in_channels {} is not 3",
                self.model.in_channels
            )));
        }
        match self.model.family {
            ModelType::Openai => Ok(NetworkConfig::Adm(self.adm()?)),
            ModelType::Simple => Ok(NetworkConfig::Ddpm(self.ddpm()?)),
            ModelType::Own(own) => Ok(NetworkConfig::Own(own)),
        }
    }

    /// The classifier, if the network is class-conditional and the config has one.
    ///
    /// # Errors
    /// [`Error::Options`] if `classifier` describes no network.
    pub fn guide(&self) -> Result<Option<ClassifierConfig>> {
        let Some(section) = &self.classifier else {
            return Ok(None);
        };
        let config = classifier(section, section.image_size.unwrap_or(self.data.image_size))?;
        config.validate()?;
        Ok(self.class_cond().then_some(config))
    }

    /// Whether the network is class-conditional.
    pub fn class_cond(&self) -> bool {
        self.model.family == ModelType::Openai && self.model.class_cond.unwrap_or(false)
    }

    fn adm(&self) -> Result<AdmConfig> {
        let model = &self.model;
        let image_size = model.image_size.unwrap_or(self.data.image_size);
        let given = model.channel_mult.as_ref().map_or(&[][..], |m| &m.0);
        let attention = model.attention_resolutions.as_ref();
        let config = AdmConfig {
            image_size,
            in_channels: model.in_channels,
            model_channels: needed("num_channels", model.num_channels)?,
            out_channels: if model.learn_sigma.unwrap_or(false) {
                6
            } else {
                3
            },
            num_res_blocks: needed("num_res_blocks", model.num_res_blocks)?,
            attention_resolutions: rates(image_size, attention.map_or(&[16], |a| &a.0))?,
            channel_mult: channel_mult(given, image_size)?,
            conv_resample: model.resamp_with_conv,
            num_classes: class_count(model),
            num_heads: model.num_heads.unwrap_or(1),
            num_head_channels: model.num_head_channels,
            num_heads_upsample: model.num_heads_upsample,
            use_scale_shift_norm: model.use_scale_shift_norm.unwrap_or(false),
            resblock_updown: model.resblock_updown.unwrap_or(false),
            use_new_attention_order: model.use_new_attention_order.unwrap_or(false),
            dropout: 0.0,
        };
        config.validate()?;
        Ok(config)
    }

    fn ddpm(&self) -> Result<DdpmConfig> {
        let model = &self.model;
        let config = DdpmConfig {
            image_size: model.image_size.unwrap_or(self.data.image_size),
            in_channels: model.in_channels,
            out_ch: model.out_ch.unwrap_or(3),
            ch: needed("ch", model.ch)?,
            ch_mult: needed("ch_mult", model.ch_mult.clone())?.0,
            num_res_blocks: needed("num_res_blocks", model.num_res_blocks)?,
            attn_resolutions: needed("attn_resolutions", model.attn_resolutions.clone())?.0,
            resamp_with_conv: model.resamp_with_conv,
            dropout: 0.0,
        };
        config.validate()?;
        Ok(config)
    }
}

fn classifier(section: &Classifier, image_size: i64) -> Result<ClassifierConfig> {
    if !section.classifier_scale.is_finite() {
        return Err(Error::options(format!(
            "classifier.classifier_scale {} is not finite",
            section.classifier_scale
        )));
    }
    let attention = &section.classifier_attention_resolutions.0;
    Ok(ClassifierConfig {
        encoder: AdmConfig {
            image_size,
            model_channels: section.classifier_width,
            out_channels: section.num_classes,
            num_res_blocks: section.classifier_depth,
            attention_resolutions: rates(image_size, attention)?,
            channel_mult: channel_mult(&section.channel_mult.0, image_size)?,
            num_head_channels: Some(section.num_head_channels),
            use_scale_shift_norm: section.classifier_use_scale_shift_norm,
            resblock_updown: section.classifier_resblock_updown,
            ..AdmConfig::default()
        },
        pool: section.classifier_pool,
    })
}

fn class_count(model: &Model) -> Option<i64> {
    let told = model.class_cond.unwrap_or(false);
    told.then(|| model.num_classes.unwrap_or_else(published_classes))
}

fn channel_mult(given: &[f64], image_size: i64) -> Result<Vec<f64>> {
    match given {
        [] => default_channel_mult(image_size),
        given => Ok(given.to_vec()),
    }
}

/// Downsampling rates of feature maps with these sides.
fn rates(image_size: i64, sides: &[i64]) -> Result<Vec<i64>> {
    let rate = |&side: &i64| {
        if side < 1 {
            return Err(Error::options(format!(
                "attention_resolutions {side} is not 1 or more"
            )));
        }
        Ok(image_size.div_euclid(side))
    };
    sides.iter().map(rate).collect()
}

fn needed<T>(key: &str, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Error::options(format!("model.{key} is missing")))
}
