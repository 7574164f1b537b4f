//! The `with_…` setters of [`ModelOptions`], [`RestoreOptions`] and [`Limits`]: outside of this crate
//! none of them can be written out field by field, so that fields can be added.

use crate::assumed_quality::AssumedQuality;
use crate::degradation::Degradation;
use crate::options::{
    Device, Limits, ModelName, ModelOptions, Precision, Preset, RestoreOptions, Temporal,
};

/// One setter for each field.
macro_rules! setters {
    ($owner:ident { $($setter:ident: $field:ident = $type:ty;)+ }) => {
        impl $owner {
            $(
                #[doc = concat!("These, with another [`", stringify!($field), "`](Self::",
                                stringify!($field), ").")]
                #[must_use]
                pub fn $setter(mut self, $field: $type) -> Self {
                    self.$field = $field;
                    self
                }
            )+
        }
    };
}

setters!(ModelOptions {
    with_config: config = Option<String>;
    with_class: class = Option<usize>;
    with_device: device = Device;
    with_precision: precision = Precision;
    with_threads: threads = usize;
    with_max_batch: max_batch = usize;
    with_max_delay_ms: max_delay_ms = f64;
});

impl ModelOptions {
    /// These, with another [`model`](Self::model).
    #[must_use]
    pub fn with_model(mut self, model: impl Into<ModelName>) -> Self {
        self.model = model.into();
        self
    }
}

setters!(RestoreOptions {
    with_degradation: degradation = Degradation;
    with_preset: preset = Preset;
    with_strength: strength = f64;
    with_strict: strict = bool;
    with_identity_gate: identity_gate = bool;
    with_assume_quality: assume_quality = AssumedQuality;
    with_seed: seed = u64;
    with_steps: steps = Option<usize>;
    with_samples: samples = Option<usize>;
    with_eta: eta = f64;
    with_eta_b: eta_b = f64;
    with_init_timestep: init_timestep = usize;
    with_temporal: temporal = Temporal;
    with_tile_size: tile_size = usize;
    with_limits: limits = Limits;
});

setters!(Limits {
    with_file_bytes: file_bytes = u64;
    with_side_px: side_px = usize;
    with_pixels: pixels = Option<usize>;
    with_scans: scans = usize;
    with_metadata_bytes: metadata_bytes = usize;
});

#[cfg(test)]
mod tests {
    use super::*;

    /// Written out, so that a new field without a setter does not compile unnoticed: it is missing
    /// here.
    #[test]
    fn every_field_of_a_model_can_be_set() {
        let wanted = ModelOptions {
            model: "nano".into(),
            config: Some("a.yml".into()),
            class: Some(3),
            device: Device::Cpu,
            precision: Precision::F32,
            threads: 2,
            max_batch: 3,
            max_delay_ms: 1.0,
        };
        let all_set = ModelOptions::default()
            .with_model(wanted.model.as_str())
            .with_config(wanted.config.clone())
            .with_class(wanted.class)
            .with_device(wanted.device)
            .with_precision(wanted.precision)
            .with_threads(wanted.threads)
            .with_max_batch(wanted.max_batch)
            .with_max_delay_ms(wanted.max_delay_ms);
        assert_eq!(all_set, wanted);
    }

    /// Likewise.
    #[test]
    fn every_field_of_a_restoration_can_be_set() {
        let wanted = RestoreOptions {
            degradation: Degradation::Quant(crate::degradation::Bits::PUBLISHED),
            preset: Preset::Paper,
            strength: 0.5,
            strict: true,
            identity_gate: false,
            assume_quality: AssumedQuality::Off,
            seed: 5,
            steps: Some(7),
            samples: Some(2),
            eta: 0.1,
            eta_b: 0.2,
            init_timestep: 20,
            temporal: Temporal::Off,
            tile_size: 64,
            limits: Limits {
                file_bytes: 1,
                side_px: 2,
                pixels: Some(3),
                scans: 4,
                metadata_bytes: 5,
            },
        };
        assert_eq!(all_set(&wanted), wanted);
    }

    /// The defaults, with each field set to that of `wanted`.
    fn all_set(wanted: &RestoreOptions) -> RestoreOptions {
        let limits = Limits::default()
            .with_file_bytes(wanted.limits.file_bytes)
            .with_side_px(wanted.limits.side_px)
            .with_pixels(wanted.limits.pixels)
            .with_scans(wanted.limits.scans)
            .with_metadata_bytes(wanted.limits.metadata_bytes);
        RestoreOptions::default()
            .with_degradation(wanted.degradation)
            .with_preset(wanted.preset)
            .with_strength(wanted.strength)
            .with_strict(wanted.strict)
            .with_identity_gate(wanted.identity_gate)
            .with_assume_quality(wanted.assume_quality)
            .with_seed(wanted.seed)
            .with_steps(wanted.steps)
            .with_samples(wanted.samples)
            .with_eta(wanted.eta)
            .with_eta_b(wanted.eta_b)
            .with_init_timestep(wanted.init_timestep)
            .with_temporal(wanted.temporal)
            .with_tile_size(wanted.tile_size)
            .with_limits(limits)
    }
}
