//! Weights in the form that is fastest for oneDNN: packed, with FiLM folded in.
//!
//! σ and the tables are the same for all pixels of a call, so FiLM's scale and shift can be applied
//! to a convolution's weights and bias, in f32. Called by `packed_net`.

use tch::{Kind, Tensor};

use crate::error::Result;
use crate::runtime::conv_net::layers::{Block, Conv};
use crate::runtime::native::packed::{Geometry, PackedConv};
use crate::runtime::tensors::load::channels_last;

/// What weights are packed for.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    /// bf16 or f32.
    pub kind: Kind,
    /// Approximate side of the maps in pixels.
    pub side: i64,
}

/// Packs `conv` for maps of that kind and size.
///
/// # Errors
/// [`crate::Error::Backend`] when oneDNN has no such convolution here.
pub(crate) fn pack(conv: &Conv, target: Target) -> Result<PackedConv> {
    pack_parts(&conv.weight, &conv.bias, conv, target)
}

/// c1(x)·(1 + s) + b = (c1.weight·(1 + s))(x) + c1.bias·(1 + s) + b for the embedding `e`.
///
/// # Errors
/// As [`pack`].
pub(crate) fn pack_first(block: &Block, e: &Tensor, target: Target) -> Result<PackedConv> {
    let film = block.film.forward(e)?.f_flatten(0, -1)?;
    let parts = film.f_chunk(2, 0)?;
    let gain = parts[0].f_add_scalar(1.0)?;
    let bias = block.c1.bias.f_mul(&gain)?.f_add(&parts[1])?;
    let weight = block.c1.weight.f_mul(&gain.f_reshape([-1, 1, 1, 1])?)?;
    pack_parts(&weight, &bias, &block.c1, target)
}

/// Both heads as one convolution, of the channels of x and those of the hint. If x is not used,
/// only of the hint's channels, plus the other head's result for zeros.
///
/// # Errors
/// As [`pack`].
pub(crate) fn pack_heads([x, y]: [&Conv; 2], sees: bool, target: Target) -> Result<PackedConv> {
    let bias = x.bias.f_add(&y.bias)?;
    match sees {
        true => {
            let weight = Tensor::f_cat(&[&x.weight, &y.weight], 1)?;
            pack_parts(&weight, &bias, y, target)
        }
        false => pack_parts(&y.weight, &bias, y, target),
    }
}

fn pack_parts(weight: &Tensor, bias: &Tensor, like: &Conv, target: Target) -> Result<PackedConv> {
    let Target { kind, side } = target;
    let geometry = Geometry {
        padding: like.padding,
        stride: like.stride,
    };
    let input = [1, weight.size4()?.1, side, side];
    let weight = channels_last(&weight.f_to_kind(kind)?)?;
    PackedConv::new(&weight, &bias.f_to_kind(kind)?, geometry, input)
}
