//! How the layers of a network of this project are connected. All code that runs them, completely
//! or in part, uses this description.
//!
//! Maps are numbered: 0 is the input, 1 the result of the head, and each layer after it makes the
//! next. Written by `lean` and `nano`, read by `packed_net`.

use tch::Tensor;

use crate::error::Result;
use crate::runtime::conv_engine::ends::Entry;
use crate::runtime::conv_net::edm::{Case, Core};
use crate::runtime::conv_net::layers::{Block, Conv};

/// A network of this project that has a fast form.
pub(crate) trait Wired: Core + 'static {
    /// How pictures become its input.
    fn entry(&self) -> Entry;

    /// The convolutions of x and of the hint whose sum is map 1.
    fn heads(&self) -> [&Conv; 2];

    /// The layers after the head.
    fn wiring(&self) -> Wiring<'_>;

    /// The embedding for the blocks in one case, `[1, embedding]`.
    ///
    /// # Errors
    /// libtorch's.
    fn told(&self, case: Case) -> Result<Tensor>;
}

/// One layer: its weights, the map that it reads and the one to which its result is added.
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

    /// Adds `conv` of the map `from`. Returns the number of its map.
    pub fn conv(&mut self, conv: &'a Conv, from: usize) -> usize {
        self.push(Weights::Plain(conv), from, None)
    }

    /// Adds the map `onto` plus `conv` of the map `from`.
    pub fn conv_onto(&mut self, onto: usize, conv: &'a Conv, from: usize) -> usize {
        self.push(Weights::Plain(conv), from, Some(onto))
    }

    /// Adds `blocks` on the map `from`.
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
