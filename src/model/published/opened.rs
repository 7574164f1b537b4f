//! From a published config, and the place of its checkpoints, to denoisers that share one network.
//!
//! The only place that combines a config's noise schedule with its network. Called by `model::open`
//! and, for labelled sets of pictures, by the command.

use std::path::Path;
use std::sync::Arc;

use crate::contract::Denoiser;
use crate::error::{Error, Result};
use crate::model::config::{BetaSchedule as Named, Config, Diffusion, NetworkConfig};
use crate::model::published::epsilon::EpsilonDenoiser;
use crate::model::published::timesteps::Timesteps;
use crate::model::published::{open_network, places};
use crate::model::registry::Own;
use crate::options::ModelOptions;
use crate::runtime::conv_engine::Form;
use crate::sampler::schedule;
use crate::sampler::schedule::BetaSchedule;

/// A prior in memory. Networks are shared by all denoisers made from it.
#[derive(Clone)]
pub enum Opened {
    /// One of this project's own.
    Own(Arc<dyn Denoiser>),
    /// One of the published families, without a class yet.
    Epsilon(EpsilonDenoiser),
}

impl Opened {
    /// The number of its classes, of which one must be chosen; `None` for an unconditional model.
    pub fn classes(&self) -> Option<i64> {
        match self {
            Self::Own(_) => None,
            Self::Epsilon(denoiser) => denoiser.classes(),
        }
    }

    /// The denoiser for pictures of `class`: one per picture of a labelled set.
    ///
    /// # Errors
    /// [`Error::Options`] if a class is missing, superfluous or out of range.
    pub fn denoiser(&self, class: Option<i64>) -> Result<Arc<dyn Denoiser>> {
        match (self, class) {
            (Self::Own(own), None) => Ok(Arc::clone(own)),
            (Self::Own(_), Some(class)) => Err(Error::options(format!(
                "class {class} given to a model that knows no classes"
            ))),
            (Self::Epsilon(denoiser), class) => Ok(Arc::new(denoiser.told(class)?)),
        }
    }
}

/// Opens the network of `config` from `weights`, and its classifier from `classifier`, which must
/// be given if the config uses guidance.
///
/// # Errors
/// [`Error::Options`] for the config or the device, [`Error::Io`] and
/// [`Error::Checkpoint`] for the files.
pub fn open_config(
    config: &Config,
    weights: &Path,
    classifier: Option<&Path>,
    options: &ModelOptions,
) -> Result<Opened> {
    if matches!(config.network()?, NetworkConfig::Own(_)) {
        return Ok(Opened::Own(Own::open(weights, options)?));
    }
    let timesteps = Timesteps::new(&alpha_bar(&config.diffusion))?;
    let denoiser = open_network::open(config, weights, classifier, timesteps, options)?;
    Ok(Opened::Epsilon(denoiser))
}

/// The prior of `config` with its checkpoints in the places of the published program under `exp`;
/// the embedded one for a config of this project's own networks.
///
/// # Errors
/// Those of [`places::locate`] and [`open_config`].
pub fn open_under(config: &Config, exp: &Path, options: &ModelOptions) -> Result<Opened> {
    if let NetworkConfig::Own(own) = config.network()? {
        return Ok(Opened::Own(own.embedded(options, Form::Fast)?));
    }
    let files = places::locate(config, exp)?;
    let classifier = files.classifier.as_deref();
    open_config(config, &files.weights, classifier, options)
}

/// ᾱ by timestep of the forward process that a config describes.
fn alpha_bar(diffusion: &Diffusion) -> Vec<f64> {
    let shape = match diffusion.beta_schedule {
        Named::Linear => BetaSchedule::Linear,
        Named::Quad => BetaSchedule::Quad,
        Named::Const => BetaSchedule::Const,
        Named::Jsd => BetaSchedule::Jsd,
        Named::Sigmoid => BetaSchedule::Sigmoid,
    };
    schedule::alpha_bar(&schedule::betas(
        shape,
        diffusion.beta_start,
        diffusion.beta_end,
        diffusion.num_diffusion_timesteps,
    ))
}
