//! Priors of published configs: their texts, the places of their checkpoints, and, with libtorch,
//! denoisers made of both.

#[cfg(feature = "torch")]
pub mod epsilon;
#[cfg(feature = "torch")]
pub mod open_network;
#[cfg(feature = "torch")]
pub mod opened;
pub mod places;
pub mod timesteps;

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::model::config;
use crate::model::config::Config;

/// Reads the config `name`: a path, the name of a file in `configs/` of the working directory, or
/// the name of a built-in one.
///
/// # Errors
/// [`Error::Io`] if there is none of these, and those of [`Config::parse`].
pub fn read_config(name: &str) -> Result<Config> {
    let places = [PathBuf::from(name), Path::new("configs").join(name)];
    let path = places.iter().find(|path| path.is_file());
    let text = match (path, config::shipped::text(name)) {
        (Some(path), _) => std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?,
        (None, Some(text)) => text.to_owned(),
        (None, None) => {
            let missing = std::io::ErrorKind::NotFound;
            return Err(Error::io(&places[1], missing.into()));
        }
    };
    Config::parse(&text, name)
}
