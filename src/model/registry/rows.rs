//! What a row of the registry does: opens its prior, from the weights that ship or from a file, and
//! makes its network for training.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

#[cfg(feature = "torch")]
use crate::contract::Reach;
use crate::contract::gate_limits::GateLimits;
use crate::contract::spread::SpreadTable;
use crate::contract::{Denoiser, ModelFacts};
use crate::error::{Error, Result};
use crate::model::checkpoint;
use crate::model::checkpoint::Checkpoint;
use crate::model::registry::{NETWORKS, Own, find, names};
#[cfg(not(feature = "torch"))]
use crate::model::remote;
#[cfg(not(feature = "torch"))]
use crate::options::Device;
use crate::options::ModelOptions;
use crate::runtime::arithmetic::race;
use crate::runtime::arithmetic::race::Choice;
use crate::runtime::conv_engine::weights::peaks::Peaks;
use crate::runtime::conv_engine::{Engine, Form, PeakMeter, Prior};
use crate::runtime::conv_net::net::Net;
use crate::runtime::tensors::TensorSource;
use crate::runtime::tensors::metadata;
use crate::runtime::tensors::shapes::Shapes;

impl Own {
    /// The row that a checkpoint's metadata name; the first when they name none.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] for another name.
    pub fn of(metadata: &BTreeMap<String, String>) -> Result<&'static Self> {
        let Some(kind) = metadata.get("kind") else {
            return Ok(&NETWORKS[0]);
        };
        let unknown = || Error::Checkpoint(format!("kind = {kind:?}: must be {}", names()));
        find(kind).ok_or_else(unknown)
    }

    /// The prior in the checkpoint `path`, whichever of ours it is.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Checkpoint`] for the file, [`Error::Options`] for a device that
    /// is not there, or backend failures.
    pub fn open(path: &Path, options: &ModelOptions) -> Result<Arc<dyn Denoiser>> {
        let source = checkpoint::open(path)?;
        let own = Self::of(source.metadata())?;
        own.prior(source, path.display().to_string(), options, Form::Fast)
    }

    /// The prior that is built in.
    ///
    /// # Errors
    /// [`Error::Options`] for a device that is not there, or backend failures.
    pub fn embedded(&self, options: &ModelOptions, form: Form) -> Result<Arc<dyn Denoiser>> {
        self.prior(Box::new(self.checkpoint()?), self.name, options, form)
    }

    /// The checkpoint that is built in.
    ///
    /// # Errors
    /// None in a build that passes its tests.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        Checkpoint::built_in(self.weights)
    }

    /// The network that `metadata` describe.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when they describe none of this kind.
    pub fn net(&self, metadata: &BTreeMap<String, String>) -> Result<Net> {
        (self.net)(metadata)
    }

    /// Names and shapes of its tensors.
    ///
    /// # Errors
    /// As [`Self::net`].
    pub fn shapes(&self, metadata: &BTreeMap<String, String>) -> Result<Shapes> {
        Ok(self.net(metadata)?.shapes())
    }

    /// What measures how far the maps of the network in `source` reach, for eight bits.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when it is none of this kind, [`Error::Backend`].
    pub fn peak_meter(&self, source: Box<dyn TensorSource>) -> Result<PeakMeter> {
        PeakMeter::new(self.net(source.metadata())?, source)
    }

    fn prior(
        &self,
        source: Box<dyn TensorSource>,
        name: impl Into<Cow<'static, str>>,
        options: &ModelOptions,
        form: Form,
    ) -> Result<Arc<dyn Denoiser>> {
        let facts = self.facts(source.metadata(), name.into())?;
        let net = self.net(source.metadata())?;
        let no_cuda = match place(form, &facts.name, options)? {
            Place::Cpu(caution) => caution,
            #[cfg(feature = "torch")]
            Place::Libtorch => return plain(source, net, options, (self.reach, facts)),
            #[cfg(not(feature = "torch"))]
            Place::Libtorch(prior) => return Ok(prior),
        };
        let peaks = Peaks::of(source.metadata(), &net)?;
        let Choice {
            arithmetic,
            eight,
            caution,
        } = race::choose(options.precision, peaks.is_some());
        let peaks = peaks.as_ref().filter(|_| eight);
        let engine = Engine::new(net, source, (arithmetic, peaks), options.threads)?;
        let cautions: Vec<String> = no_cuda.into_iter().chain(caution).collect();
        let caution = (!cautions.is_empty()).then(|| cautions.join("; "));
        let facts = ModelFacts { caution, ..facts };
        Ok(Arc::new(Prior::new(engine, self.reach, facts)))
    }

    /// What the row, and the `metadata` of a checkpoint, say of the prior in it.
    ///
    /// # Errors
    /// Those of [`SpreadTable::of`].
    pub(crate) fn facts(
        &self,
        metadata: &BTreeMap<String, String>,
        name: Cow<'static, str>,
    ) -> Result<ModelFacts> {
        let gate = match metadata::knows_drawings(metadata) {
            true => GateLimits::DRAWINGS,
            false => GateLimits::PHOTOGRAPHS,
        };
        Ok(ModelFacts {
            name,
            one_call: true,
            one_call_only: metadata::one_call_only(metadata),
            spread: SpreadTable::of(metadata)?.map(Arc::new),
            gate: Some(GateLimits {
                finest_444: self.finest_444,
                ..gate
            }),
            ..ModelFacts::default()
        })
    }
}

/// What computes a network.
enum Place {
    /// The engine, on the CPU; and why not CUDA, where that was tried.
    Cpu(Option<String>),
    /// libtorch, in this process.
    #[cfg(feature = "torch")]
    Libtorch,
    /// libtorch, in another process, which has opened it.
    #[cfg(not(feature = "torch"))]
    Libtorch(Arc<dyn Denoiser>),
}

#[cfg(feature = "torch")]
fn place(form: Form, _: &str, options: &ModelOptions) -> Result<Place> {
    use crate::runtime::backend;
    Ok(match form {
        Form::Fast if !backend::device(options.device)?.is_cuda() => Place::Cpu(None),
        Form::Fast | Form::Plain => Place::Libtorch,
    })
}

/// CUDA is tried by itself only where there is a device and the program that can use it.
#[cfg(not(feature = "torch"))]
fn place(form: Form, name: &str, options: &ModelOptions) -> Result<Place> {
    if form == Form::Plain {
        return Err(Error::Unsupported(
            "the plain form of a network: this build has no libtorch".into(),
        ));
    }
    let elsewhere = |device: Device| {
        let options = options.clone().with_config(None).with_class(None);
        remote::open(
            &format!("device = {device}"),
            &options.with_model(name).with_device(device),
        )
    };
    match options.device {
        Device::Cpu => Ok(Place::Cpu(None)),
        Device::Cuda(_) => elsewhere(options.device).map(Place::Libtorch),
        Device::Auto if !remote::may_have_cuda() => Ok(Place::Cpu(None)),
        Device::Auto => Ok(match elsewhere(Device::Cuda(0)) {
            Ok(prior) => Place::Libtorch(prior),
            Err(error) => Place::Cpu(Some(format!("CUDA is not used: {error}"))),
        }),
    }
}

/// The prior as libtorch computes it.
#[cfg(feature = "torch")]
fn plain(
    source: Box<dyn TensorSource>,
    net: Net,
    options: &ModelOptions,
    known: (Reach, ModelFacts),
) -> Result<Arc<dyn Denoiser>> {
    use crate::runtime::conv_net::plain_prior::PlainPrior;
    Ok(Arc::new(PlainPrior::load(source, net, options, known)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_their_metadata() {
        let of = |kind: &str| Own::of(&[("kind".to_owned(), kind.to_owned())].into());
        assert_eq!(of("nano").unwrap().name, "nano");
        assert_eq!(Own::of(&BTreeMap::new()).unwrap().name, "lean");
        assert!(of("huge").unwrap_err().to_string().contains("\"huge\""));
    }

    /// What a network that nobody has trained yet begins with.
    #[test]
    fn metadata_describe_a_network_whatever_the_tensors_are() {
        let text = r#"{"__metadata__": {"kind": "nano", "channels": "8", "blocks": "1",
            "embedding": "4", "sigma_one_call": "20"},
            "any": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}"#;
        let length = (text.len() as u64).to_le_bytes();
        let file = [&length[..], text.as_bytes(), &[0; 4]].concat();
        let checkpoint = Checkpoint::from_bytes(file).unwrap();
        let metadata = checkpoint.metadata();
        let shapes = Own::of(metadata).unwrap().shapes(metadata).unwrap();
        assert!(shapes.values().any(|shape| shape.first() == Some(&8)));
    }

    /// Each checkpoint that ships is of its own row, and measured.
    #[test]
    fn what_ships_says_which_it_is() {
        for own in &NETWORKS {
            let checkpoint = own.checkpoint().unwrap();
            let metadata = checkpoint.metadata();
            assert_eq!(Own::of(metadata).unwrap(), own);
            assert!(!own.shapes(metadata).unwrap().is_empty());
            let facts = own.facts(metadata, own.name.into()).unwrap();
            assert!(facts.one_call && facts.gate.is_some(), "{}", own.name);
            assert_eq!(facts.spread.is_some(), !facts.one_call_only, "{}", own.name);
        }
    }
}
