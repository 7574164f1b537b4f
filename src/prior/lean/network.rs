//! F: the layers of the lean network. Module path = checkpoint key.
//!
//! A U-net at 1/2, 1/4 and 1/8 of the resolution: residual blocks conv–ReLU–conv with FiLM
//! from σ and the tables, 2x2 strided convolutions down, transposed ones up. channels_last
//! throughout; the embedding is f32.

use tch::{Kind, Tensor};

use super::config::Config;
use super::tables::LENGTH;
use crate::error::Result;
use crate::prior::load::{Loader, channels_last};
use crate::prior::meter;

/// Frequencies of the sinusoids of ln(σ) / 2: half as many as the embedding is long.
const LOWEST_FREQUENCY: f64 = 0.25;
const HIGHEST_FREQUENCY: f64 = 8.0;

/// A convolution, plain or transposed, in the network's kind.
pub(super) struct Conv {
    pub weight: Tensor,
    pub bias: Tensor,
    pub stride: i64,
    pub padding: i64,
    transposed: bool,
}

impl Conv {
    fn load(loader: &mut Loader<'_>, key: &str, shape: [i64; 4], kind: Kind) -> Result<Self> {
        let transposed = key.starts_with("up");
        let output = if transposed { shape[1] } else { shape[0] };
        let weight = loader.conv_weight(&format!("{key}.weight"), &shape, kind);
        let bias = loader.tensor_as(&format!("{key}.bias"), &[output], kind);
        let side = shape[3];
        Ok(Self {
            weight,
            bias,
            stride: if side == 2 { 2 } else { 1 },
            padding: (side - 1) / 2,
            transposed,
        })
    }

    /// The same in another kind.
    pub fn to_kind(&self, kind: Kind) -> Result<Self> {
        Ok(Self {
            weight: channels_last(&self.weight.f_to_kind(kind)?)?,
            bias: self.bias.f_to_kind(kind)?,
            ..*self
        })
    }

    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (stride, padding) = ([self.stride; 2], [self.padding; 2]);
        let (weight, bias) = (&self.weight, Some(&self.bias));
        // Each input of a transposed convolution meets every weight once.
        let step = if self.transposed { 1 } else { self.stride };
        let macs = meter::convolution(&x.size(), weight.numel() as i64, step);
        meter::product(macs, || {
            Ok(match self.transposed {
                true => x.f_conv_transpose2d(weight, bias, stride, padding, [0, 0], 1, [1, 1])?,
                false => x.f_conv2d(weight, bias, stride, padding, [1, 1], 1)?,
            })
        })
    }
}

/// A fully connected layer in f32.
pub(super) struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    fn load(loader: &mut Loader<'_>, key: &str, input: i64, output: i64) -> Self {
        Self {
            weight: loader.tensor(&format!("{key}.weight"), &[output, input]),
            bias: loader.tensor(&format!("{key}.bias"), &[output]),
        }
    }

    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.f_linear(&self.weight, Some(&self.bias))?)
    }
}

/// x + c2(relu(c1(x) · (1 + s) + b)), \[s, b\] = film(e).
pub(super) struct Block {
    pub c1: Conv,
    pub c2: Conv,
    pub film: Linear,
    kind: Kind,
}

impl Block {
    fn load(
        loader: &mut Loader<'_>,
        key: &str,
        channels: i64,
        embedding: i64,
        kind: Kind,
    ) -> Result<Self> {
        let shape = [channels, channels, 3, 3];
        Ok(Self {
            c1: Conv::load(loader, &format!("{key}.c1"), shape, kind)?,
            c2: Conv::load(loader, &format!("{key}.c2"), shape, kind)?,
            film: Linear::load(loader, &format!("{key}.film"), embedding, 2 * channels),
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
    pub head: Conv,
    pub head_hint: Conv,
    pub down: [Vec<Block>; 2],
    pub shrink: [Conv; 2],
    pub middle: Vec<Block>,
    pub grow: [Conv; 2],
    pub up: [Vec<Block>; 2],
    pub tail: Conv,
    one_call_sigma: f64,
    kind: Kind,
}

impl Network {
    /// Takes every tensor from `loader`; faults are told by its `finish`.
    pub fn load(config: &Config, loader: &mut Loader<'_>, kind: Kind) -> Result<Self> {
        let [a, b, c] = config.channels;
        let [n1, n2, n3] = config.blocks;
        let e = config.embedding;
        let blocks = |loader: &mut Loader<'_>, key: &str, count: usize, channels: i64| {
            (0..count)
                .map(|i| Block::load(loader, &format!("{key}.{i}"), channels, e, kind))
                .collect::<Result<Vec<_>>>()
        };
        let conv = |loader: &mut Loader<'_>, key: &str, shape: [i64; 4]| {
            Conv::load(loader, key, shape, kind)
        };
        Ok(Self {
            frequencies: frequencies(e / 2)?.f_to_device(loader.device())?,
            embed: [
                Linear::load(loader, "emb.0", e, 2 * e),
                Linear::load(loader, "emb.2", 2 * e, e),
            ],
            tables: Linear::load(loader, "qe", LENGTH as i64, e),
            head: conv(loader, "head", [a, 12, 3, 3])?,
            head_hint: conv(loader, "headc", [a, 12, 3, 3])?,
            down: [blocks(loader, "d1", n1, a)?, blocks(loader, "d2", n2, b)?],
            shrink: [
                conv(loader, "dn1", [b, a, 2, 2])?,
                conv(loader, "dn2", [c, b, 2, 2])?,
            ],
            middle: blocks(loader, "mid", n3, c)?,
            grow: [
                conv(loader, "up1", [b, a, 2, 2])?,
                conv(loader, "up2", [c, b, 2, 2])?,
            ],
            up: [blocks(loader, "u1", n1, a)?, blocks(loader, "u2", n2, b)?],
            tail: conv(loader, "tail", [12, a, 3, 3])?,
            one_call_sigma: config.one_call_sigma,
            kind,
        })
    }

    /// From this σ on only the hint is looked at.
    pub fn one_call_sigma(&self) -> f64 {
        self.one_call_sigma
    }

    /// F(x, σ, y, tables): `[N, 3, H, W]` f32 to the same, H and W multiples of 8.
    pub fn forward(
        &self,
        x: &Tensor,
        sigma: f64,
        y: &Tensor,
        tables: &[f32; LENGTH],
    ) -> Result<Tensor> {
        let e = self.embedding(sigma, tables)?;
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

    /// `[N, 3, H, W]` f32 to `[N, 12, H/2, W/2]` in the network's kind, channels_last.
    fn enter(&self, x: &Tensor) -> Result<Tensor> {
        Ok(channels_last(
            &x.f_pixel_unshuffle(2)?.f_to_kind(self.kind)?,
        )?)
    }

    /// e = SiLU(emb(sin u, cos u)) + qe(tables), u = ln(σ) / 2 · frequencies; `[1, embedding]`.
    pub fn embedding(&self, sigma: f64, tables: &[f32; LENGTH]) -> Result<Tensor> {
        let device = self.frequencies.device();
        let u = self.frequencies.f_mul_scalar(sigma.ln() / 2.0)?;
        let waves = Tensor::f_cat(&[u.f_sin()?, u.f_cos()?], 0)?.f_unsqueeze(0)?;
        let e = self.embed[0].forward(&waves)?.f_silu()?;
        let e = self.embed[1].forward(&e)?.f_silu()?;
        let tables = Tensor::f_from_slice(tables)?.f_to_device(device)?;
        Ok(e.f_add(&self.tables.forward(&tables.f_unsqueeze(0)?)?)?)
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
