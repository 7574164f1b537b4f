//! Two-dimensional convolution with bias, weights channels-last or packed.
//!
//! In bf16 on a CPU, without gradients, weights are packed for oneDNN when they are first
//! used, and only the packed ones are kept; everywhere else libtorch's own convolution runs.

use std::cell::{Ref, RefCell};

use tch::{Device, Kind, Tensor};

use crate::error::Result;
use crate::prior::load::Loader;
use crate::prior::meter;
use crate::prior::native::packed::{Geometry, PackedConv};

/// A convolution: `[N, in, H, W]` to `[N, out, H / stride, W / stride]`.
pub struct Conv2d {
    weights: RefCell<Weights>,
    bias: Tensor,
    geometry: Geometry,
}

enum Weights {
    /// As they were loaded, and still to be packed.
    Loaded(Tensor),
    /// As they were loaded, to stay so.
    Plain(Tensor),
    /// In oneDNN's order, with the bias.
    Packed(PackedConv),
}

/// Channels in, channels out, side of the kernel.
#[derive(Clone, Copy)]
pub struct ConvSize(pub i64, pub i64, pub i64);

impl Conv2d {
    /// `key.weight` and `key.bias`; stride 1, padded so that the size stays.
    pub fn load(loader: &mut Loader, key: &str, size: ConvSize, kind: Kind) -> Self {
        let ConvSize(input, output, side) = size;
        let shape = [output, input, side, side];
        let weight = loader.conv_weight(&format!("{key}.weight"), &shape, kind);
        let may_pack = loader.packs() && kind == Kind::BFloat16 && loader.device() == Device::Cpu;
        Self {
            weights: RefCell::new(match may_pack {
                true => Weights::Loaded(weight),
                false => Weights::Plain(weight),
            }),
            bias: loader.tensor_as(&format!("{key}.bias"), &[output], kind),
            geometry: Geometry {
                padding: side / 2,
                stride: 1,
            },
        }
    }

    /// With another stride and zero padding on all four sides.
    pub fn strided(mut self, stride: i64, padding: i64) -> Self {
        self.geometry = Geometry { padding, stride };
        self
    }

    /// The convolution of `x`, in its kind: weights of another kind are converted on the fly.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match &*self.weights_for(x) {
            Weights::Packed(conv) => conv.forward(x),
            Weights::Loaded(weight) | Weights::Plain(weight) => self.plainly(x, weight),
        }
    }

    /// The convolution of `x` added to `sum`, whose memory may be used for the result.
    pub fn forward_onto(&self, x: &Tensor, mut sum: Tensor) -> Result<Tensor> {
        match &*self.weights_for(x) {
            Weights::Packed(conv) => conv.add_to(&sum, x).map(|()| sum),
            Weights::Loaded(weight) | Weights::Plain(weight) if x.requires_grad() => {
                Ok(sum.f_add(&self.plainly(x, weight)?)?)
            }
            Weights::Loaded(weight) | Weights::Plain(weight) => {
                Ok(sum.f_add_(&self.plainly(x, weight)?)?)
            }
        }
    }

    fn plainly(&self, x: &Tensor, weight: &Tensor) -> Result<Tensor> {
        let (kind, stride) = (x.kind(), self.geometry.stride);
        let macs = meter::convolution(&x.size(), weight.numel() as i64, stride);
        meter::product(macs, || {
            Ok(x.f_conv2d(
                &weight.f_to_kind(kind)?,
                Some(&self.bias.f_to_kind(kind)?),
                [stride; 2],
                [self.geometry.padding; 2],
                [1, 1],
                1,
            )?)
        })
    }

    /// The weights, packed for the size of `x` if they are to be and it is the first.
    fn weights_for(&self, x: &Tensor) -> Ref<'_, Weights> {
        let packed = match &*self.weights.borrow() {
            Weights::Loaded(weight) => Some(self.pack(weight, x)),
            _ => None,
        };
        if let Some(packed) = packed {
            *self.weights.borrow_mut() = packed;
        }
        self.weights.borrow()
    }

    /// What oneDNN cannot pack stays as it is: libtorch knows other ways.
    fn pack(&self, weight: &Tensor, x: &Tensor) -> Weights {
        let packed = x.size4().map_err(Into::into).and_then(|(n, c, h, w)| {
            PackedConv::new(weight, &self.bias, self.geometry, [n, c, h, w])
        });
        match packed {
            Ok(packed) => Weights::Packed(packed),
            Err(_) => Weights::Plain(weight.shallow_clone()),
        }
    }
}
