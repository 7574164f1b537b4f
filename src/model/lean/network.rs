//! F: the layers of the lean network. Module path = checkpoint key.
//!
//! A U-net at 1/2, 1/4 and 1/8 of the resolution: residual blocks conv–ReLU–conv with FiLM
//! from σ and the tables, 2x2 strided convolutions down, transposed ones up.

use std::collections::BTreeMap;

use tch::{Kind, Tensor};

use crate::error::Result;
use crate::model::lean::shape::Config;
use crate::model::own::OwnNetwork;
use crate::runtime::conv_engine::{Block, Conv, Embedding, Entry, Wired, Wiring};
use crate::runtime::conv_net::edm::{Case, Core};
use crate::runtime::tensors::load::channels_last;
use crate::runtime::tensors::source::Weights;

/// The network, on one device, in one kind.
pub(crate) struct Network {
    embedding: Embedding,
    head: Conv,
    head_hint: Conv,
    down: [Vec<Block>; 2],
    shrink: [Conv; 2],
    middle: Vec<Block>,
    grow: [Conv; 2],
    up: [Vec<Block>; 2],
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
        let [a, b, c] = config.channels;
        let [n1, n2, n3] = config.blocks;
        let e = config.embedding;
        let blocks = |weights: &mut dyn Weights, key: &str, count: usize, channels: i64| {
            Block::several(weights, key, count, (channels, e), kind)
        };
        Ok(Self {
            embedding: Embedding::load(weights, e)?,
            head: Conv::load(weights, "head", [a, 12, 3, 3], kind),
            head_hint: Conv::load(weights, "headc", [a, 12, 3, 3], kind),
            down: [blocks(weights, "d1", n1, a), blocks(weights, "d2", n2, b)],
            shrink: [
                Conv::load(weights, "dn1", [b, a, 2, 2], kind),
                Conv::load(weights, "dn2", [c, b, 2, 2], kind),
            ],
            middle: blocks(weights, "mid", n3, c),
            grow: [
                Conv::doubling(weights, "up1", [b, a, 2, 2], kind),
                Conv::doubling(weights, "up2", [c, b, 2, 2], kind),
            ],
            up: [blocks(weights, "u1", n1, a), blocks(weights, "u2", n2, b)],
            tail: Conv::load(weights, "tail", [12, a, 3, 3], kind),
            one_call_sigma: config.one_call_sigma,
            kind,
        })
    }
}

impl Network {
    /// `[N, 3, H, W]` f32 to `[N, 12, H/2, W/2]` in the network's kind, channels_last.
    fn enter(&self, x: &Tensor) -> Result<Tensor> {
        Ok(channels_last(
            &x.f_pixel_unshuffle(2)?.f_to_kind(self.kind)?,
        )?)
    }
}

impl Wired for Network {
    fn entry(&self) -> Entry {
        Entry {
            fold: 2,
            place: false,
        }
    }

    fn heads(&self) -> [&Conv; 2] {
        [&self.head, &self.head_hint]
    }

    fn wiring(&self) -> Wiring<'_> {
        let mut wiring = Wiring::default();
        let a = wiring.blocks(&self.down[0], Wiring::HEAD);
        let h = wiring.conv(&self.shrink[0], a);
        let h = wiring.blocks(&self.down[1], h);
        let m = wiring.conv(&self.shrink[1], h);
        let m = wiring.blocks(&self.middle, m);
        let h = wiring.conv_onto(h, &self.grow[1], m);
        let h = wiring.blocks(&self.up[1], h);
        let a = wiring.conv_onto(a, &self.grow[0], h);
        let a = wiring.blocks(&self.up[0], a);
        wiring.conv(&self.tail, a);
        wiring
    }

    fn told(&self, case: Case) -> Result<Tensor> {
        self.embedding.forward(&[case])
    }
}

impl Core for Network {
    /// H and W multiples of 8.
    fn forward(&self, x: &Tensor, y: &Tensor, cases: &[Case]) -> Result<Tensor> {
        let e = self.embedding.forward(cases)?;
        let a = self.head.forward(&self.enter(x)?)?;
        let a = a.f_add(&self.head_hint.forward(&self.enter(y)?)?)?;
        let a = Block::run(&self.down[0], a, &e)?;
        let h = Block::run(&self.down[1], self.shrink[0].forward(&a)?, &e)?;
        let m = Block::run(&self.middle, self.shrink[1].forward(&h)?, &e)?;
        let h = Block::run(&self.up[1], h.f_add(&self.grow[1].forward(&m)?)?, &e)?;
        let a = Block::run(&self.up[0], a.f_add(&self.grow[0].forward(&h)?)?, &e)?;
        let out = self.tail.forward(&a)?.f_pixel_shuffle(2)?;
        Ok(out.f_to_kind(Kind::Float)?)
    }

    fn one_call_sigma(&self) -> f64 {
        self.one_call_sigma
    }
}
