//! How the layers of a network of ours hang together, said once: whoever runs them, whole or in
//! part, goes by it.
//!
//! Maps have numbers: 0 is the input, 1 what the head makes of it, each layer after it makes the
//! next. Written by `lean` and `nano`, read by `fast`.

use tch::Tensor;

use crate::error::Result;
use crate::runtime::conv_engine::ends::Entry;
use crate::runtime::conv_net::edm::{Case, Core};
use crate::runtime::conv_net::layers::{Block, Conv};

/// A network of ours that has a fast form.
pub(crate) trait Wired: Core + 'static {
    /// How pictures become its input.
    fn entry(&self) -> Entry;

    /// The convolutions of x and of the hint whose sum is map 1.
    fn heads(&self) -> [&Conv; 2];

    /// The layers after the head.
    fn wiring(&self) -> Wiring<'_>;

    /// What the blocks are told in one case, `[1, embedding]`.
    ///
    /// # Errors
    /// libtorch's.
    fn told(&self, case: Case) -> Result<Tensor>;
}

/// One layer: its weights, the map that it reads and the one that its result is added to.
pub(crate) struct Layer<'a> {
    pub weights: Weights<'a>,
    pub from: usize,
    pub onto: Option<usize>,
}

/// What a layer computes.
#[derive(Clone, Copy)]
pub(crate) enum Weights<'a> {
    /// A convolution, plain or transposed.
    Plain(&'a Conv),
    /// The first convolution of a block, with FiLM and ReLU.
    First(&'a Block),
}

/// The layers of a network after its head, in the order in which they run.
#[derive(Default)]
pub(crate) struct Wiring<'a> {
    pub layers: Vec<Layer<'a>>,
}

impl<'a> Wiring<'a> {
    /// The number of the head's map.
    pub const HEAD: usize = 1;

    /// `conv` of the map `from`; answers the number of its map.
    pub fn conv(&mut self, conv: &'a Conv, from: usize) -> usize {
        self.push(Weights::Plain(conv), from, None)
    }

    /// The map `onto` plus `conv` of the map `from`.
    pub fn conv_onto(&mut self, onto: usize, conv: &'a Conv, from: usize) -> usize {
        self.push(Weights::Plain(conv), from, Some(onto))
    }

    /// The map `from` through `blocks`.
    pub fn blocks(&mut self, blocks: &'a [Block], from: usize) -> usize {
        blocks.iter().fold(from, |from, block| {
            let inner = self.push(Weights::First(block), from, None);
            self.conv_onto(from, &block.c2, inner)
        })
    }

    fn push(&mut self, weights: Weights<'a>, from: usize, onto: Option<usize>) -> usize {
        self.layers.push(Layer {
            weights,
            from,
            onto,
        });
        Self::HEAD + self.layers.len()
    }
}
