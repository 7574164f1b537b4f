//! ε-networks as denoisers: the noise that a network estimates at timestep t becomes the estimate
//! of x0 at noise level σ, with or without a classifier's guidance.
//!
//! With s = 1/√(1 + σ²), which is √ᾱ_t at the schedule's own levels:
//!
//! - x_t = s·x_σ, where t is the timestep nearest to σ
//! - e = ε(x_t, t), the first 3 channels if the variance is learned too
//! - guided: e -= √(1-ᾱ)·scale·∇log p(class | x_t, t), √(1-ᾱ) = s·σ, the gradient at x_t
//! - x0 = x_σ - σ·e, which is (x_t - √(1-ᾱ)·e) / √ᾱ
//!
//! With a batcher, pictures of one size are joined into one call, each with its own level and
//! class.

use std::sync::Arc;

use tch::{Device, Kind, Tensor};

use crate::contract::{Denoiser, Hint, ModelFacts, Reach};
use crate::error::{Error, Result};
use crate::frame::Picture;
use crate::model::adm::{AdmUNet, Classifier};
use crate::model::ddpm::DdpmUNet;
use crate::model::published::timesteps::Timesteps;
use crate::options::ModelOptions;
use crate::runtime::batch::{Batcher, Joins};
use crate::runtime::pictures::{to_pictures, to_tensor};
use crate::runtime::pinned;
use crate::runtime::worker::{Owned, Worker};

/// Most pixels in one call: the largest maps of an ADM UNet of 256 channels then take 2 GB in half
/// precision.
const CALL_PX: usize = 4 << 20;

/// Channels of a picture, and of the noise in it.
const CHANNELS: i64 = 3;

/// A network that estimates the noise in `x` `[N, 3, H, W]` at timesteps `t` `[N]`.
pub trait EpsilonNetwork: Send {
    /// The noise, f32 `[N, 3 or more, H, W]`; `class` is i64 `[N]` for a class-conditional network.
    ///
    /// # Errors
    /// [`Error::Backend`] from libtorch; [`Error::Input`], [`Error::Options`] for inputs that the
    /// network does not support.
    fn epsilon(&self, x: &Tensor, t: &Tensor, class: Option<&Tensor>) -> Result<Tensor>;

    /// Side in pixels of the pictures it was trained on.
    fn side_px(&self) -> i64;

    /// Number of classes; `None` for an unconditional network.
    fn classes(&self) -> Option<i64>;
}

impl EpsilonNetwork for AdmUNet {
    fn epsilon(&self, x: &Tensor, t: &Tensor, class: Option<&Tensor>) -> Result<Tensor> {
        self.forward(x, t, class)
    }

    fn side_px(&self) -> i64 {
        self.config().image_size
    }

    fn classes(&self) -> Option<i64> {
        self.config().num_classes
    }
}

impl EpsilonNetwork for DdpmUNet {
    fn epsilon(&self, x: &Tensor, t: &Tensor, _: Option<&Tensor>) -> Result<Tensor> {
        self.forward(x, t)
    }

    fn side_px(&self) -> i64 {
        self.config().image_size
    }

    fn classes(&self) -> Option<i64> {
        None
    }
}

/// A classifier, and the strength of its guidance.
pub struct Guidance {
    /// The classifier of noisy pictures.
    pub classifier: Classifier,
    /// `classifier_scale` of the published configs; 0 means no guidance.
    pub scale: f64,
}

/// Networks, class and schedule that make one denoiser.
pub struct EpsilonParts {
    /// The network.
    pub network: Box<dyn EpsilonNetwork>,
    /// Its classifier, if it is guided.
    pub guidance: Option<Guidance>,
    /// The class for network and classifier; see [`EpsilonDenoiser::with_class`].
    pub class: Option<i64>,
    /// The schedule that the network was trained on.
    pub timesteps: Timesteps,
    /// Where the weights are.
    pub device: Device,
}

/// The inputs of a network.
#[derive(Clone, Copy)]
struct Question<'a> {
    x: &'a Picture,
    sigma: f64,
    class: Option<i64>,
}

impl Joins for Question<'_> {
    /// Each picture has its own noise level and class.
    fn joins(&self, other: &Self) -> bool {
        let size = |q: &Self| (q.x.width, q.x.height);
        size(self) == size(other) && self.class.is_some() == other.class.is_some()
    }

    fn most(&self) -> usize {
        (CALL_PX / (self.x.width * self.x.height).max(1)).max(1)
    }
}

/// The one answer to one question.
fn only(answers: Vec<Picture>) -> Result<Picture> {
    let none = || Error::Backend("a network gave no answer".into());
    answers.into_iter().next().ok_or_else(none)
}

/// An ε-network behind the [`Denoiser`] contract.
///
/// The networks are only used on the worker's thread of their device, as all others are.
#[derive(Clone)]
pub struct EpsilonDenoiser {
    parts: Arc<Owned<EpsilonParts>>,
    /// `None` if every question is a call of its own.
    batcher: Option<Arc<Batcher<Question<'static>, Picture>>>,
    class: Option<i64>,
    known: Option<i64>,
    side_px: usize,
    facts: ModelFacts,
}

impl EpsilonDenoiser {
    /// Makes a denoiser from its parts.
    ///
    /// # Errors
    /// [`Error::Options`] if a class is missing, superfluous or out of range, or if the scale is
    /// not finite.
    pub fn new(parts: EpsilonParts) -> Result<Self> {
        let class = parts.class;
        let worker = Worker::of(parts.device, 0)?;
        Self::build(worker, move || Ok(parts))?.told(class)
    }

    /// Builds the parts on the worker's thread. Their class is ignored: if the network is
    /// class-conditional, call [`Self::told`] before using the denoiser.
    pub fn build(
        worker: Worker,
        build: impl FnOnce() -> Result<EpsilonParts> + Send + 'static,
    ) -> Result<Self> {
        let parts = Owned::build(worker, build)?;
        let (known, side_px, facts) = parts.with(|parts| {
            check_scale(parts.guidance.as_ref())?;
            let facts = ModelFacts {
                alpha_bar: Some(parts.timesteps.alpha_bar().into()),
                ..ModelFacts::default()
            };
            Ok((known_classes(parts), parts.network.side_px(), facts))
        })?;
        Ok(Self {
            parts: Arc::new(parts),
            batcher: None,
            class: None,
            known,
            side_px: usize::try_from(side_px).unwrap_or(0),
            facts,
        })
    }

    /// The same, joining several pictures into one call as `options` say, on the device of its
    /// parts.
    pub(crate) fn joining(mut self, options: &ModelOptions, device: Device) -> Self {
        self.batcher = Batcher::of_options(options, device.is_cuda()).map(Arc::new);
        self.facts.at_once = self.batcher.as_ref().map_or(1, |batcher| batcher.limit());
        self
    }

    /// The same with the name it was opened as, and a caution for the user.
    pub(crate) fn described(mut self, name: String, caution: Option<String>) -> Self {
        self.facts.name = name.into();
        self.facts.caution = caution;
        self
    }

    /// The same shared networks with another class: one per picture of a labelled set.
    ///
    /// # Errors
    /// [`Error::Options`] if the model has no classes or not this one.
    pub fn with_class(&self, class: i64) -> Result<Self> {
        self.told(Some(class))
    }

    /// As [`Self::with_class`]; `None` for a model without classes.
    ///
    /// # Errors
    /// [`Error::Options`] when a class is missing, surplus or out of range.
    pub fn told(&self, class: Option<i64>) -> Result<Self> {
        check_class(class, self.known)?;
        Ok(Self {
            class,
            ..self.clone()
        })
    }

    /// The number of its classes, of which one must be chosen; `None` for an unconditional model.
    pub fn classes(&self) -> Option<i64> {
        self.known
    }
}

fn check_scale(guidance: Option<&Guidance>) -> Result<()> {
    match guidance {
        Some(Guidance { scale, .. }) if !scale.is_finite() => Err(Error::options(format!(
            "classifier_scale {scale} is not finite"
        ))),
        _ => Ok(()),
    }
}

/// The number of classes that network and classifier share; `None` if neither has any.
fn known_classes(parts: &EpsilonParts) -> Option<i64> {
    let of_classifier = |g: &Guidance| g.classifier.config().encoder.out_channels;
    let guided = parts.guidance.as_ref().map(of_classifier);
    match (parts.network.classes(), guided) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn check_class(class: Option<i64>, known: Option<i64>) -> Result<()> {
    match (known, class) {
        (None, None) => Ok(()),
        (Some(count), Some(class)) if (0..count).contains(&class) => Ok(()),
        (Some(count), Some(class)) => Err(Error::options(format!(
            "class {class} is not in 0..{count}"
        ))),
        (Some(_), None) => Err(Error::options("this model must be told a class".into())),
        (None, Some(class)) => Err(Error::options(format!(
            "class {class} given to a model that knows no classes"
        ))),
    }
}

impl Denoiser for EpsilonDenoiser {
    fn denoise(&self, x: &Picture, sigma: f64, _: Option<&Hint>) -> Result<Picture> {
        check_class(self.class, self.known)?;
        let question = Question {
            x,
            sigma,
            class: self.class,
        };
        let Some(batcher) = &self.batcher else {
            let answer = self.parts.with(|parts| parts.denoise(&[question]));
            return answer.and_then(only);
        };
        // SAFETY: only the lifetime changes. The batcher guarantees that nothing refers to the
        // question any more when `ask` returns or unwinds, and what it borrows lives longer than
        // this call.
        let question = unsafe { std::mem::transmute::<Question<'_>, Question<'static>>(question) };
        batcher.ask(question, |ticket| {
            self.parts.with(|parts| {
                batcher.serve(ticket, |asked| parts.denoise(asked));
                Ok(())
            })
        })
    }

    fn expect(&self, pieces: usize) {
        if let Some(batcher) = &self.batcher {
            batcher.expect(pieces);
        }
    }

    fn reach(&self) -> Reach {
        Reach::Window {
            side_px: self.side_px,
        }
    }

    fn facts(&self) -> &ModelFacts {
        &self.facts
    }
}

impl EpsilonParts {
    /// The estimates of pictures of one size, in one call.
    fn denoise(&self, asked: &[Question<'_>]) -> Result<Vec<Picture>> {
        if let Some(q) = asked.iter().find(|q| !q.sigma.is_finite()) {
            return Err(Error::options(format!("sigma {} is not finite", q.sigma)));
        }
        let t = asked
            .iter()
            .map(|q| Ok(self.timesteps.nearest(q.sigma)? as f32));
        let t = t.collect::<Result<Vec<f32>>>()?;
        let scale = |q: &Question<'_>| 1.0 / (1.0 + q.sigma * q.sigma).sqrt();
        let x = asked.iter().map(|q| to_tensor(q.x, self.device));
        let x = Tensor::f_cat(&x.collect::<Result<Vec<_>>>()?, 0)?;
        let x_t = x.f_mul(&self.column(asked, scale)?)?;
        let e = self.noise(&x_t, &t, asked, |q| scale(q) * q.sigma)?;
        to_pictures(&x.f_sub(&e.f_mul(&self.column(asked, |q| q.sigma)?)?)?)
    }

    /// The guided noise in `x_t`; `spread` is √(1-ᾱ).
    fn noise(
        &self,
        x_t: &Tensor,
        t: &[f32],
        asked: &[Question<'_>],
        spread: impl Fn(&Question<'_>) -> f64,
    ) -> Result<Tensor> {
        let t = Tensor::f_from_slice(t)?.f_to_device(self.device)?;
        let classes: Option<Vec<i64>> = asked.iter().map(|q| q.class).collect();
        let class = match classes {
            Some(classes) => Some(Tensor::f_from_slice(&classes)?.f_to_device(self.device)?),
            None => None,
        };
        let told = class.as_ref().filter(|_| self.network.classes().is_some());
        let e = self.network.epsilon(x_t, &t, told)?;
        let e = e.f_narrow(1, 0, CHANNELS)?.f_to_kind(Kind::Float)?;
        match (&self.guidance, &class) {
            (Some(Guidance { classifier, scale }), Some(class)) if *scale != 0.0 => {
                let pull = classifier.log_prob_grad(x_t, &t, class)?;
                Ok(e.f_sub(&pull.f_mul(&self.column(asked, |q| spread(q) * scale)?)?)?)
            }
            _ => Ok(e),
        }
    }

    /// One number for each picture, `[N, 1, 1, 1]` f32.
    fn column(
        &self,
        asked: &[Question<'_>],
        number: impl Fn(&Question<'_>) -> f64,
    ) -> Result<Tensor> {
        let numbers: Vec<f32> = asked.iter().map(|q| number(q) as f32).collect();
        pinned::up(&numbers, &[-1, 1, 1, 1], self.device)
    }
}

#[cfg(test)]
#[path = "epsilon_tests.rs"]
mod epsilon_tests;
