//! The one error type, sorted by whose fault it is.
//!
//! Every message names the thing, its value and, where there is one, the limit.
//! Faces (command, elements) map the variants to exit statuses and bus errors;
//! nothing below them prints.

use std::fmt;
use std::path::PathBuf;

/// What went wrong, by whose fault it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes or pixels handed in are broken.
    #[error("bad input: {0}")]
    Input(String),
    /// The input is sound, but of a kind this library does not handle.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// An option is out of its range, or two options contradict each other.
    #[error("bad option: {0}")]
    Options(OptionError),
    /// A model file is not one, is damaged, or does not fit its network.
    #[error("bad model: {0}")]
    Checkpoint(String),
    /// The input is larger than the limits in force.
    #[error("over the limit: {0}")]
    Limits(String),
    /// libtorch or the device failed.
    #[error("backend failed: {0}")]
    Backend(String),
    /// Reading or writing a file failed.
    #[error("{path}: {source}")]
    Io {
        /// The file, as the caller named it.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

/// Result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What is wrong with an option, as [`Error::Options`] holds it.
///
/// Where one value is out of its range, name, value and range can be asked for:
///
/// ```
/// use ddrmjpeg::{Error, RestoreOptions};
///
/// let Err(Error::Options(wrong)) = RestoreOptions::default().with_strength(1.5).validate() else {
///     panic!("1.5 is out of range");
/// };
/// assert_eq!(wrong.name(), Some("strength"));
/// assert_eq!(wrong.value(), Some("1.5"));
/// assert_eq!(wrong.allowed(), Some("in 0..1"));
/// assert_eq!(wrong.to_string(), "strength = 1.5: must be in 0..1");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionError(Fault);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    /// One value is not allowed.
    Range {
        name: String,
        value: String,
        allowed: String,
    },
    /// Anything else, in a sentence.
    Other(String),
}

impl OptionError {
    /// The option `name` has a `value` other than `allowed`, which reads on from "must be".
    pub fn new(
        name: impl Into<String>,
        value: impl fmt::Display,
        allowed: impl Into<String>,
    ) -> Self {
        Self(Fault::Range {
            name: name.into(),
            value: value.to_string(),
            allowed: allowed.into(),
        })
    }

    /// The option as the command spells it, such as `tile-size`; `None` where the fault is not one
    /// value's, such as two options that contradict each other.
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            Fault::Range { name, .. } => Some(name),
            Fault::Other(_) => None,
        }
    }

    /// The value it has, as messages show it; `None` as for [`Self::name`].
    pub fn value(&self) -> Option<&str> {
        match &self.0 {
            Fault::Range { value, .. } => Some(value),
            Fault::Other(_) => None,
        }
    }

    /// What it may be, such as `in 0..1`; `None` as for [`Self::name`].
    pub fn allowed(&self) -> Option<&str> {
        match &self.0 {
            Fault::Range { allowed, .. } => Some(allowed),
            Fault::Other(_) => None,
        }
    }
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Fault::Range {
                name,
                value,
                allowed,
            } => write!(f, "{name} = {value}: must be {allowed}"),
            Fault::Other(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for OptionError {}

impl From<String> for OptionError {
    /// A fault that is not one value's.
    fn from(message: String) -> Self {
        Self(Fault::Other(message))
    }
}

impl Error {
    /// An [`Error::Options`] for a fault that is not one value's.
    pub fn options(message: String) -> Self {
        Self::Options(message.into())
    }

    /// An [`Error::Options`] for a value out of its range; see [`OptionError::new`].
    pub fn option(
        name: impl Into<String>,
        value: impl fmt::Display,
        allowed: impl Into<String>,
    ) -> Self {
        Self::Options(OptionError::new(name, value, allowed))
    }

    /// An [`Error::Io`] for `path`.
    pub fn io(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::Io {
            path: path.into(),
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_named_with_value_and_range() {
        let error = Error::option("steps", 0, "in 1..1000");
        assert_eq!(
            error.to_string(),
            "bad option: steps = 0: must be in 1..1000"
        );
        let Error::Options(wrong) = error else {
            panic!("another kind")
        };
        let parts = (wrong.name(), wrong.value(), wrong.allowed());
        assert_eq!(parts, (Some("steps"), Some("0"), Some("in 1..1000")));
        let both = OptionError::from("these two contradict each other".to_owned());
        assert_eq!(
            (both.name(), both.value(), both.allowed()),
            (None, None, None)
        );
        assert_eq!(both.to_string(), "these two contradict each other");
    }
}
