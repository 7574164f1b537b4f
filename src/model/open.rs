//! Opens the prior that the options name: by name, from a checkpoint, or from a published
//! config with the checkpoints that belong to it.
//!
//! Without torch, published networks and CUDA are opened in another process (`remote`).

use std::path::Path;
use std::sync::Arc;

use crate::contract::Denoiser;
use crate::error::{Error, Result};
use crate::model::config::{Config, NetworkConfig};
use crate::model::identity::Identity;
use crate::model::published::places;
use crate::model::registry;
use crate::model::registry::Own;
#[cfg(not(feature = "torch"))]
use crate::model::remote;
use crate::options::ModelOptions;
use crate::runtime::conv_engine::Form;

#[cfg(feature = "torch")]
pub use crate::model::published::opened::{Opened, open_config, open_under};
pub use crate::model::published::read_config;

/// The prior that `options.model`, `options.config` and `options.class` name.
///
/// `identity`; the name of a network of our own, embedded; the path of a config (`.yml`), whose
/// checkpoints are found as the published program finds them; or the path of a checkpoint: of the
/// network that `options.config` describes, or of a prior of this project when that is not given.
/// Without a model, what `options.config` describes, or the default.
///
/// # Errors
/// [`Error::Io`] and [`Error::Checkpoint`] for a file, [`Error::Options`] for a config, a class
/// or a device that does not fit; in a build without torch [`Error::Unsupported`] where the program
/// that has libtorch is needed and not found, and [`Error::Backend`] where it fails.
pub fn open(options: &ModelOptions) -> Result<Arc<dyn Denoiser>> {
    if let (Some(name), Some(config)) = (options.model.given(), &options.config)
        && is_built_in(name)
    {
        return Err(Error::options(format!(
            "model = {name:?} and config = {config:?}: a built-in model has no config; leave out \
             the model, or give the checkpoint that the config describes"
        )));
    }
    match options.model.as_str() {
        IDENTITY => Ok(Arc::new(Identity)),
        _ => learned(options),
    }
}

/// The name of the prior without a network.
const IDENTITY: &str = "identity";

fn is_built_in(name: &str) -> bool {
    name == IDENTITY || registry::find(name).is_some()
}

/// Sees to it that the process, when it ends, waits for what is being computed. Opening a model does
/// so too; who opens one on a thread of its own calls this before, on the thread that may end the
/// process. Takes some milliseconds once.
pub fn prepare() {
    #[cfg(feature = "torch")]
    crate::model::prepare();
}

/// Of a network: one of our own, or what a config describes.
fn learned(options: &ModelOptions) -> Result<Arc<dyn Denoiser>> {
    match (options.model.given(), options.config.as_deref()) {
        (Some(name), None) if is_config(name) => described(options),
        (_, Some(_)) => described(options),
        (_, None) => own(options),
    }
}

fn is_config(name: &str) -> bool {
    name.ends_with(".yml") || name.ends_with(".yaml")
}

/// One of our own, by its name or the path of its checkpoint.
fn own(options: &ModelOptions) -> Result<Arc<dyn Denoiser>> {
    refuse_class(options)?;
    let name = options.model.as_str();
    match registry::find(name) {
        Some(own) => own.embedded(options, Form::Fast),
        None => Own::open(Path::new(name), options),
    }
}

fn refuse_class(options: &ModelOptions) -> Result<()> {
    match options.class {
        None => Ok(()),
        Some(class) => Err(Error::options(format!(
            "class {class} given to a model that knows no classes"
        ))),
    }
}

/// What a config describes, with the checkpoints that belong to it.
fn described(options: &ModelOptions) -> Result<Arc<dyn Denoiser>> {
    let (config, weights) = match (options.model.given(), options.config.as_deref()) {
        (Some(name), Some(config)) if is_config(name) => {
            return Err(Error::options(format!(
                "config = {config:?}: model = {name:?} is a config already"
            )));
        }
        (weights, Some(config)) => (config, weights.map(Path::new)),
        (_, None) => (options.model.as_str(), None),
    };
    let config = read_config(config)?;
    match config.network()? {
        NetworkConfig::Own(own) => {
            refuse_class(options)?;
            match weights {
                Some(path) => Own::open(path, options),
                None => own.embedded(options, Form::Fast),
            }
        }
        NetworkConfig::Adm(_) | NetworkConfig::Ddpm(_) => published(&config, weights, options),
    }
}

/// A published network, from `weights` with the classifier in the same folder, or from the places of
/// the published program under `exp/`.
#[cfg(feature = "torch")]
fn published(
    config: &Config,
    weights: Option<&Path>,
    options: &ModelOptions,
) -> Result<Arc<dyn Denoiser>> {
    let opened = match weights {
        None => open_under(config, Path::new(places::EXP), options)?,
        Some(weights) => {
            let classifier = places::classifier_beside(config, weights)?;
            open_config(config, weights, classifier.as_deref(), options)?
        }
    };
    opened.denoiser(options.class.map(|class| class as i64))
}

/// The same, by the process that has libtorch; a checkpoint that is missing is an error before that
/// is looked for.
#[cfg(not(feature = "torch"))]
fn published(
    config: &Config,
    weights: Option<&Path>,
    options: &ModelOptions,
) -> Result<Arc<dyn Denoiser>> {
    match weights {
        None => places::locate(config, Path::new(places::EXP)).map(drop)?,
        Some(weights) => places::classifier_beside(config, weights).map(drop)?,
    }
    remote::open("published networks", options)
}
