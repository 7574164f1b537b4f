//! The core's enums as GObject enumerations, so that they can be properties.
//!
//! Only names and conversions; the core defines what each value means. Used by the elements'
//! properties.

use ddrmjpeg::options;
use glib::prelude::StaticType;
use gst::prelude::*;

/// How much work to spend on a frame, and whether to aim for fidelity or for texture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstDdrmJpegPreset")]
#[repr(i32)]
pub enum Preset {
    /// One network call.
    #[default]
    #[enum_value(name = "Fast: one network call", nick = "fast")]
    Fast,
    /// The mean of several draws.
    #[enum_value(name = "Quality: the mean of several draws", nick = "quality")]
    Quality,
    /// One draw: sharper, less faithful.
    #[enum_value(name = "Sample: one draw, sharper and less faithful", nick = "sample")]
    Sample,
    /// The published sampler with its published defaults.
    #[enum_value(
        name = "Paper: the published sampler with its defaults",
        nick = "paper"
    )]
    Paper,
}

impl From<Preset> for options::Preset {
    fn from(preset: Preset) -> Self {
        match preset {
            Preset::Fast => Self::Fast,
            Preset::Quality => Self::Quality,
            Preset::Sample => Self::Sample,
            Preset::Paper => Self::Paper,
        }
    }
}

/// The arithmetic of networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstDdrmJpegPrecision")]
#[repr(i32)]
pub enum Precision {
    /// The fastest on this machine: int8 on a CPU, bf16 or f32 (older CUDA cards: f16).
    #[default]
    #[enum_value(
        name = "Auto: the fastest on this machine, of int8, bf16 and f32 (old GPUs: f16)",
        nick = "auto"
    )]
    Auto,
    /// 32-bit floating point.
    #[enum_value(name = "F32: 32-bit floating point", nick = "f32")]
    F32,
    /// bfloat16 inside the network, f32 around it.
    #[enum_value(name = "BF16: bfloat16 inside the network", nick = "bf16")]
    Bf16,
    /// Eight bits in the blocks of lean and nano on a CPU.
    #[enum_value(
        name = "INT8: eight bits inside lean and nano, on a CPU",
        nick = "int8"
    )]
    Int8,
}

impl From<Precision> for options::Precision {
    fn from(precision: Precision) -> Self {
        match precision {
            Precision::Auto => Self::Auto,
            Precision::F32 => Self::F32,
            Precision::Bf16 => Self::Bf16,
            Precision::Int8 => Self::Int8,
        }
    }
}

/// How earlier frames are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstDdrmJpegTemporal")]
#[repr(i32)]
pub enum Temporal {
    /// Not at all.
    #[enum_value(name = "Off: every frame is restored by itself", nick = "off")]
    Off,
    /// What has not changed is not computed again.
    #[default]
    #[enum_value(
        name = "Reuse: what has not changed is not computed again; the same pixels as off",
        nick = "reuse"
    )]
    Reuse,
    /// Still parts improve with every frame.
    #[enum_value(
        name = "Accumulate: still parts improve with every frame that shows them",
        nick = "accumulate"
    )]
    Accumulate,
}

impl From<Temporal> for options::Temporal {
    fn from(temporal: Temporal) -> Self {
        match temporal {
            Temporal::Off => Self::Off,
            Temporal::Reuse => Self::Reuse,
            Temporal::Accumulate => Self::Accumulate,
        }
    }
}

/// What to do with a frame that is late, or would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstDdrmJpegLatePolicy")]
#[repr(i32)]
pub enum LatePolicy {
    /// It is restored anyway.
    #[enum_value(name = "Process: restore every frame, late or not", nick = "process")]
    Process,
    /// It is output as decoded.
    #[enum_value(
        name = "Passthrough: with less work if that is in time, otherwise as decoded; drops no frame",
        nick = "passthrough"
    )]
    Passthrough,
    /// It is dropped.
    #[default]
    #[enum_value(
        name = "Drop: with less work if that is in time, otherwise drops the frame",
        nick = "drop"
    )]
    Drop,
}

/// Whether frames show the decoded picture too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstDdrmJpegCompare")]
#[repr(i32)]
pub enum Compare {
    /// Only the restored picture.
    #[default]
    #[enum_value(name = "Off: only the restored picture", nick = "off")]
    Off,
    /// Half of each in one picture.
    #[enum_value(
        name = "Split: the left half as decoded, the right half restored",
        nick = "split"
    )]
    Split,
    /// Both pictures.
    #[enum_value(
        name = "Side by side: the decoded and the restored picture; twice as wide",
        nick = "side-by-side"
    )]
    SideBySide,
}

/// Makes the enumerations part of the plugin's documented API.
pub fn mark_as_api() {
    for choice in [
        Preset::static_type(),
        Precision::static_type(),
        Temporal::static_type(),
        LatePolicy::static_type(),
        Compare::static_type(),
    ] {
        choice.mark_as_plugin_api(gst::PluginAPIFlags::empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nicks(class: Option<glib::EnumClass>) -> Vec<String> {
        let class = class.unwrap();
        class.values().iter().map(|v| v.nick().into()).collect()
    }

    /// A value added to the core must be added here, under the same name.
    #[test]
    fn nicks_are_the_names_of_the_core() {
        assert_eq!(
            nicks(glib::EnumClass::with_type(Preset::static_type())),
            options::Preset::NAMES
        );
        assert_eq!(
            nicks(glib::EnumClass::with_type(Precision::static_type())),
            options::Precision::NAMES
        );
        assert_eq!(
            nicks(glib::EnumClass::with_type(Temporal::static_type())),
            options::Temporal::NAMES
        );
    }

    #[test]
    fn each_nick_converts_to_the_choice_of_that_name() {
        let presets = [Preset::Fast, Preset::Quality, Preset::Sample, Preset::Paper];
        for (preset, name) in presets.into_iter().zip(options::Preset::NAMES) {
            assert_eq!(options::Preset::from(preset).to_string(), *name);
        }
        let precisions = [
            Precision::Auto,
            Precision::F32,
            Precision::Bf16,
            Precision::Int8,
        ];
        for (precision, name) in precisions.into_iter().zip(options::Precision::NAMES) {
            assert_eq!(options::Precision::from(precision).to_string(), *name);
        }
        let temporals = [Temporal::Off, Temporal::Reuse, Temporal::Accumulate];
        for (temporal, name) in temporals.into_iter().zip(options::Temporal::NAMES) {
            assert_eq!(options::Temporal::from(temporal).to_string(), *name);
        }
    }
}
