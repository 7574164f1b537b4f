//! F: the layers of the lean network. Module path = checkpoint key.
//!
//! A U-net at 1/2, 1/4 and 1/8 of the resolution: residual blocks conv–ReLU–conv with FiLM
//! from σ and the tables, 2x2 strided convolutions down, transposed ones up. channels_last
//! throughout; the embedding is f32.

use tch::{Kind, Tensor};

use super::config::Config;
use crate::prior::tables::LENGTH;
use crate::error::Result;
use crate::prior::edm::{Case, Core};
use crate::prior::load::channels_last;
use crate::prior::weights::Weights;

/// Frequencies of the sinusoids of ln(σ) / 2: half as many as the embedding is long.
const LOWEST_FREQUENCY: f64 = 0.25;
const HIGHEST_FREQUENCY: f64 = 8.0;

/// A convolution, plain or transposed, in the network's kind.
struct Conv {
    weight: Tensor,
    bias: Tensor,
    stride: i64,
    padding: i64,
    transposed: bool,
}

impl Conv {
    fn load(weights: &mut dyn Weights, key: &str, shape: [i64; 4], kind: Kind) -> Result<Self> {
        let transposed = key.starts_with("up");
        let output = if transposed { shape[1] } else { shape[0] };
        let weight = weights.conv_weight(&format!("{key}.weight"), &shape, kind);
        let bias = weights.tensor_as(&format!("{key}.bias"), &[output], kind);
        let side = shape[3];
        Ok(Self {
            weight,
            bias,
            stride: if side == 2 { 2 } else { 1 },
            padding: (side - 1) / 2,
            transposed,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (stride, padding) = ([self.stride; 2], [self.padding; 2]);
        let bias = Some(&self.bias);
        Ok(match self.transposed {
            true => x.f_conv_transpose2d(&self.weight, bias, stride, padding, [0, 0], 1, [1, 1])?,
            false => x.f_conv2d(&self.weight, bias, stride, padding, [1, 1], 1)?,
        })
    }
}

/// A fully connected layer in f32.
struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    fn load(weights: &mut dyn Weights, key: &str, input: i64, output: i64) -> Self {
        Self {
            weight: weights.tensor_as(&format!("{key}.weight"), &[output, input], Kind::Float),
            bias: weights.tensor_as(&format!("{key}.bias"), &[output], Kind::Float),
        }
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.f_linear(&self.weight, Some(&self.bias))?)
    }
}

/// x + c2(relu(c1(x) · (1 + s) + b)), \[s, b\] = film(e).
struct Block {
    c1: Conv,
    c2: Conv,
    film: Linear,
    kind: Kind,
}

impl Block {
    fn load(
        weights: &mut dyn Weights,
        key: &str,
        channels: i64,
        embedding: i64,
        kind: Kind,
    ) -> Result<Self> {
        let shape = [channels, channels, 3, 3];
        Ok(Self {
            c1: Conv::load(weights, &format!("{key}.c1"), shape, kind)?,
            c2: Conv::load(weights, &format!("{key}.c2"), shape, kind)?,
            film: Linear::load(weights, &format!("{key}.film"), embedding, 2 * channels),
            kind,
        })
    }

    fn forward(&self, x: &Tensor, e: &Tensor) -> Result<Tensor> {
        let film = self.film.forward(e)?.f_to_kind(self.kind)?;
        let film = film.f_unsqueeze(-1)?.f_unsqueeze(-1)?;
        let parts = film.f_chunk(2, 1)?;
        let mut h = self.c1.forward(x)?;
        h = h.f_mul(&parts[0].f_add_scalar(1.0)?)?;
        h = h.f_add_(&parts[1])?.f_relu_()?;
        Ok(self.c2.forward(&h)?.f_add_(x)?)
    }
}

fn run(blocks: &[Block], x: Tensor, e: &Tensor) -> Result<Tensor> {
    blocks.iter().try_fold(x, |x, block| block.forward(&x, e))
}

/// The network, on one device, in one kind.
pub(super) struct Network {
    frequencies: Tensor,
    embed: [Linear; 2],
    tables: Linear,
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

impl Network {
    /// Takes every tensor from `weights`, whose business faults are.
    pub fn load(config: &Config, weights: &mut dyn Weights, kind: Kind) -> Result<Self> {
        let [a, b, c] = config.channels;
        let [n1, n2, n3] = config.blocks;
        let e = config.embedding;
        let blocks = |weights: &mut dyn Weights, key: &str, count: usize, channels: i64| {
            (0..count)
                .map(|i| Block::load(weights, &format!("{key}.{i}"), channels, e, kind))
                .collect::<Result<Vec<_>>>()
        };
        let conv = |weights: &mut dyn Weights, key: &str, shape: [i64; 4]| {
            Conv::load(weights, key, shape, kind)
        };
        Ok(Self {
            frequencies: frequencies(e / 2)?.f_to_device(weights.device())?,
            embed: [
                Linear::load(weights, "emb.0", e, 2 * e),
                Linear::load(weights, "emb.2", 2 * e, e),
            ],
            tables: Linear::load(weights, "qe", LENGTH as i64, e),
            head: conv(weights, "head", [a, 12, 3, 3])?,
            head_hint: conv(weights, "headc", [a, 12, 3, 3])?,
            down: [blocks(weights, "d1", n1, a)?, blocks(weights, "d2", n2, b)?],
            shrink: [
                conv(weights, "dn1", [b, a, 2, 2])?,
                conv(weights, "dn2", [c, b, 2, 2])?,
            ],
            middle: blocks(weights, "mid", n3, c)?,
            grow: [
                conv(weights, "up1", [b, a, 2, 2])?,
                conv(weights, "up2", [c, b, 2, 2])?,
            ],
            up: [blocks(weights, "u1", n1, a)?, blocks(weights, "u2", n2, b)?],
            tail: conv(weights, "tail", [12, a, 3, 3])?,
            one_call_sigma: config.one_call_sigma,
            kind,
        })
    }

    /// `[N, 3, H, W]` f32 to `[N, 12, H/2, W/2]` in the network's kind, channels_last.
    fn enter(&self, x: &Tensor) -> Result<Tensor> {
        Ok(channels_last(
            &x.f_pixel_unshuffle(2)?.f_to_kind(self.kind)?,
        )?)
    }

    /// e = SiLU(emb(sin u, cos u)) + qe(tables), u = ln(σ) / 2 · frequencies;
    /// `[cases, embedding]`.
    fn embedding(&self, cases: &[Case]) -> Result<Tensor> {
        let device = self.frequencies.device();
        let column = |values: &[f32]| -> Result<Tensor> {
            let rows = Tensor::f_from_slice(values)?.f_view([cases.len() as i64, -1])?;
            Ok(rows.f_to_device(device)?)
        };
        let levels: Vec<f32> = cases.iter().map(|c| (c.sigma.ln() / 2.0) as f32).collect();
        let tables: Vec<f32> = cases.iter().flat_map(|c| c.tables).collect();
        let u = column(&levels)?.f_mul(&self.frequencies)?;
        let waves = Tensor::f_cat(&[u.f_sin()?, u.f_cos()?], 1)?;
        let e = self.embed[0].forward(&waves)?.f_silu()?;
        let e = self.embed[1].forward(&e)?.f_silu()?;
        Ok(e.f_add(&self.tables.forward(&column(&tables)?)?)?)
    }
}

impl Core for Network {
    /// F(x, σ, y, tables): `[N, 3, H, W]` f32 to the same, H and W multiples of 8; one case,
    /// or one for each of the N.
    fn forward(&self, x: &Tensor, y: &Tensor, cases: &[Case]) -> Result<Tensor> {
        let e = self.embedding(cases)?;
        let a = self.head.forward(&self.enter(x)?)?;
        let a = a.f_add(&self.head_hint.forward(&self.enter(y)?)?)?;
        let a = run(&self.down[0], a, &e)?;
        let h = run(&self.down[1], self.shrink[0].forward(&a)?, &e)?;
        let m = run(&self.middle, self.shrink[1].forward(&h)?, &e)?;
        let h = run(&self.up[1], h.f_add(&self.grow[1].forward(&m)?)?, &e)?;
        let a = run(&self.up[0], a.f_add(&self.grow[0].forward(&h)?)?, &e)?;
        let out = self.tail.forward(&a)?.f_pixel_shuffle(2)?;
        Ok(out.f_to_kind(Kind::Float)?)
    }

    fn one_call_sigma(&self) -> f64 {
        self.one_call_sigma
    }
}

/// `count` frequencies spaced evenly in their logarithm.
fn frequencies(count: i64) -> Result<Tensor> {
    let (low, high) = (LOWEST_FREQUENCY.ln(), HIGHEST_FREQUENCY.ln());
    let last = (count - 1).max(1) as f64;
    let values: Vec<f32> = (0..count)
        .map(|i| (low + (high - low) * (i as f64 / last)).exp() as f32)
        .collect();
    Ok(Tensor::f_from_slice(&values)?)
}
