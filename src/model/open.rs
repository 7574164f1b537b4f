//! Opens the prior that the options name: by name, from a checkpoint, or from a published
//! config with the checkpoints that belong to it.
//!
//! Without torch there is only `identity`. `weights` knows where checkpoints lie.

use std::path::Path;
use std::sync::Arc;

use crate::contract::Denoiser;
use crate::error::{Error, Result};
use crate::model::identity::Identity;
use crate::model::registry;
use crate::options::ModelOptions;

#[cfg(feature = "torch")]
use crate::model::published;
#[cfg(feature = "torch")]
pub use crate::model::published::{Opened, open_config, open_under, read_config};
use crate::model::registry::Own;
use crate::runtime::conv_engine::Form;

/// The prior that `options.model`, `options.config` and `options.class` name.
///
/// `identity`; the name of a network of our own, embedded; the path of a config (`.yml`), whose
/// checkpoints are found as the published program finds them; or the path of a checkpoint: of the
/// network that `options.config` describes, or of a prior of this project when that is not given.
/// Without a model, what `options.config` describes, or the default.
///
/// # Errors
/// [`Error::Io`] and [`Error::Checkpoint`] for a file, [`Error::Options`] for a config, a class
/// or a device that does not fit, [`Error::Unsupported`] for a network in a build without torch.
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
    if let Some(class) = options.class {
        return Err(Error::options(format!(
            "class {class} given to a model that knows no classes"
        )));
    }
    let name = options.model.as_str();
    match registry::find(name) {
        Some(own) => own.embedded(options, Form::Fast),
        None => Own::open(Path::new(name), options),
    }
}

/// What a config describes, with the checkpoints that belong to it.
#[cfg(feature = "torch")]
fn described(options: &ModelOptions) -> Result<Arc<dyn Denoiser>> {
    let opened = match (options.model.given(), options.config.as_deref()) {
        (Some(name), Some(config)) if is_config(name) => {
            return Err(Error::options(format!(
                "config = {config:?}: model = {name:?} is a config already"
            )));
        }
        (None, Some(config)) => published::located(config, options)?,
        (Some(path), Some(config)) => published::given(config, Path::new(path), options)?,
        (_, None) => published::located(options.model.as_str(), options)?,
    };
    opened.denoiser(options.class.map(|class| class as i64))
}

#[cfg(not(feature = "torch"))]
fn described(options: &ModelOptions) -> Result<Arc<dyn Denoiser>> {
    let config = options.config.as_deref().unwrap_or(options.model.as_str());
    Err(Error::Unsupported(format!(
        "config = {config:?}: this build has no libtorch, which runs published networks"
    )))
}
