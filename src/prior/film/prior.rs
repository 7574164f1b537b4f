//! [`Prior`]: a network of ours on its device's thread, as the priors lean and nano have it.
//!
//! The contract's [`crate::contract::Denoiser`] is theirs; this is what they share of it.

use std::sync::Arc;

use tch::Kind;

use super::engine::{Engine, Question};
use super::follow::Following;
use super::wiring::Wired;
use crate::contract::{Follower, Hint, ONE_CALL_SIGMA};
use crate::error::Result;
use crate::frame::Picture;
use crate::options::Options;
use crate::prior::backend;
use crate::prior::edm::Case;
use crate::prior::tables;
use crate::prior::tensors::TensorSource;
use crate::prior::weights::Weights;
use crate::prior::worker::{Owned, Worker};

/// A network on one device.
pub(crate) struct Prior<N> {
    engine: Arc<Owned<Engine<N>>>,
    kind: Kind,
    caution: Option<String>,
    one_call_sigma: f64,
}

impl<N: Wired> Prior<N> {
    /// The network that `build` makes of the tensors of `source`, all of which it must take.
    ///
    /// # Errors
    /// [`crate::Error::Options`] for a device that is not there, [`crate::Error::Checkpoint`]
    /// for tensors that do not fit, or backend failures.
    pub fn load(
        source: Box<dyn TensorSource>,
        options: &Options,
        build: impl FnOnce(&mut dyn Weights, Kind) -> Result<N> + Send + 'static,
    ) -> Result<Self> {
        let device = backend::device(options.device)?;
        let kind = backend::kind(options.precision, device);
        let worker = Worker::of(device, options.threads)?;
        let engine = Owned::build(worker, move || {
            Engine::load(&*source, (device, kind), build)
        })?;
        let facts = |engine: &Engine<N>| {
            let caution = engine.caution().map(str::to_owned);
            Ok((caution, engine.one_call_sigma()))
        };
        let (caution, one_call_sigma) = engine.with(facts)?;
        Ok(Self {
            engine: Arc::new(engine),
            kind: if caution.is_some() { Kind::Float } else { kind },
            caution,
            one_call_sigma,
        })
    }

    /// The arithmetic inside the network, as a word for reports.
    pub fn precision(&self) -> &'static str {
        match self.kind {
            Kind::BFloat16 => "bf16",
            _ => "f32",
        }
    }

    /// Why the arithmetic that was asked for is not used, if it is not.
    pub fn caution(&self) -> Option<&str> {
        self.caution.as_deref()
    }

    /// The estimate of x0. At a level from the network's one call on, x is at rest.
    ///
    /// # Errors
    /// [`crate::Error::Backend`].
    pub fn denoise(&self, x: &Picture, sigma: f64, hint: Option<&Hint>) -> Result<Picture> {
        let tables = hint.map_or([0.0; tables::LENGTH], tables::describe);
        self.ask(Question {
            size: (x.width, x.height),
            x: (sigma < self.one_call_sigma).then_some(x),
            y: hint.map(|hint| &hint.decoded),
            case: Case { sigma, tables },
        })
    }

    fn ask(&self, question: Question<'_>) -> Result<Picture> {
        self.engine.with(|engine| engine.estimate(question))
    }

    /// What keeps this network's maps from frame to frame; none without a fast form that
    /// computes parts of a map exactly.
    pub fn follower(&self) -> Option<Box<dyn Follower>> {
        if self.one_call_sigma > ONE_CALL_SIGMA {
            return None;
        }
        let following = Following::of(Arc::clone(&self.engine)).ok()?;
        following.map(|following| Box::new(following) as Box<dyn Follower>)
    }

    /// The estimate in a case that no hint states.
    #[cfg(test)]
    pub fn estimate(&self, x: &Picture, y: &Picture, case: Case) -> Result<Picture> {
        self.ask(Question {
            size: (x.width, x.height),
            x: (case.sigma < self.one_call_sigma).then_some(x),
            y: Some(y),
            case,
        })
    }
}
