//! The same network for a CPU in bf16: packed weights, FiLM folded into them, ReLU and
//! residuals fused into the convolutions.
//!
//! σ and the tables are the same for all pixels of a call, so FiLM's scale and shift are a
//! change of `c1`'s weights and bias, made in f32 and kept for the next call with the same.
//! Built from the plain network in f32, which is what it is tested against.

use std::cell::{Ref, RefCell};

use tch::{Kind, Tensor};

use super::network::Network;
use crate::error::Result;
use crate::prior::edm::Case;
use crate::prior::film::{Block, Conv};
use crate::prior::load::channels_last;
use crate::prior::native::packed::{Geometry, PackedConv};
use crate::prior::tables::LENGTH;

/// Sets of folded weights that are kept: more than the presets of few calls have steps.
const FOLDS_KEPT: usize = 8;

/// Side of the maps at half resolution that weights are packed for; it is no limit.
const TYPICAL_SIDE: i64 = 256;

/// Factors by which the five rows of blocks are smaller than the half resolution.
const STAGES: [i64; 5] = [1, 2, 4, 2, 1];

/// σ and tables, as bits.
type Told = (u64, [u32; LENGTH]);

/// One packed convolution for each block, in the five rows of [`STAGES`].
type Rows = [Vec<PackedConv>; 5];

/// What FiLM does not change, packed, and what it changed lately.
pub(super) struct Fast {
    head: PackedConv,
    second: Rows,
    shrink: [PackedConv; 2],
    grow: [Grow; 2],
    tail: PackedConv,
    folds: RefCell<Vec<(Told, Rows)>>,
}

impl Fast {
    /// Packs what can be packed of `network`, which must be f32 on the CPU.
    ///
    /// # Errors
    /// [`crate::Error::Backend`] when oneDNN has no such convolutions here.
    pub fn of(network: &Network) -> Result<Self> {
        let [d1, d2] = &network.down;
        let [u1, u2] = &network.up;
        let second = |blocks: &[Block], shrunk| -> Result<Vec<PackedConv>> {
            blocks.iter().map(|block| pack(&block.c2, shrunk)).collect()
        };
        let [s0, s1, s2, s3, s4] = STAGES;
        Ok(Self {
            head: pack_heads(network)?,
            second: [
                second(d1, s0)?,
                second(d2, s1)?,
                second(&network.middle, s2)?,
                second(u2, s3)?,
                second(u1, s4)?,
            ],
            shrink: [pack(&network.shrink[0], 1)?, pack(&network.shrink[1], 2)?],
            grow: [Grow::of(&network.grow[0])?, Grow::of(&network.grow[1])?],
            tail: pack(&network.tail, 1)?,
            folds: RefCell::default(),
        })
    }

    /// F of `input` `[1, 24, h, w]`: x and y at half resolution, bf16 channels_last. The
    /// result is `[1, 12, h, w]`, its shuffle still to be done. `network` is what this is of.
    ///
    /// # Errors
    /// [`crate::Error::Backend`].
    pub fn forward(&self, network: &Network, input: &Tensor, case: Case) -> Result<Tensor> {
        let first = self.fold(network, case)?;
        let row = |i: usize, x: Tensor| run(&first[i], &self.second[i], x);
        let a = row(0, self.head.forward(input)?)?;
        let h = row(1, self.shrink[0].forward(&a)?)?;
        let m = row(2, self.shrink[1].forward(&h)?)?;
        let h = row(3, self.grow[1].add_to(h, &m)?)?;
        let a = row(4, self.grow[0].add_to(a, &h)?)?;
        self.tail.forward(&a)
    }

    /// The first convolutions of all blocks for this σ and these tables: kept ones, or new.
    fn fold(&self, network: &Network, case: Case) -> Result<Ref<'_, Rows>> {
        let told = (case.sigma.to_bits(), case.tables.map(f32::to_bits));
        let found = self.folds.borrow().iter().position(|(key, _)| *key == told);
        let entry = match found {
            Some(at) => self.folds.borrow_mut().remove(at),
            None => (told, fold(network, &network.told(case)?)?),
        };
        let mut folds = self.folds.borrow_mut();
        if folds.len() == FOLDS_KEPT {
            folds.remove(0);
        }
        folds.push(entry);
        drop(folds);
        let last = |folds: &Vec<(Told, Rows)>| folds.len() - 1;
        Ok(Ref::map(self.folds.borrow(), |folds| &folds[last(folds)].1))
    }
}

/// x + c2(relu(c1(x))) block by block; `x` is overwritten.
fn run(first: &[PackedConv], second: &[PackedConv], x: Tensor) -> Result<Tensor> {
    for (c1, c2) in first.iter().zip(second) {
        c2.add_to(&x, &c1.forward_relu(&x)?)?;
    }
    Ok(x)
}

/// c1 of every block with the FiLM of the embedding `e` in its weights.
fn fold(network: &Network, e: &Tensor) -> Result<Rows> {
    let [d1, d2] = &network.down;
    let [u1, u2] = &network.up;
    let row = |blocks: &[Block], shrunk| -> Result<Vec<PackedConv>> {
        let folded = blocks.iter().map(|block| fold_block(block, e, shrunk));
        folded.collect()
    };
    let [s0, s1, s2, s3, s4] = STAGES;
    Ok([
        row(d1, s0)?,
        row(d2, s1)?,
        row(&network.middle, s2)?,
        row(u2, s3)?,
        row(u1, s4)?,
    ])
}

/// c1(x)·(1 + s) + b = (c1.weight·(1 + s))(x) + c1.bias·(1 + s) + b.
fn fold_block(block: &Block, e: &Tensor, shrunk: i64) -> Result<PackedConv> {
    let film = block.film.forward(e)?.f_flatten(0, -1)?;
    let parts = film.f_chunk(2, 0)?;
    let gain = parts[0].f_add_scalar(1.0)?;
    let bias = block.c1.bias.f_mul(&gain)?.f_add(&parts[1])?;
    let weight = block.c1.weight.f_mul(&gain.f_reshape([-1, 1, 1, 1])?)?;
    pack_parts(&weight, &bias, &block.c1, shrunk)
}

/// Both heads as one over `[x | y]`: head(x) + headc(y).
fn pack_heads(network: &Network) -> Result<PackedConv> {
    let (x, y) = (&network.head, &network.head_hint);
    let weight = Tensor::f_cat(&[&x.weight, &y.weight], 1)?;
    pack_parts(&weight, &x.bias.f_add(&y.bias)?, x, 1)
}

fn pack(conv: &Conv, shrunk: i64) -> Result<PackedConv> {
    pack_parts(&conv.weight, &conv.bias, conv, shrunk)
}

fn pack_parts(weight: &Tensor, bias: &Tensor, like: &Conv, shrunk: i64) -> Result<PackedConv> {
    let geometry = Geometry {
        padding: like.padding,
        stride: like.stride,
    };
    let side = TYPICAL_SIDE / shrunk;
    let input = [1, weight.size4()?.1, side, side];
    let half = channels_last(&weight.f_to_kind(Kind::BFloat16)?)?;
    PackedConv::new(&half, &bias.f_to_kind(Kind::BFloat16)?, geometry, input)
}

/// A transposed convolution, which oneDNN's fused operators have no sum for.
struct Grow(Conv);

impl Grow {
    fn of(conv: &Conv) -> Result<Self> {
        Ok(Self(conv.to_kind(Kind::BFloat16)?))
    }

    /// `skip` + the doubled `x`; `skip` is overwritten.
    fn add_to(&self, mut skip: Tensor, x: &Tensor) -> Result<Tensor> {
        Ok(skip.f_add_(&self.0.forward(x)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prior::lean::config::Config;
    use crate::prior::lean::embedded_checkpoint;
    use crate::prior::load::Loader;
    use crate::prior::native::memory::is_channels_last;
    use crate::prior::tensors::TensorSource;
    use tch::Device;

    fn network() -> Network {
        let source = embedded_checkpoint().unwrap();
        let config = Config::of(source.metadata()).unwrap();
        let mut loader = Loader::new(&source, Device::Cpu, Kind::Float);
        Network::load(&config, &mut loader, Kind::Float).unwrap()
    }

    fn case(sigma: f64) -> Case {
        let tables = [0.5; LENGTH];
        Case { sigma, tables }
    }

    fn input() -> Tensor {
        let flat = Tensor::randn([1, 24, 32, 40], (Kind::Float, Device::Cpu));
        channels_last(&flat.to_kind(Kind::BFloat16)).unwrap()
    }

    /// A result in another order would mean that every layer reorders its input in silence.
    #[test]
    fn every_layer_keeps_channels_last() {
        tch::no_grad(|| {
            let network = network();
            let fast = Fast::of(&network).unwrap();
            let first = fast.fold(&network, case(0.3)).unwrap();
            let check = |x: Tensor| {
                assert!(is_channels_last(&x), "{:?} {:?}", x.size(), x.stride());
                x
            };
            let a = check(fast.head.forward(&input()).unwrap());
            let a = check(first[0][0].forward_relu(&a).unwrap());
            let h = check(fast.shrink[0].forward(&a).unwrap());
            let grown = check(fast.grow[0].0.forward(&h).unwrap());
            let _ = check(fast.tail.forward(&grown).unwrap());
        });
    }

    #[test]
    fn folded_weights_are_kept_and_the_oldest_goes() {
        tch::no_grad(|| {
            let network = network();
            let fast = Fast::of(&network).unwrap();
            let mut seen = Vec::new();
            for sigma in 1..=FOLDS_KEPT + 2 {
                let fold = fast.fold(&network, case(sigma as f64)).unwrap();
                seen.push(fold[0].as_ptr());
            }
            let folds = fast.folds.borrow();
            assert_eq!(folds.len(), FOLDS_KEPT);
            assert_eq!(folds[0].0.0, 3f64.to_bits());
            drop(folds);
            let again = fast.fold(&network, case(5.0)).unwrap();
            assert_eq!(again[0].as_ptr(), seen[4]);
        });
    }
}
