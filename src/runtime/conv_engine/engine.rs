//! A network of this project on its device in the requested arithmetic: the plain one or, on a CPU,
//! the fast one together with the f32 network that it was built from.
//!
//! Before the fast one is used, it must agree with the plain one on this machine. If it does not in
//! bf16, f32 is used, and if that does not agree either, the plain one; `caution` says so. On CUDA
//! the plain one in half precision is checked in the same way. Used on the torch thread only.

use std::cell::OnceCell;

use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};
use crate::frame::Picture;
use crate::runtime::batch::Joins;
use crate::runtime::conv_engine::ends::{Part, Seen, Weights};
use crate::runtime::conv_engine::kept_maps;
use crate::runtime::conv_engine::packed_net::{Fast, Run};
use crate::runtime::conv_engine::region::whole;
use crate::runtime::conv_net::conditioning;
use crate::runtime::conv_net::edm;
use crate::runtime::conv_net::edm::{Case, Scales};
use crate::runtime::conv_net::wiring::Wired;
use crate::runtime::pictures::{to_picture, to_pictures, to_tensor};
use crate::runtime::tensors::TensorSource;
use crate::runtime::tensors::load::Loader;
use crate::runtime::tensors::source;

/// Allowed relative L2 distance from the plain network in f32: half a percent was measured in bf16
/// and 1e-6 in f32, and a wrong kernel is off by tens of percent.
const AGREEMENT: [(Kind, f64); 3] = [
    (Kind::BFloat16, 3e-2),
    (Kind::Half, 3e-2),
    (Kind::Float, 1e-4),
];

/// Most pixels of the pictures in one call: each of a network's largest maps then takes about 270
/// MB in half precision.
const CALL_PX: usize = 8 << 20;

/// Noise levels at which the two are compared.
const TRIAL_SIGMAS: [f64; 2] = [0.4, 20.0];

/// Side of the picture on which they are compared.
const TRIAL_SIDE: usize = 48;

/// The inputs of a network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Question<'a> {
    /// Width and height of its pictures.
    pub size: (usize, usize),
    /// The noisy picture; `None` at a level at which it is ignored.
    pub x: Option<&'a Picture>,
    /// The decoded picture, if there is one.
    pub y: Option<&'a Picture>,
    /// Noise level and tables.
    pub case: Case,
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

/// How a network computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// In its fast form on a CPU.
    Fast,
    /// One libtorch operator after another, in f32 on a CPU, as the reference.
    Plain,
}

/// The network, and its fast form if it has one.
pub(crate) struct Engine<N> {
    plain: N,
    fast: Option<Fast>,
    /// The kind of the plain network.
    plain_kind: Kind,
    caution: Option<String>,
    device: Device,
    parts_agree: OnceCell<bool>,
}

impl<N: Wired> Engine<N> {
    /// Builds the network with `build` in a kind, from every tensor of `source`.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it does not fit, [`Error::Backend`].
    pub fn load(
        source: &dyn TensorSource,
        (device, kind): (Device, Kind),
        form: Form,
        build: impl Fn(&mut dyn source::Weights, Kind) -> Result<N>,
    ) -> Result<Self> {
        let mut engine = Self::plain(source, (device, Kind::Float), &build)?;
        match device {
            Device::Cpu if form == Form::Fast => engine.quicken(kind),
            Device::Cpu => {}
            _ if kind == Kind::Float => {}
            _ => engine.halve(Self::plain(source, (device, kind), &build)),
        }
        Ok(engine)
    }

    /// The plain network in `kind`.
    fn plain(
        source: &dyn TensorSource,
        (device, kind): (Device, Kind),
        build: impl Fn(&mut dyn source::Weights, Kind) -> Result<N>,
    ) -> Result<Self> {
        let mut loader = Loader::new(source, device, Kind::Float);
        let plain = build(&mut loader, kind);
        loader.finish()?;
        Ok(Self {
            plain: plain?,
            fast: None,
            plain_kind: kind,
            caution: None,
            device,
            parts_agree: OnceCell::new(),
        })
    }

    /// Replaces itself by `half`, the same network in another kind, if that agrees.
    fn halve(&mut self, half: Result<Self>) {
        let agrees = half.and_then(|half| {
            agree(&half.trial(), &self.trial(), half.kind())?;
            Ok(half)
        });
        match agrees {
            Ok(half) => *self = half,
            Err(why) => self.caution = Some(format!("half precision is not used: {why}")),
        }
    }

    /// Starts to use the fast form, in `kind` or else in f32, if that agrees.
    fn quicken(&mut self, kind: Kind) {
        let mut cautions = Vec::new();
        let kinds = match kind {
            Kind::BFloat16 => &[Kind::BFloat16, Kind::Float][..],
            _ => &[Kind::Float],
        };
        for &kind in kinds {
            let tried = match Fast::of(&self.plain, kind) {
                Ok(fast) => self.try_out(fast),
                // The plain network then computes the same, only slower.
                Err(_) if kind == Kind::Float => break,
                Err(why) => Err(why),
            };
            match tried {
                Ok(()) => break,
                Err(why) if kind == Kind::Float => {
                    cautions.push(format!("packed f32 is not used: {why}"));
                }
                Err(why) => cautions.push(format!("bf16 is not used: {why}")),
            }
        }
        self.caution = (!cautions.is_empty()).then(|| cautions.join("; "));
    }

    /// Why the requested arithmetic is not used, if it is not.
    pub fn caution(&self) -> Option<&str> {
        self.caution.as_deref()
    }

    /// The kind of weights and maps.
    pub fn kind(&self) -> Kind {
        match &self.fast {
            Some(fast) => fast.kind,
            None => self.plain_kind,
        }
    }

    /// Approximate bytes per pixel of a picture that maps take in this process: three of the head's
    /// maps at once, half of another and some reserve, or five if one operator follows another.
    pub fn pixel_bytes(&self) -> usize {
        let maps = match (self.device, &self.fast) {
            (Device::Cpu, Some(_)) => 3,
            (Device::Cpu, None) => 5,
            _ => 0,
        };
        let [_, head] = self.plain.heads();
        let pixel = head.bias.numel() * self.kind().elt_size_in_bytes();
        maps * pixel / self.plain.entry().fold.pow(2)
    }

    /// From this σ on x is ignored.
    pub fn one_call_sigma(&self) -> f64 {
        self.plain.one_call_sigma()
    }

    /// The fast form, if it is in use and computes parts of a map bit for bit as the whole.
    pub fn in_parts(&self) -> Option<&Fast> {
        let agree = || kept_maps::parts_agree(self).unwrap_or(false);
        let fast = self.fast.as_ref()?;
        self.parts_agree.get_or_init(agree).then_some(fast)
    }

    /// The fast form's layers for the one-call case.
    ///
    /// # Errors
    /// [`Error::Backend`].
    pub fn blind<'a>(&'a self, fast: &'a Fast, case: Case) -> Result<Run<'a>> {
        fast.told(&self.plain, case, false)
    }

    /// The fast form, whether it was checked or not.
    pub fn fast(&self) -> Option<&Fast> {
        self.fast.as_ref()
    }

    /// The weights of x, y and F in the estimate for `case`.
    pub fn weights(&self, case: &Case) -> Weights {
        let scales = Scales::of(case, self.plain.one_call_sigma());
        Weights {
            x: scales.skip as f32,
            y: scales.hint as f32,
            f: scales.output as f32,
        }
    }

    /// The estimate of x0.
    ///
    /// # Errors
    /// [`Error::Backend`].
    pub fn estimate(&self, asked: Question<'_>) -> Result<Picture> {
        let Some(fast) = &self.fast else {
            return self.plainly(asked);
        };
        let (x, y) = (asked.x, asked.y);
        let scales = Scales::of(&asked.case, self.plain.one_call_sigma());
        let run = fast.told(&self.plain, asked.case, x.is_some())?;
        let seen = Seen {
            x: x.map(|x| (x, scales.input as f32)),
            y,
            size: asked.size,
            origin: (0, 0),
        };
        let f = run.whole(fast.entry.enter(seen, fast.kind)?)?;
        let part = Part {
            f: &f,
            rect: whole(fast.entry.map_size(asked.size)),
        };
        fast.entry.leave(self.weights(&asked.case), x, y, part)
    }

    /// The estimates for questions that fit into one call: a single call of the plain network. The
    /// fast one has FiLM folded into its weights, which are for one case, so joining gains nothing.
    ///
    /// # Errors
    /// [`Error::Backend`].
    pub fn estimate_many(&self, asked: &[Question<'_>]) -> Result<Vec<Picture>> {
        if asked.len() < 2 || self.fast.is_some() {
            return asked.iter().map(|&asked| self.estimate(asked)).collect();
        }
        let cases: Vec<Case> = asked.iter().map(|asked| asked.case).collect();
        let x = stack(asked.iter().map(|asked| self.tensor(asked.x, asked.size)))?;
        let y = stack(asked.iter().map(|asked| self.tensor(asked.y, asked.size)))?;
        to_pictures(&edm::estimate(&self.plain, &x, &y, &cases)?)
    }

    fn plainly(&self, asked: Question<'_>) -> Result<Picture> {
        let x = self.tensor(asked.x, asked.size)?;
        let y = self.tensor(asked.y, asked.size)?;
        to_picture(&edm::estimate(&self.plain, &x, &y, &[asked.case])?)
    }

    /// `picture`, or zeros if there is none.
    fn tensor(&self, picture: Option<&Picture>, size: (usize, usize)) -> Result<Tensor> {
        let Some(picture) = picture else {
            let size = [1, 3, size.1 as i64, size.0 as i64];
            return Ok(Tensor::f_zeros(size, (Kind::Float, self.device))?);
        };
        to_tensor(picture, self.device)
    }

    /// Keeps `fast` if it agrees with the plain network.
    fn try_out(&mut self, fast: Fast) -> Result<()> {
        let wanted = self.trial();
        self.fast = Some(fast);
        let agrees = agree(&self.trial(), &wanted, self.kind());
        if agrees.is_err() {
            self.fast = None;
        }
        agrees
    }

    /// Computes the estimates that are compared.
    fn trial(&self) -> [Result<Picture>; 2] {
        let pictures = [1, 2].map(|seed| trial_picture(TRIAL_SIDE, seed));
        let [x, y] = &pictures;
        TRIAL_SIGMAS.map(|sigma| {
            self.estimate(Question {
                size: (TRIAL_SIDE, TRIAL_SIDE),
                x: (sigma < self.one_call_sigma()).then_some(x),
                y: Some(y),
                case: trial_case(sigma),
            })
        })
    }
}

/// Joins `[1, C, H, W]` each to `[N, C, H, W]`.
fn stack(pictures: impl Iterator<Item = Result<Tensor>>) -> Result<Tensor> {
    let pictures = pictures.collect::<Result<Vec<_>>>()?;
    Ok(Tensor::f_cat(&pictures, 0)?)
}

/// Whether estimates in `kind` equal those in f32 except for rounding.
fn agree(found: &[Result<Picture>; 2], wanted: &[Result<Picture>; 2], kind: Kind) -> Result<()> {
    let allowed = AGREEMENT.iter().find(|(of, _)| *of == kind);
    let allowed = allowed.map_or(0.0, |(_, allowed)| *allowed);
    for pair in found.iter().zip(wanted) {
        let (found, wanted) = match pair {
            (Ok(found), Ok(wanted)) => (found, wanted),
            (Err(why), _) | (_, Err(why)) => return Err(Error::Backend(why.to_string())),
        };
        let distance = distance(found, wanted);
        // Written so that NaN does not pass.
        let near = distance < allowed;
        if !near {
            return Err(Error::Backend(format!(
                "it differs from f32 by {distance:.1e}, at most {allowed} is allowed"
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

/// A case with all inputs set.
pub(crate) fn trial_case(sigma: f64) -> Case {
    let mut tables = [0.5; conditioning::LENGTH];
    tables[0] = 1.0;
    Case { sigma, tables }
}

/// A square picture with energy at every frequency, and no randomness.
pub(crate) fn trial_picture(side: usize, seed: usize) -> Picture {
    let mut picture = Picture::new(3, side, side);
    for (i, sample) in picture.data.iter_mut().enumerate() {
        let hash = (i + seed * 7919).wrapping_mul(0x9e37_79b9) % 1000;
        *sample = hash as f32 / 1000.0 - 0.5 + 0.5 * (i as f32 / 300.0).sin();
    }
    picture
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod engine_tests;
