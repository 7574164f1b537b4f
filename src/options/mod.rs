//! The options: [`ModelOptions`] open a model, [`RestoreOptions`] say how a picture is restored.
//!
//! The command's flags and the elements' properties are made from both; a test in each of them
//! compares the lists. What a preset means in steps is the sampler's business.

mod limits;
mod model_name;
mod model_options;
mod restore_options;
mod setters;

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

pub use crate::options::limits::Limits;
pub use crate::options::model_name::ModelName;
pub use crate::options::model_options::ModelOptions;
pub use crate::options::restore_options::RestoreOptions;

/// How much work to spend, and whether to aim for fidelity or for texture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Preset {
    /// One network call.
    #[default]
    Fast,
    /// The mean of several draws.
    Quality,
    /// One draw: sharper, less faithful.
    Sample,
    /// The published sampler with its published defaults.
    Paper,
}

/// Where networks run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Device {
    /// CUDA when it is there, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA device of this number.
    Cuda(usize),
}

/// The arithmetic of networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Precision {
    /// Eight bits where the network's file says how far its maps reach, bf16, or f32: the fastest on
    /// this machine, which is tried; f16 on CUDA cards from before
    /// Ampere, and for published networks on CUDA whose config asks for it.
    #[default]
    Auto,
    /// 32-bit floating point.
    F32,
    /// bfloat16 inside the network, f32 around it.
    Bf16,
    /// Eight bits in the blocks of a network on a CPU, in its one call, if its file says how far its
    /// maps reach; the rest, and all other networks, as `auto` has them.
    Int8,
}

/// What a stream makes of the frames before; of no effect on single pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Temporal {
    /// Every frame is computed by itself.
    Off,
    /// What has not changed since the last frame is not computed again: the same pixels as
    /// with `off`, sooner.
    #[default]
    Reuse,
    /// What stands still is known better with every frame: the levels that sensor noise moves
    /// are averaged. Other pixels than with `off`: steadier, nearer to the scene.
    Accumulate,
}

/// Implements `FromStr` and `Display` from one list of names.
macro_rules! named {
    ($type:ident, $what:literal, $($name:literal => $value:expr),+) => {
        impl FromStr for $type {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self> {
                match text {
                    $($name => Ok($value),)+
                    other => {
                        let names = format!("one of {}", [$($name),+].join(", "));
                        Err(Error::option($what, format_args!("{other:?}"), names))
                    }
                }
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                $(if *self == $value { return f.write_str($name); })+
                Ok(())
            }
        }
        impl $type {
            /// Every name that can be parsed.
            pub const NAMES: &'static [&'static str] = &[$($name),+];
        }
    };
}

named!(Preset, "preset", "fast" => Self::Fast, "quality" => Self::Quality,
       "sample" => Self::Sample, "paper" => Self::Paper);
named!(Temporal, "temporal", "off" => Self::Off, "reuse" => Self::Reuse,
       "accumulate" => Self::Accumulate);
named!(Precision, "precision", "auto" => Self::Auto, "f32" => Self::F32, "bf16" => Self::Bf16, "int8" => Self::Int8);

impl FromStr for Device {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let number = match text {
            "auto" => return Ok(Self::Auto),
            "cpu" => return Ok(Self::Cpu),
            "cuda" => Some(0),
            other => other.strip_prefix("cuda:").and_then(|n| n.parse().ok()),
        };
        number.map(Self::Cuda).ok_or_else(|| {
            let allowed = "auto, cpu, cuda or cuda:N";
            Error::option("device", format_args!("{text:?}"), allowed)
        })
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(n) => write!(f, "cuda:{n}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back() {
        for name in Preset::NAMES {
            assert_eq!(name.parse::<Preset>().unwrap().to_string(), *name);
        }
        for name in ["auto", "cpu", "cuda:0", "cuda:3"] {
            assert_eq!(name.parse::<Device>().unwrap().to_string(), name);
        }
        assert!("cuda:x".parse::<Device>().is_err());
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_there_are() {
        let message = "turbo".parse::<Preset>().unwrap_err().to_string();
        assert!(message.contains("fast, quality"), "{message}");
    }
}
