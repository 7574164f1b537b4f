//! What is assumed of the damage that a picture had before its last save.
//!
//! A picture from the web was often saved before, coarser, on another grid or at another size.
//! Its last save is then all that a file says, and the least of what it suffered. Only the choice
//! and its names are here; `restore::solve` acts on it.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// What the damage is taken for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AssumedQuality {
    /// That of the last save, unless the levels show an earlier, coarser one on the same grid, or
    /// the pixels one on another grid: the picture was cut or scaled in between.
    #[default]
    Auto,
    /// That of the last save.
    Off,
    /// That of a save at this libjpeg quality, 1..=100, at some time before the last. The answer
    /// is not held to the last save's levels.
    Quality(u8),
}

impl FromStr for AssumedQuality {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match (text, text.parse()) {
            ("auto", _) => Ok(Self::Auto),
            ("off", _) => Ok(Self::Off),
            (_, Ok(quality @ 1..=100)) => Ok(Self::Quality(quality)),
            _ => Err(Error::option(
                "assume-quality",
                format_args!("{text:?}"),
                "auto, off or a quality of 1..100",
            )),
        }
    }
}

impl fmt::Display for AssumedQuality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Off => f.write_str("off"),
            Self::Quality(quality) => quality.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back() {
        for name in ["auto", "off", "1", "20", "100"] {
            assert_eq!(name.parse::<AssumedQuality>().unwrap().to_string(), name);
        }
        for name in ["0", "101", "best", "", "-3"] {
            let message = name.parse::<AssumedQuality>().unwrap_err().to_string();
            assert!(
                message.contains("auto, off or a quality of 1..100"),
                "{message}"
            );
            assert!(message.contains(&format!("{name:?}")), "{message}");
        }
    }
}
