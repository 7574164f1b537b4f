//! A network of ours on its device in the arithmetic that was asked for: the plain one, or, on
//! a CPU, the fast one beside the f32 network that it was built from.
//!
//! Before the fast one is used it must agree with the plain one on this machine; one in bf16 that
//! does not gives way to one in f32, and that to the plain one, and `caution` says so. On CUDA the
//! same is asked of the plain one in half precision. Lives on the torch thread.

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

/// Relative L2 from the plain network in f32 that a working machine keeps: half a
/// percent was seen in bf16 and 1e-6 in f32, and a kernel that is wrong misses by tens of percent.
const AGREEMENT: [(Kind, f64); 3] = [
    (Kind::BFloat16, 3e-2),
    (Kind::Half, 3e-2),
    (Kind::Float, 1e-4),
];

/// Pixels of the pictures that are joined into one call, at most: each of a network's largest maps
/// then takes some 270 MB in half precision.
const CALL_PX: usize = 8 << 20;

/// Noise levels at which the two are compared.
const TRIAL_SIGMAS: [f64; 2] = [0.4, 20.0];

/// Side of the picture on which they are.
const TRIAL_SIDE: usize = 48;

/// What a network is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Question<'a> {
    /// Width and height of its pictures.
    pub size: (usize, usize),
    /// The noisy picture; none at a level at which it is not looked at.
    pub x: Option<&'a Picture>,
    /// The decoded one, if there is one.
    pub y: Option<&'a Picture>,
    /// Noise level and tables.
    pub case: Case,
}

impl Joins for Question<'_> {
    /// Noise level and tables are each picture's own.
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
    /// Plainly, one libtorch operator after another, in f32 on a CPU: to be measured against.
    Plain,
}

/// The network, and its fast form where it has one.
pub(crate) struct Engine<N> {
    plain: N,
    fast: Option<Fast>,
    /// Of the plain network.
    plain_kind: Kind,
    caution: Option<String>,
    device: Device,
    parts_agree: OnceCell<bool>,
}

impl<N: Wired> Engine<N> {
    /// Loads every tensor of `source` into the network that `build` makes in a kind.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when it does not fit, [`Error::Backend`].
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

    /// Becomes `half`, the same network in another kind, if that agrees.
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

    /// Takes the fast form into use, in `kind` or else in f32, as far as that agrees.
    fn quicken(&mut self, kind: Kind) {
        let mut cautions = Vec::new();
        let kinds = match kind {
            Kind::BFloat16 => &[Kind::BFloat16, Kind::Float][..],
            _ => &[Kind::Float],
        };
        for &kind in kinds {
            let tried = match Fast::of(&self.plain, kind) {
                Ok(fast) => self.try_out(fast),
                // Then the plain network computes the same, only slower.
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

    /// Why what was asked for is not computed as it should be, if it is not.
    pub fn caution(&self) -> Option<&str> {
        self.caution.as_deref()
    }

    /// Of weights and maps.
    pub fn kind(&self) -> Kind {
        match &self.fast {
            Some(fast) => fast.kind,
            None => self.plain_kind,
        }
    }

    /// Bytes of this process that maps take for each pixel of a picture, about: three of the head's
    /// at once, half of another and some room, or five where one operator follows another.
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

    /// From this σ on x is not looked at.
    pub fn one_call_sigma(&self) -> f64 {
        self.plain.one_call_sigma()
    }

    /// The fast form, if it is in use and computes parts of a map bit for bit as the whole.
    pub fn in_parts(&self) -> Option<&Fast> {
        let agree = || kept_maps::parts_agree(self).unwrap_or(false);
        let fast = self.fast.as_ref()?;
        self.parts_agree.get_or_init(agree).then_some(fast)
    }

    /// The fast form's layers in the one-call case.
    ///
    /// # Errors
    /// [`Error::Backend`].
    pub fn blind<'a>(&'a self, fast: &'a Fast, case: Case) -> Result<Run<'a>> {
        fast.told(&self.plain, case, false)
    }

    /// The fast form, tried or not.
    pub fn fast(&self) -> Option<&Fast> {
        self.fast.as_ref()
    }

    /// What x, y and F weigh in the answer of `case`.
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

    /// The estimates of questions that join each other: in one call of the plain network. The
    /// fast one has its FiLM in its weights, which are those of one case, and gains nothing.
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

    /// `picture`, or zeros where there is none.
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

    /// Answers to what is compared.
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

/// `[1, C, H, W]` each to `[N, C, H, W]`.
fn stack(pictures: impl Iterator<Item = Result<Tensor>>) -> Result<Tensor> {
    let pictures = pictures.collect::<Result<Vec<_>>>()?;
    Ok(Tensor::f_cat(&pictures, 0)?)
}

/// Whether answers in `kind` are those of f32 but for rounding.
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

/// A case in which everything is told.
pub(crate) fn trial_case(sigma: f64) -> Case {
    let mut tables = [0.5; conditioning::LENGTH];
    tables[0] = 1.0;
    Case { sigma, tables }
}

/// A square picture with something at every frequency, and no randomness.
pub(crate) fn trial_picture(side: usize, seed: usize) -> Picture {
    let mut picture = Picture::new(3, side, side);
    for (i, sample) in picture.data.iter_mut().enumerate() {
        let hash = (i + seed * 7919).wrapping_mul(0x9e37_79b9) % 1000;
        *sample = hash as f32 / 1000.0 - 0.5 + 0.5 * (i as f32 / 300.0).sin();
    }
    picture
}

#[cfg(test)]
mod engine_tests;
