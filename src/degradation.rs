//! What was done to a picture before it came here: JPEG, or too few levels per channel.
//!
//! Only the name and its parameter; `jpeg` and `quant` know what they mean. The command's
//! `--degradation` and the element's property of that name are made from it.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// What a picture suffered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Degradation {
    /// JPEG compression, with the file's own tables.
    #[default]
    Jpeg,
    /// Uniform levels: only so many bits of each channel were kept.
    Quant(Bits),
}

/// Bits per channel that were kept, 2..=8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits(u8);

impl Bits {
    /// The published case: 8 levels, 32 apart.
    pub const PUBLISHED: Self = Self(3);

    /// `bits` per channel.
    ///
    /// # Errors
    /// [`Error::Options`] outside 2..=8.
    pub fn new(bits: u8) -> Result<Self> {
        match bits {
            2..=8 => Ok(Self(bits)),
            _ => Err(Error::option("bits per channel", bits, "in 2..8")),
        }
    }

    /// How many they are.
    pub fn get(self) -> u8 {
        self.0
    }

    /// 8-bit values that share a level: 2^(8 − bits).
    pub fn step(self) -> u8 {
        1 << (8 - self.0)
    }
}

impl FromStr for Degradation {
    type Err = Error;

    /// `jpeg`, `quant=Nbit`, or the published `quant`, which is 3 bits.
    fn from_str(text: &str) -> Result<Self> {
        let bits = match text {
            "jpeg" => return Ok(Self::Jpeg),
            "quant" => return Ok(Self::Quant(Bits::PUBLISHED)),
            other => other
                .strip_prefix("quant=")
                .and_then(|rest| rest.strip_suffix("bit"))
                .and_then(|number| number.parse().ok()),
        };
        let wrong = || {
            let allowed = "jpeg or quant=Nbit, N in 2..8";
            Error::option("degradation", format_args!("{text:?}"), allowed)
        };
        let bits = Bits::new(bits.ok_or_else(wrong)?).map_err(|_| wrong())?;
        Ok(Self::Quant(bits))
    }
}

impl fmt::Display for Degradation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jpeg => f.write_str("jpeg"),
            Self::Quant(bits) => write!(f, "quant={}bit", bits.get()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back() {
        for name in ["jpeg", "quant=2bit", "quant=3bit", "quant=8bit"] {
            assert_eq!(name.parse::<Degradation>().unwrap().to_string(), name);
        }
        let published: Degradation = "quant".parse().unwrap();
        assert_eq!(published.to_string(), "quant=3bit");
        assert_eq!(Bits::PUBLISHED.step(), 32);
    }

    #[test]
    fn errors_name_the_value_and_the_limit() {
        for name in [
            "",
            "quant=1bit",
            "quant=9bit",
            "quant=3",
            "quant=bit",
            "png",
        ] {
            let message = name.parse::<Degradation>().unwrap_err().to_string();
            assert!(message.contains("quant=Nbit, N in 2..8"), "{message}");
            assert!(message.contains(&format!("{name:?}")), "{message}");
        }
    }
}
