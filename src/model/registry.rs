//! The priors of our own, lean and nano: which of them a checkpoint is, and what they share.
//!
//! A checkpoint says it in its metadata. Called by `restore::model` and, for what the
//! families have in common, by `train`.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use tch::Kind;

use crate::contract::Denoiser;
use crate::error::{Error, Result};
use crate::model::calibration::Calibrated;
use crate::model::checkpoint;
use crate::model::lean;
use crate::model::lean::Lean;
use crate::model::nano;
use crate::model::nano::Nano;
use crate::options::Options;
use crate::runtime::conv_engine::Form;
use crate::runtime::conv_net::edm::Core;
use crate::runtime::tensors::TensorSource;
use crate::runtime::tensors::shapes::Shapes;
use crate::runtime::tensors::source::Weights;

/// The networks of our own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// A U-net of 5.6 M parameters, 184 kMAC a pixel.
    #[default]
    Lean,
    /// One scale, 23.8 kMAC a pixel.
    Nano,
}

impl FromStr for Family {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "lean" => Ok(Self::Lean),
            "nano" => Ok(Self::Nano),
            other => Err(Error::options(format!(
                "model kind {other:?}: must be lean or nano"
            ))),
        }
    }
}

impl Family {
    /// What a checkpoint's metadata say it is; lean when they say nothing.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] for another kind.
    pub fn of(metadata: &BTreeMap<String, String>) -> Result<Self> {
        match metadata.get("kind").map(String::as_str) {
            None | Some("lean") => Ok(Self::Lean),
            Some("nano") => Ok(Self::Nano),
            Some(other) => Err(Error::Checkpoint(format!(
                "kind = {other:?}: must be lean or nano"
            ))),
        }
    }

    /// The metadata of the one that ships.
    ///
    /// # Errors
    /// None in a build that passes its tests.
    pub fn metadata(self) -> Result<BTreeMap<String, String>> {
        match self {
            Self::Lean => Ok(lean::embedded_checkpoint()?.metadata().clone()),
            Self::Nano => Ok(nano::embedded_checkpoint()?.metadata().clone()),
        }
    }
}

/// Names and shapes of the tensors of the network that `metadata` describe.
///
/// # Errors
/// [`Error::Checkpoint`] when they describe none.
pub fn shapes(metadata: &BTreeMap<String, String>) -> Result<Shapes> {
    match Family::of(metadata)? {
        Family::Lean => lean::shapes(metadata),
        Family::Nano => nano::shapes(metadata),
    }
}

/// F of `weights`, which may be changing, in the arithmetic `kind`.
///
/// # Errors
/// [`Error::Checkpoint`] when `metadata` describe no network of ours.
pub fn core(
    metadata: &BTreeMap<String, String>,
    weights: &mut dyn Weights,
    kind: Kind,
) -> Result<Box<dyn Core>> {
    match Family::of(metadata)? {
        Family::Lean => lean::core(metadata, weights, kind),
        Family::Nano => nano::core(metadata, weights, kind),
    }
}

/// The prior in the checkpoint `path`, whichever of ours it is.
///
/// # Errors
/// [`Error::Io`] and [`Error::Checkpoint`] for the file, [`Error::Options`] for a device that is
/// not there, or backend failures.
pub fn open(path: &Path, options: &Options) -> Result<Arc<dyn Denoiser>> {
    let source = checkpoint::open(path)?;
    let metadata = source.metadata().clone();
    let prior: Arc<dyn Denoiser> = match Family::of(&metadata)? {
        Family::Lean => Arc::new(Lean::load(source, options, Form::Fast)?),
        Family::Nano => Arc::new(Nano::load(source, options, Form::Fast)?),
    };
    Calibrated::wrap(prior, &metadata)
}

/// The prior of `family` that is built in.
///
/// # Errors
/// [`Error::Options`] for a device that is not there, or backend failures.
pub fn embedded(family: Family, options: &Options) -> Result<Arc<dyn Denoiser>> {
    let prior: Arc<dyn Denoiser> = match family {
        Family::Lean => Arc::new(Lean::embedded(options, Form::Fast)?),
        Family::Nano => Arc::new(Nano::embedded(options, Form::Fast)?),
    };
    Calibrated::wrap(prior, &family.metadata()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_their_metadata() {
        let of = |kind: &str| Family::of(&[("kind".to_owned(), kind.to_owned())].into());
        assert_eq!(of("nano").unwrap(), Family::Nano);
        assert_eq!(Family::of(&BTreeMap::new()).unwrap(), Family::Lean);
        assert!(of("huge").unwrap_err().to_string().contains("\"huge\""));
    }
}
