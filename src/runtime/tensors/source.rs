//! [`Weights`]: where a network gets its tensors from while it is built.
//!
//! A checkpoint's [`Loader`] returns fixed tensors; training returns views of the weights that it
//! changes. Both use the same code for the networks, so they cannot differ.

use tch::{Device, Kind, Tensor};

use crate::runtime::tensors::load::Loader;

/// Tensors by the checkpoint's own names.
pub trait Weights {
    /// Where the tensors are.
    fn device(&self) -> Device;

    /// The tensor `name` of that shape and kind.
    fn tensor_as(&mut self, name: &str, shape: &[i64], kind: Kind) -> Tensor;

    /// The same for a convolution `[out, in, kh, kw]`, laid out channels-last.
    fn conv_weight(&mut self, name: &str, shape: &[i64; 4], kind: Kind) -> Tensor;
}

impl Weights for Loader<'_> {
    fn device(&self) -> Device {
        Loader::device(self)
    }

    fn tensor_as(&mut self, name: &str, shape: &[i64], kind: Kind) -> Tensor {
        Loader::tensor_as(self, name, shape, kind)
    }

    fn conv_weight(&mut self, name: &str, shape: &[i64; 4], kind: Kind) -> Tensor {
        Loader::conv_weight(self, name, shape, kind)
    }
}
