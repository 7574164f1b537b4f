//! The options of a restoration: one struct, its defaults and its limits.
//!
//! The command's flags and the elements' properties are made from it; a test in each of
//! them compares the lists. What a preset means in steps is the sampler's business.

mod limits;
mod model_name;
mod setters;

use std::fmt;
use std::str::FromStr;

use crate::assumed_quality::AssumedQuality;
use crate::degradation::Degradation;
use crate::error::{Error, Result};

pub use crate::options::limits::Limits;
pub use crate::options::model_name::ModelName;

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
    /// bf16 where the hardware is faster in it, which is tried, else f32; f16 on CUDA cards from before
    /// Ampere, and for published networks on CUDA whose config asks for it.
    #[default]
    Auto,
    /// 32-bit floating point.
    F32,
    /// bfloat16 inside the network, f32 around it.
    Bf16,
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

/// What can be asked of a restoration.
///
/// Made from the defaults, by its setters or by assignment to its fields:
///
/// ```
/// use ddrmjpeg::{Options, Preset};
///
/// let options = Options::default().with_preset(Preset::Quality).with_samples(Some(4));
/// options.validate()?;
/// # Ok::<(), ddrmjpeg::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// What the pictures suffered; frames are always taken for decoded JPEG unless it says
    /// levels. Default: `jpeg`.
    pub degradation: Degradation,
    /// How much work to spend. Default: `fast`.
    pub preset: Preset,
    /// 0 gives the decoded JPEG, 1 the full restoration; between, a blend. Default: 1.
    pub strength: f64,
    /// Hold every coefficient so far inside its cell that the output re-encodes to the
    /// file's own levels. Default: false.
    pub strict: bool,
    /// Hand on as decoded what was quantised so little that restoring it would do harm.
    /// Default: true.
    pub identity_gate: bool,
    /// What the damage is taken for where the picture may have been saved before. Default: auto.
    pub assume_quality: AssumedQuality,
    /// Same seed, same pixels. Default: 1234.
    pub seed: u64,
    /// `lean` or `nano` (both embedded; nano is the small one, for moving pictures),
    /// `identity`, the path of a config (`.yml`) whose checkpoints lie where the published
    /// program has them, or the path of a checkpoint. Not given: what `config` describes, or `lean`.
    pub model: ModelName,
    /// The published config that describes the checkpoint `model`, or, where no model is given, the
    /// model to open; `None`: one of this project's own. A built-in model has none.
    pub config: Option<String>,
    /// The class that a class-conditional model is told, 0..=999_999; `None` for all others.
    pub class: Option<usize>,
    /// Where the network runs. Default: auto.
    pub device: Device,
    /// Arithmetic of the network. Default: auto.
    pub precision: Precision,
    /// Denoising steps, 1..=1000; `None`: the preset's.
    pub steps: Option<usize>,
    /// Draws to average, 1..=64; `None`: the preset's.
    pub samples: Option<usize>,
    /// η of the preset `paper`: the share of fresh noise, 0..=1. Default: 1, as published.
    pub eta: f64,
    /// η_b of the preset `paper`: the share of the measurement step, 0..=1. Default: 0.4, as
    /// published.
    pub eta_b: f64,
    /// Timestep at which the preset `paper` begins, 1..=1000. Default: 300, as published.
    pub init_timestep: usize,
    /// What a stream makes of the frames before. Default: `reuse`.
    pub temporal: Temporal,
    /// Side of a tile in pixels, 64..=16384; 0: chosen from the size of the picture.
    pub tile_size: usize,
    /// CPU threads, up to 1024; 0: all.
    pub threads: usize,
    /// Most tiles, windows and frames of one size in one network call, whichever pictures and
    /// elements they come from, up to 64 and to 8 megapixels together (4 of the published networks);
    /// 0: 1 on a CPU, where nothing is gained by it, and 8 on CUDA. A setting of the opened model. Default: 0.
    pub max_batch: usize,
    /// How long in milliseconds one of them waits for others to join it, 0..=1000, while fewer
    /// than `max_batch` are there and more could come. A setting of the opened model. Default: 2.
    pub max_delay_ms: f64,
    /// Upper limits on the input.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            degradation: Degradation::Jpeg,
            preset: Preset::Fast,
            strength: 1.0,
            strict: false,
            identity_gate: true,
            assume_quality: AssumedQuality::Auto,
            seed: 1234,
            model: ModelName::default(),
            config: None,
            class: None,
            device: Device::Auto,
            precision: Precision::Auto,
            steps: None,
            samples: None,
            eta: 1.0,
            eta_b: 0.4,
            init_timestep: 300,
            temporal: Temporal::Reuse,
            tile_size: 0,
            threads: 0,
            max_batch: 0,
            max_delay_ms: 2.0,
            limits: Limits::default(),
        }
    }
}

impl Options {
    /// Checks every field against its range.
    ///
    /// # Errors
    /// [`Error::Options`] naming the first field that is out of range, its value and the limit.
    pub fn validate(&self) -> Result<()> {
        let outside =
            |name: &str, value: String, range: &str| Err(Error::option(name, value, range));
        let shares = [
            ("strength", self.strength),
            ("eta", self.eta),
            ("eta-b", self.eta_b),
        ];
        for (name, share) in shares {
            if !(0.0..=1.0).contains(&share) {
                return outside(name, share.to_string(), "in 0..1");
            }
        }
        if let Some(steps) = self.steps.filter(|n| !(1..=1000).contains(n)) {
            return outside("steps", steps.to_string(), "in 1..1000");
        }
        if let Some(samples) = self.samples.filter(|n| !(1..=64).contains(n)) {
            return outside("samples", samples.to_string(), "in 1..64");
        }
        if !(1..=1000).contains(&self.init_timestep) {
            let value = self.init_timestep.to_string();
            return outside("init-timestep", value, "in 1..1000");
        }
        if let Some(class) = self.class.filter(|&class| class > 999_999) {
            return outside("class", class.to_string(), "in 0..999999");
        }
        if self.tile_size != 0 && !(64..=16_384).contains(&self.tile_size) {
            return outside("tile-size", self.tile_size.to_string(), "0 or 64..16384");
        }
        if self.threads > 1024 {
            return outside("threads", self.threads.to_string(), "at most 1024");
        }
        if self.max_batch > 64 {
            return outside("max-batch", self.max_batch.to_string(), "at most 64");
        }
        if !(0.0..=1000.0).contains(&self.max_delay_ms) {
            let value = self.max_delay_ms.to_string();
            return outside("max-delay", value, "in 0..1000 milliseconds");
        }
        if self.model.as_str().is_empty() {
            return outside("model", "\"\"".into(), "a name or a path");
        }
        if self.config.as_ref().is_some_and(String::is_empty) {
            return outside("config", "\"\"".into(), "a path");
        }
        Ok(())
    }
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
named!(Precision, "precision", "auto" => Self::Auto, "f32" => Self::F32, "bf16" => Self::Bf16);

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
    fn defaults_are_valid() {
        Options::default().validate().unwrap();
    }

    #[test]
    fn errors_name_the_option_the_value_and_the_limit() {
        let options = Options {
            strength: 1.5,
            ..Options::default()
        };
        let message = options.validate().unwrap_err().to_string();
        assert_eq!(message, "bad option: strength = 1.5: must be in 0..1");
        let [many, late] = [(65, 2.0), (0, f64::NAN)].map(|(max_batch, max_delay_ms)| {
            let options = Options {
                max_batch,
                max_delay_ms,
                ..Options::default()
            };
            options.validate().unwrap_err().to_string()
        });
        assert_eq!(many, "bad option: max-batch = 65: must be at most 64");
        assert!(late.contains("max-delay = NaN: must be in 0..1000"));
        assert!(
            "turbo"
                .parse::<Preset>()
                .unwrap_err()
                .to_string()
                .contains("fast, quality")
        );
    }

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
}
