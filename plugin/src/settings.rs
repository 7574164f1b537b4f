//! The values of an element's properties, and the core's options that follow from them.
//!
//! One struct for all elements: a field without a property keeps its default. It holds the values
//! as set (a device is any string); they are checked when they become options. Written by the
//! properties, read once per frame.

use ddrmjpeg::jpeg::Header;
use ddrmjpeg::options::{Limits, ModelName};
use ddrmjpeg::restore::{FrameInfo, FrameTables};
use ddrmjpeg::{ModelOptions, RestoreOptions, Result};

use crate::enums::{Compare, LatePolicy, Precision, Preset, Temporal};

/// The core's options as an element holds them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ElementOptions {
    /// With which its model is opened.
    pub model: ModelOptions,
    /// With which its frames are restored.
    pub restore: RestoreOptions,
}

/// One field for each writable property; for units and ranges see the properties.
#[derive(Clone, Debug)]
pub struct Settings {
    pub qf: u32,
    pub preset: Preset,
    pub strength: f64,
    pub strict: bool,
    pub identity_gate: bool,
    pub assume_quality: String,
    pub model: ModelName,
    pub config: String,
    pub degradation: String,
    pub class: i32,
    pub device: String,
    pub precision: Precision,
    pub seed: u64,
    pub steps: u32,
    pub samples: u32,
    pub eta: f64,
    pub eta_b: f64,
    pub init_timestep: u32,
    pub tile_size: u32,
    pub threads: u32,
    pub max_batch: u32,
    pub max_delay: f64,
    pub temporal: Temporal,
    pub late_policy: LatePolicy,
    pub compare: Compare,
    pub stats_interval: u64,
    pub max_megapixels: u32,
}

impl Default for Settings {
    fn default() -> Self {
        let ElementOptions {
            model,
            restore: core,
        } = ElementOptions::default();
        Self {
            qf: 0,
            preset: Preset::default(),
            strength: core.strength,
            strict: core.strict,
            identity_gate: core.identity_gate,
            assume_quality: core.assume_quality.to_string(),
            model: model.model,
            config: String::new(),
            degradation: core.degradation.to_string(),
            class: -1,
            device: model.device.to_string(),
            precision: Precision::default(),
            seed: core.seed,
            steps: 0,
            samples: 0,
            eta: core.eta,
            eta_b: core.eta_b,
            init_timestep: core.init_timestep as u32,
            tile_size: 0,
            threads: 0,
            max_batch: model.max_batch as u32,
            max_delay: model.max_delay_ms,
            temporal: Temporal::default(),
            late_policy: LatePolicy::default(),
            compare: Compare::default(),
            stats_interval: 0,
            max_megapixels: 0,
        }
    }
}

impl Settings {
    /// All settings as validated options.
    ///
    /// # Errors
    /// [`ddrmjpeg::Error::Options`] naming the property, its value and the limit.
    pub fn options(&self) -> Result<ElementOptions> {
        let model = ModelOptions::default()
            .with_model(self.model.clone())
            .with_config(Some(self.config.clone()).filter(|config| !config.is_empty()))
            .with_class(usize::try_from(self.class).ok())
            .with_device(self.device.parse()?)
            .with_precision(self.precision.into())
            .with_threads(self.threads as usize)
            .with_max_batch(self.max_batch as usize)
            .with_max_delay_ms(self.max_delay);
        let restore = RestoreOptions::default()
            .with_degradation(self.degradation.parse()?)
            .with_assume_quality(self.assume_quality.parse()?)
            .with_tile_size(self.tile_size as usize)
            .with_limits(self.limits());
        let options = self.over(&ElementOptions { model, restore });
        options.model.validate()?;
        options.restore.validate()?;
        Ok(options)
    }

    /// `opened` with the current values of everything that may change while playing.
    pub fn over(&self, opened: &ElementOptions) -> ElementOptions {
        let ElementOptions { model, restore } = opened.clone();
        let restore = restore
            .with_preset(self.preset.into())
            .with_strength(self.strength)
            .with_strict(self.strict)
            .with_identity_gate(self.identity_gate)
            .with_seed(self.seed)
            .with_steps(preset_if_zero(self.steps))
            .with_samples(preset_if_zero(self.samples))
            .with_eta(self.eta)
            .with_eta_b(self.eta_b)
            .with_init_timestep(self.init_timestep as usize)
            .with_temporal(self.temporal.into());
        ElementOptions { model, restore }
    }

    /// How large a file may be; 0 megapixels: what free memory allows.
    pub fn limits(&self) -> Limits {
        let pixels = (self.max_megapixels != 0).then_some(self.max_megapixels as usize * 1_000_000);
        Limits::default().with_pixels(pixels)
    }

    /// Where the quantisation tables of a frame come from: `header`, which came with it, unless the
    /// frame contradicts it; then `qf`; then the pixels, according to `unnamed`.
    pub fn tables(&self, header: Option<Header>, unnamed: impl FnOnce() -> FrameInfo) -> FrameInfo {
        let mut info = match u8::try_from(self.qf) {
            Ok(quality @ 1..=100) => FrameTables::Quality(quality).into(),
            _ => unnamed(),
        };
        info.header = header.map(Box::new);
        info
    }
}

/// 0 in a property means the preset's value, which is `None` in the core.
fn preset_if_zero(value: u32) -> Option<usize> {
    (value != 0).then_some(value as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untouched_properties_are_the_default_options() {
        let settings = Settings::default();
        assert_eq!(settings.options().unwrap(), ElementOptions::default());
        let tables = settings.tables(None, || FrameTables::Estimate.into());
        assert_eq!(tables, FrameTables::Estimate.into());
    }

    #[test]
    fn a_device_that_is_none_is_named() {
        let settings = Settings {
            device: "gpu".into(),
            ..Settings::default()
        };
        let message = settings.options().unwrap_err().to_string();
        assert!(message.contains("device") && message.contains("gpu"));
    }

    #[test]
    fn what_was_opened_stays_and_the_rest_is_live() {
        let opened = Settings::default().options().unwrap();
        let settings = Settings {
            model: "identity".into(),
            tile_size: 128,
            strength: 0.5,
            steps: 7,
            ..Settings::default()
        };
        let now = settings.over(&opened);
        assert_eq!(now.model, opened.model);
        assert_eq!(now.restore.tile_size, opened.restore.tile_size);
        assert_eq!((now.restore.strength, now.restore.steps), (0.5, Some(7)));
    }
}
