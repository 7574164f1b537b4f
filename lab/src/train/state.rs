//! The state of a training in one file, from which it resumes exactly.

use std::collections::BTreeMap;
use std::path::Path;

use tch::{Device, Kind, Tensor};

use crate::train::adam::Adam;
use crate::train::schedule::Progress;
use crate::train::weights::Stored;
use ddrmjpeg::error::{Error, Result};
use ddrmjpeg::model::checkpoint;
use ddrmjpeg::model::checkpoint::{StoreAs, write_safetensors};
use ddrmjpeg::runtime::tensors::TensorSource;
use ddrmjpeg::runtime::tensors::load::Loader;

/// The four vectors of [`Adam`] in the file.
const NAMES: [&str; 4] = ["weights", "first", "second", "average"];

/// Metadata of a state, in addition to those of the network.
pub(crate) const KEYS: [&str; 3] = ["step", "seconds", "warm_seconds"];

/// Writes `adam` and `progress` to `path`, completely or not at all. `network` is the metadata of
/// the network's own checkpoints.
///
/// # Errors
/// [`Error::Io`], [`Error::Checkpoint`] if a weight is no longer finite, and libtorch's.
pub(crate) fn save(
    path: &Path,
    adam: &Adam,
    progress: Progress,
    network: &BTreeMap<String, String>,
) -> Result<()> {
    let mut stored = Stored::default();
    let vectors = [&adam.weights, &adam.first, &adam.second, &adam.average];
    for (name, vector) in NAMES.into_iter().zip(vectors) {
        stored.add(name, vector)?;
    }
    let mut metadata = network.clone();
    metadata.insert("step".into(), progress.step.to_string());
    // Stored as bits, so that the clock resumes exactly too.
    let bits = |seconds: f64| format!("{:016x}", seconds.to_bits());
    metadata.insert("seconds".into(), bits(progress.seconds));
    metadata.insert("warm_seconds".into(), bits(progress.warm_seconds));
    write_safetensors(path, &stored, &metadata, StoreAs::Keep)
}

/// Reads what [`save`] wrote for a network of `parameters` weights.
///
/// # Errors
/// [`Error::Io`], and [`Error::Checkpoint`] for a file that is not a state of this network.
pub(crate) fn load(path: &Path, parameters: i64, device: Device) -> Result<(Adam, Progress)> {
    let source = checkpoint::open(path)?;
    let mut loader = Loader::new(&*source, device, Kind::Float);
    let mut vector = |name| loader.tensor(name, &[parameters]);
    let [weights, first, second, average] = NAMES.map(&mut vector);
    loader.finish()?;
    let own = |tensor: Tensor| tensor.copy();
    let adam = Adam {
        weights: own(weights).f_set_requires_grad(true)?,
        first: own(first),
        second: own(second),
        average: own(average),
        muon: None,
    };
    Ok((adam, progress(&*source)?))
}

fn progress(source: &dyn TensorSource) -> Result<Progress> {
    let metadata = source.metadata();
    let wrong = |key: &str| Error::Checkpoint(format!("no state of a training: {key}"));
    let text = |key: &str| metadata.get(key).ok_or_else(|| wrong(key));
    let seconds = |key: &str| -> Result<f64> {
        let bits = u64::from_str_radix(text(key)?, 16).map_err(|_| wrong(key))?;
        let seconds = f64::from_bits(bits);
        match seconds.is_finite() && seconds >= 0.0 {
            true => Ok(seconds),
            false => Err(wrong(key)),
        }
    };
    Ok(Progress {
        step: text("step")?.parse().map_err(|_| wrong("step"))?,
        seconds: seconds("seconds")?,
        warm_seconds: seconds("warm_seconds")?,
    })
}
