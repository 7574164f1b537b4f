//! `PlainPrior`: a network of this project as libtorch computes it, on its device's thread: on CUDA,
//! and in f32 on a CPU as the reference.
//!
//! On CUDA half precision is used if it agrees with f32 there; `caution` says if it does not. The
//! CUDA path has never been run.

use std::sync::Arc;

use tch::{Device, Kind, Tensor};

use crate::contract::{Denoiser, Hint, ModelFacts, Reach};
use crate::error::{Error, Result};
use crate::frame::Picture;
use crate::options::ModelOptions;
use crate::runtime::backend;
use crate::runtime::batch::{Batcher, Joins};
use crate::runtime::conv_engine::denoiser::case;
use crate::runtime::conv_engine::engine::Question;
use crate::runtime::conv_engine::trial;
use crate::runtime::conv_net::edm::Case;
use crate::runtime::conv_net::net::Net;
use crate::runtime::conv_net::plain::{Core, Plain, estimate};
use crate::runtime::pictures::{to_picture, to_pictures, to_tensor};
use crate::runtime::tensors::TensorSource;
use crate::runtime::tensors::load::Loader;
use crate::runtime::worker::{Owned, Worker};

/// Allowed relative L2 distance of half precision from f32: half a percent was measured, and a wrong
/// kernel is off by tens of percent.
const AGREEMENT: f64 = 3e-2;

/// Most pixels of the pictures in one call: each of a network's largest maps then takes about 270
/// MB in half precision.
const CALL_PX: usize = 8 << 20;

/// Noise levels at which the two are compared.
const TRIAL_SIGMAS: [f64; 2] = [0.4, 20.0];

/// Side of the picture on which they are compared.
const TRIAL_SIDE: usize = 48;

/// Maps of the size of the head's that one operator after another has in memory.
const MAPS: usize = 5;

/// A network on one device.
pub(crate) struct PlainPrior {
    network: Arc<Owned<Network>>,
    /// `None` if every question is a call of its own.
    batcher: Option<Batcher<Question<'static>, Picture>>,
    reach: Reach,
    facts: ModelFacts,
    one_call_sigma: f64,
}

/// The network, on the torch thread.
struct Network {
    plain: Plain,
    device: Device,
    kind: Kind,
    caution: Option<String>,
}

impl Joins for Question<'_> {
    /// Each picture has its own noise level and tables.
    fn joins(&self, other: &Self) -> bool {
        self.size == other.size && self.x.is_some() == other.x.is_some()
    }

    fn most(&self) -> usize {
        CALL_PX / (self.size.0 * self.size.1).max(1)
    }
}

impl PlainPrior {
    /// Builds `net` from the tensors of `source`, all of which must be used.
    ///
    /// # Errors
    /// [`Error::Options`] for a missing device, [`Error::Checkpoint`] for tensors that do not fit, or
    /// backend failures.
    pub fn load(
        source: Box<dyn TensorSource>,
        net: Net,
        options: &ModelOptions,
        (reach, facts): (Reach, ModelFacts),
    ) -> Result<Self> {
        let device = backend::device(options.device)?;
        let precision = options.precision;
        let worker = Worker::of(device, options.threads)?;
        let one_call_sigma = net.one_call_sigma;
        let network = Owned::build(worker, move || {
            let kind = match device {
                Device::Cpu => Kind::Float,
                _ => backend::kind(precision, device),
            };
            Network::load(&*source, net, (device, kind))
        })?;
        let batcher = Batcher::of_options(options, device.is_cuda());
        let limit = batcher.as_ref().map_or(1, Batcher::limit);
        let facts = network.with(|network| {
            Ok(ModelFacts {
                at_once: limit,
                pixel_bytes: network.pixel_bytes(),
                precision: Some(word(network.kind)),
                caution: network.caution.clone(),
                ..facts
            })
        })?;
        Ok(Self {
            network: Arc::new(network),
            batcher,
            reach,
            facts,
            one_call_sigma,
        })
    }

    fn ask(&self, question: Question<'_>) -> Result<Picture> {
        let Some(batcher) = &self.batcher else {
            return self.network.with(|network| network.estimate(question));
        };
        // SAFETY: only the lifetime changes. The batcher guarantees that nothing refers to the
        // question any more when `ask` returns or unwinds, and what it borrows lives longer than
        // this call.
        let question = unsafe { std::mem::transmute::<Question<'_>, Question<'static>>(question) };
        batcher.ask(question, |ticket| {
            self.network.with(|network| {
                batcher.serve(ticket, |asked| network.estimate_many(asked));
                Ok(())
            })
        })
    }
}

impl Denoiser for PlainPrior {
    /// At a level from the network's one call on, x is at rest.
    fn denoise(&self, x: &Picture, sigma: f64, hint: Option<&Hint>) -> Result<Picture> {
        self.ask(Question {
            size: (x.width, x.height),
            x: (sigma < self.one_call_sigma).then_some(x),
            y: hint.map(|hint| &hint.decoded),
            case: case(sigma, hint),
        })
    }

    fn reach(&self) -> Reach {
        self.reach
    }

    fn facts(&self) -> &ModelFacts {
        &self.facts
    }

    fn expect(&self, pieces: usize) {
        if let Some(batcher) = &self.batcher {
            batcher.expect(pieces);
        }
    }
}

impl Network {
    /// In `kind` if that agrees with f32, else in f32.
    fn load(source: &dyn TensorSource, net: Net, (device, kind): (Device, Kind)) -> Result<Self> {
        let mut network = Self::of(source, net.clone(), (device, Kind::Float))?;
        if kind != Kind::Float {
            network.halve(Self::of(source, net, (device, kind)));
        }
        Ok(network)
    }

    fn of(source: &dyn TensorSource, net: Net, (device, kind): (Device, Kind)) -> Result<Self> {
        let mut loader = Loader::new(source, device, Kind::Float);
        let plain = Plain::load(net, &mut loader, kind);
        loader.finish()?;
        Ok(Self {
            plain: plain?,
            device,
            kind,
            caution: None,
        })
    }

    /// Replaces itself by `half`, the same network in another kind, if that agrees.
    fn halve(&mut self, half: Result<Self>) {
        let agrees = half.and_then(|half| {
            agree(&half.trial(), &self.trial())?;
            Ok(half)
        });
        match agrees {
            Ok(half) => *self = half,
            Err(why) => self.caution = Some(format!("half precision is not used: {why}")),
        }
    }

    /// Approximate bytes per pixel of a picture that maps take in this process.
    fn pixel_bytes(&self) -> usize {
        if self.device != Device::Cpu {
            return 0;
        }
        let pixel = self.plain.channels() * self.kind.elt_size_in_bytes();
        MAPS * pixel / self.plain.entry().fold.pow(2)
    }

    fn estimate(&self, asked: Question<'_>) -> Result<Picture> {
        let x = self.tensor(asked.x, asked.size)?;
        let y = self.tensor(asked.y, asked.size)?;
        to_picture(&estimate(&self.plain, &x, &y, &[asked.case])?)
    }

    /// The estimates for questions that fit into one call.
    fn estimate_many(&self, asked: &[Question<'_>]) -> Result<Vec<Picture>> {
        if asked.len() < 2 {
            return asked.iter().map(|&asked| self.estimate(asked)).collect();
        }
        let cases: Vec<Case> = asked.iter().map(|asked| asked.case).collect();
        let x = stack(asked.iter().map(|asked| self.tensor(asked.x, asked.size)))?;
        let y = stack(asked.iter().map(|asked| self.tensor(asked.y, asked.size)))?;
        to_pictures(&estimate(&self.plain, &x, &y, &cases)?)
    }

    /// `picture`, or zeros if there is none.
    fn tensor(&self, picture: Option<&Picture>, size: (usize, usize)) -> Result<Tensor> {
        let Some(picture) = picture else {
            let size = [1, 3, size.1 as i64, size.0 as i64];
            return Ok(Tensor::f_zeros(size, (Kind::Float, self.device))?);
        };
        to_tensor(picture, self.device)
    }

    /// Computes the estimates that are compared.
    fn trial(&self) -> [Result<Picture>; 2] {
        let [x, y] = [1, 2].map(|seed| trial::picture(TRIAL_SIDE, seed));
        TRIAL_SIGMAS.map(|sigma| {
            self.estimate(Question {
                size: (TRIAL_SIDE, TRIAL_SIDE),
                x: (sigma < self.plain.one_call_sigma()).then_some(&x),
                y: Some(&y),
                case: trial::case(sigma),
            })
        })
    }
}

/// Joins `[1, C, H, W]` each to `[N, C, H, W]`.
fn stack(pictures: impl Iterator<Item = Result<Tensor>>) -> Result<Tensor> {
    let pictures = pictures.collect::<Result<Vec<_>>>()?;
    Ok(Tensor::f_cat(&pictures, 0)?)
}

/// Whether estimates equal those in f32 except for rounding.
fn agree(found: &[Result<Picture>; 2], wanted: &[Result<Picture>; 2]) -> Result<()> {
    for pair in found.iter().zip(wanted) {
        let (found, wanted) = match pair {
            (Ok(found), Ok(wanted)) => (found, wanted),
            (Err(why), _) | (_, Err(why)) => return Err(Error::Backend(why.to_string())),
        };
        let distance = distance(found, wanted);
        // Written so that NaN does not pass.
        let near = distance < AGREEMENT;
        if !near {
            return Err(Error::Backend(format!(
                "it differs from f32 by {distance:.1e}, at most {AGREEMENT} is allowed"
            )));
        }
    }
    Ok(())
}

/// Relative L2.
fn distance(found: &Picture, wanted: &Picture) -> f64 {
    let square = |x: f32| f64::from(x).powi(2);
    let pairs = found.data.iter().zip(&wanted.data);
    let apart: f64 = pairs.map(|(a, b)| square(a - b)).sum();
    let size: f64 = wanted.data.iter().map(|&b| square(b)).sum();
    (apart / size).sqrt()
}

/// An arithmetic, as reports have it.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::BFloat16 => "bf16",
        Kind::Half => "f16",
        _ => "f32",
    }
}

#[cfg(test)]
#[path = "plain_prior_tests.rs"]
mod plain_prior_tests;
