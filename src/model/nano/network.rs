//! F: the layers of the nano network. Module path = checkpoint key.
//!
//! One scale, 1/4 of the resolution, on pixel-unshuffled input. A pixel there is a quarter of a
//! JPEG block; four more channels say which one, because a convolution does not know the position.
//! Then residual blocks with FiLM from σ and the tables.

use std::collections::BTreeMap;

use tch::{Device, Kind, Tensor};

use crate::error::Result;
use crate::model::nano::shape::Config;
use crate::model::own::OwnNetwork;
use crate::runtime::conv_engine;
use crate::runtime::conv_engine::{Block, Conv, Embedding, Entry, Wired, Wiring};
use crate::runtime::conv_net::edm::{Case, Core};
use crate::runtime::pinned;
use crate::runtime::tensors::load::channels_last;
use crate::runtime::tensors::source::Weights;

/// Side of the square of pixels that becomes one.
const FOLD: i64 = 4;
/// Channels of three folded planes.
const FOLDED: i64 = 3 * FOLD * FOLD;
/// Channels for the position of a folded pixel in its 16 x 16 pixels.
const PLACE: i64 = conv_engine::PLACE as i64;

/// The network, on one device, in one kind.
pub(crate) struct Network {
    embedding: Embedding,
    head: Conv,
    head_hint: Conv,
    blocks: Vec<Block>,
    tail: Conv,
    one_call_sigma: f64,
    kind: Kind,
}

impl OwnNetwork for Network {
    type Config = Config;

    fn config(metadata: &BTreeMap<String, String>) -> Result<Config> {
        Config::of(metadata)
    }

    fn load(config: &Config, weights: &mut dyn Weights, kind: Kind) -> Result<Self> {
        let (c, e) = (config.channels, config.embedding);
        let told = FOLDED + PLACE;
        Ok(Self {
            embedding: Embedding::load(weights, e)?,
            head: Conv::load(weights, "head", [c, FOLDED, 3, 3], kind),
            head_hint: Conv::load(weights, "headc", [c, told, 3, 3], kind),
            blocks: Block::several(weights, "mid", config.blocks, (c, e), kind),
            tail: Conv::load(weights, "tail", [FOLDED, c, 3, 3], kind),
            one_call_sigma: config.one_call_sigma,
            kind,
        })
    }
}

impl Network {
    /// `[N, C, H, W]` in the network's kind, channels_last.
    fn enter(&self, x: &Tensor) -> Result<Tensor> {
        Ok(channels_last(&x.f_to_kind(self.kind)?)?)
    }
}

/// [`conv_engine::place`] of every pixel of a map, `[1, 4, height, width]`.
fn place(height: i64, width: i64, device: Device) -> Result<Tensor> {
    let pixels = (0..height as usize).flat_map(|y| (0..width as usize).map(move |x| (x, y)));
    let values: Vec<f32> = pixels.flat_map(|(x, y)| conv_engine::place(x, y)).collect();
    let pixels = pinned::up(&values, &[1, height, width, PLACE], device)?;
    Ok(pixels.f_permute([0, 3, 1, 2])?)
}

impl Wired for Network {
    fn entry(&self) -> Entry {
        Entry {
            fold: FOLD as usize,
            place: true,
        }
    }

    fn heads(&self) -> [&Conv; 2] {
        [&self.head, &self.head_hint]
    }

    fn wiring(&self) -> Wiring<'_> {
        let mut wiring = Wiring::default();
        let a = wiring.blocks(&self.blocks, Wiring::HEAD);
        wiring.conv(&self.tail, a);
        wiring
    }

    fn told(&self, case: Case) -> Result<Tensor> {
        self.embedding.forward(&[case])
    }
}

impl Core for Network {
    /// H and W multiples of 4.
    fn forward(&self, x: &Tensor, y: &Tensor, cases: &[Case]) -> Result<Tensor> {
        let e = self.embedding.forward(cases)?;
        let y = y.f_pixel_unshuffle(FOLD)?;
        let (count, _, height, width) = y.size4()?;
        let place = place(height, width, y.device())?;
        let place = place.f_expand([count, PLACE, height, width], false)?;
        let hint = self.enter(&Tensor::f_cat(&[y, place], 1)?)?;
        let mut a = self.head_hint.forward(&hint)?;
        // In the one-call case x is ignored, which saves a sixteenth of the work.
        if cases.iter().any(|case| case.sigma < self.one_call_sigma) {
            a = a.f_add(
                &self
                    .head
                    .forward(&self.enter(&x.f_pixel_unshuffle(FOLD)?)?)?,
            )?;
        } else {
            a = a.f_add(&self.head.resting()?)?;
        }
        let a = Block::run(&self.blocks, a, &e)?;
        let out = self.tail.forward(&a)?.f_pixel_shuffle(FOLD)?;
        Ok(out.f_to_kind(Kind::Float)?)
    }

    fn one_call_sigma(&self) -> f64 {
        self.one_call_sigma
    }
}
