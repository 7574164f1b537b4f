//! Opens the prior that the options name: by name, from a checkpoint, or from a published
//! config with the checkpoints that belong to it.
//!
//! Without torch there is only `identity`. `weights` knows where checkpoints lie.

use std::sync::Arc;

use crate::contract::Denoiser;
use crate::error::{Error, Result};
use crate::model::identity::Identity;
use crate::options::Options;

#[cfg(feature = "torch")]
use crate::model::published;
#[cfg(feature = "torch")]
pub use crate::model::published::{Opened, open_config, open_under, read_config};

/// The prior that `options.model`, `options.config` and `options.class` name.
///
/// `identity`; `lean` and `nano`, embedded; the path of a config (`.yml`), whose checkpoints
/// are found as the published program finds them; or the path of a checkpoint: of the network
/// that `options.config` describes, or of a prior of this project when that is not given.
///
/// # Errors
/// [`Error::Io`] and [`Error::Checkpoint`] for a file, [`Error::Options`] for a config, a class
/// or a device, [`Error::Unsupported`] in a build without torch.
pub fn open(options: &Options) -> Result<Arc<dyn Denoiser>> {
    match (options.model.as_str(), &options.config) {
        ("identity", None) => Ok(Arc::new(Identity)),
        (name @ ("identity" | "nano"), Some(config)) => Err(Error::options(format!(
            "config = {config:?}: the model {name} has none"
        ))),
        _ => learned(options),
    }
}

/// Sees to it that the process, when it ends, waits for what is being computed. Opening a model does
/// so too; who opens one on a thread of its own calls this before, on the thread that may end the
/// process. Takes some milliseconds once.
pub fn prepare() {
    #[cfg(feature = "torch")]
    crate::model::prepare();
}

#[cfg(feature = "torch")]
fn learned(options: &Options) -> Result<Arc<dyn Denoiser>> {
    use crate::model::registry;
    use std::path::Path;

    let is_config = |name: &str| name.ends_with(".yml") || name.ends_with(".yaml");
    let opened = match (options.model.as_str(), options.config.as_deref()) {
        ("lean", None) => Opened::Own(registry::embedded(registry::Family::Lean, options)?),
        ("nano", None) => Opened::Own(registry::embedded(registry::Family::Nano, options)?),
        (name, Some(config)) if is_config(name) => {
            return Err(Error::options(format!(
                "config = {config:?}: model = {name:?} is a config already"
            )));
        }
        ("lean", Some(config)) => published::located(config, options)?,
        (name, None) if is_config(name) => published::located(name, options)?,
        (path, Some(config)) => published::given(config, Path::new(path), options)?,
        (path, None) => Opened::Own(registry::open(Path::new(path), options)?),
    };
    opened.denoiser(options.class.map(|class| class as i64))
}

#[cfg(not(feature = "torch"))]
fn learned(options: &Options) -> Result<Arc<dyn Denoiser>> {
    Err(Error::Unsupported(format!(
        "model = {:?}: this build has no torch, only the model identity",
        options.model
    )))
}
