//! Makes a denoiser from a published config and its checkpoints, on its device's thread.
//!
//! It knows neither folders nor schedules: the caller says where the files are, and which noise
//! levels the timesteps mean. Called by the parent module.

use std::path::Path;

use tch::{Device, Kind};

use crate::error::{Error, Result};
use crate::model::adm::{AdmUNet, Classifier, ClassifierConfig};
use crate::model::checkpoint;
use crate::model::config::{Config, NetworkConfig};
use crate::model::ddpm::DdpmUNet;
use crate::model::published::epsilon::{EpsilonDenoiser, EpsilonNetwork, EpsilonParts, Guidance};
use crate::model::published::timesteps::Timesteps;
use crate::options::{ModelOptions, Precision};
use crate::runtime::backend;
use crate::runtime::native::trial;
use crate::runtime::tensors::TensorSource;
use crate::runtime::tensors::load::Loader;
use crate::runtime::worker::Worker;

/// Opens the ε-network of `config` from `weights`, guided by `classifier` if the config has one.
/// Class-conditional models are returned without a class: see [`EpsilonDenoiser::told`].
///
/// # Errors
/// [`Error::Options`] for a config without an ε-network, a classifier without weights or a missing
/// device; [`Error::Io`] and [`Error::Checkpoint`] for the files.
pub fn open(
    config: &Config,
    weights: &Path,
    classifier: Option<&Path>,
    timesteps: Timesteps,
    options: &ModelOptions,
) -> Result<EpsilonDenoiser> {
    let device = backend::device(options.device)?;
    let worker = Worker::of(device, options.threads)?;
    let half = config.model.use_fp16.unwrap_or(false);
    let precision = options.precision;
    let wanted = worker.call(|| Ok(arithmetic(precision, half, device)))?;
    let (kind, caution) = tried(wanted, device, &worker)?;
    let precision = match caution {
        Some(_) => Precision::F32,
        None => options.precision,
    };
    let network = Stored {
        source: checkpoint::open(weights)?,
        device,
        kind,
    };
    let guide = guide(config, classifier, (device, &worker), precision)?;
    let shape = config.network()?;
    let denoiser = EpsilonDenoiser::build(worker, move || {
        Ok(EpsilonParts {
            network: network.load(|loader| load(&shape, loader))?,
            guidance: guide.map(Guide::load).transpose()?,
            class: None,
            timesteps,
            device,
        })
    })?;
    let name = weights.display().to_string();
    Ok(denoiser.joining(options, device).described(name, caution))
}

/// `wanted` if this machine computes it correctly, otherwise f32 and the reason.
fn tried(wanted: Kind, device: Device, worker: &Worker) -> Result<(Kind, Option<String>)> {
    if wanted != Kind::BFloat16 || device != Device::Cpu {
        return Ok((wanted, None));
    }
    Ok(match worker.call(|| Ok(trial::fault()))? {
        None => (wanted, None),
        Some(why) => (Kind::Float, Some(format!("bf16 is not used: {why}"))),
    })
}

fn load(shape: &NetworkConfig, loader: &mut Loader) -> Result<Box<dyn EpsilonNetwork>> {
    match shape {
        NetworkConfig::Adm(config) => Ok(Box::new(AdmUNet::load(config, loader)?)),
        NetworkConfig::Ddpm(config) => Ok(Box::new(DdpmUNet::load(config, loader)?)),
        NetworkConfig::Own(own) => Err(Error::options(format!(
            "model.type {} is no ε-network of a published family",
            own.name
        ))),
    }
}

/// On CUDA what `use_fp16` asks for; on a CPU bf16 if the hardware is faster with it, because f16
/// is emulated there. The user may choose another.
fn arithmetic(wanted: Precision, use_fp16: bool, device: Device) -> Kind {
    match wanted {
        Precision::Auto if device.is_cuda() && use_fp16 => Kind::Half,
        Precision::Auto if device.is_cuda() => Kind::Float,
        wanted => backend::kind(wanted, device),
    }
}

/// A checkpoint, and the kind and device for its tensors.
struct Stored {
    source: Box<dyn TensorSource>,
    device: Device,
    kind: Kind,
}

impl Stored {
    /// Builds a network from every tensor of the checkpoint.
    fn load<T>(&self, build: impl FnOnce(&mut Loader) -> Result<T>) -> Result<T> {
        let mut loader = Loader::new(&*self.source, self.device, self.kind);
        let network = build(&mut loader)?;
        loader.finish()?;
        Ok(network)
    }
}

/// A classifier that is not loaded yet.
struct Guide {
    stored: Stored,
    config: ClassifierConfig,
    scale: f64,
}

impl Guide {
    fn load(self) -> Result<Guidance> {
        let load = |loader: &mut Loader| Classifier::load(&self.config, loader);
        Ok(Guidance {
            classifier: self.stored.load(load)?,
            scale: self.scale,
        })
    }
}

/// The classifier that `config` asks for; `None` if it has none or does not use it.
fn guide(
    config: &Config,
    weights: Option<&Path>,
    (device, worker): (Device, &Worker),
    precision: Precision,
) -> Result<Option<Guide>> {
    let (Some(shape), Some(section)) = (config.guide()?, &config.classifier) else {
        return Ok(None);
    };
    if section.classifier_scale == 0.0 {
        return Ok(None);
    }
    let weights = weights.ok_or_else(|| {
        Error::options("the config is guided by a classifier, whose checkpoint is not given".into())
    })?;
    let half = section.classifier_use_fp16;
    Ok(Some(Guide {
        stored: Stored {
            source: checkpoint::open(weights)?,
            device,
            kind: worker.call(|| Ok(arithmetic(precision, half, device)))?,
        },
        config: shape,
        scale: section.classifier_scale,
    }))
}
