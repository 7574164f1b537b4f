//! Two-dimensional convolution with bias, weights channels-last or packed.
//!
//! In bf16 or f32 on a CPU, without gradients, weights are packed for oneDNN when they are first
//! used, and only the packed ones are kept; otherwise libtorch's own convolution is used.

use std::cell::{Ref, RefCell};

use tch::{Device, Kind, Tensor};

use crate::error::Result;
use crate::runtime::layers::joined::Joined;
use crate::runtime::multiplies;
use crate::runtime::native::packed::{Geometry, PackedConv};
use crate::runtime::native::trial;
use crate::runtime::tensors::load::{Loader, channels_last};

/// A convolution: `[N, in, H, W]` to `[N, out, H / stride, W / stride]`.
pub struct Conv2d {
    weights: RefCell<Weights>,
    bias: Tensor,
    geometry: Geometry,
}

enum Weights {
    /// As loaded, to be packed at the first use.
    Loaded(Tensor),
    /// As loaded, never packed.
    Plain(Tensor),
    /// In oneDNN's order, with the bias.
    Packed(PackedConv),
    /// The same for maps whose channels are in two tensors, with this many in the first. The second
    /// convolution has no bias.
    Pair(Box<[PackedConv; 2]>, i64),
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
        let bias = loader.tensor_as(&format!("{key}.bias"), &[output], kind);
        let geometry = Geometry {
            padding: side / 2,
            stride: 1,
        };
        Self {
            weights: RefCell::new(match may_pack(loader, kind) {
                true => Weights::Loaded(weight),
                false => Weights::Plain(weight),
            }),
            bias,
            geometry,
        }
    }

    /// From a channels-last `weight` and a `bias`, to be packed; stride 1.
    pub fn to_pack(weight: Tensor, bias: Tensor, padding: i64) -> Self {
        Self {
            weights: RefCell::new(Weights::Loaded(weight)),
            bias,
            geometry: Geometry { padding, stride: 1 },
        }
    }

    /// From `weight`, never packed, as if oneDNN could not pack it.
    #[cfg(test)]
    pub fn unpacked(weight: Tensor, bias: Tensor, padding: i64) -> Self {
        Self {
            weights: RefCell::new(Weights::Plain(weight)),
            ..Self::to_pack(bias.shallow_clone(), bias, padding)
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
            Weights::Pair(pair, first) => by_pair(pair, halves(x, *first)?),
            Weights::Loaded(weight) | Weights::Plain(weight) => self.plainly(x, weight),
        }
    }

    /// The same for maps whose channels may be in two tensors. With two, the result of the first
    /// part is rounded before that of the second is added.
    pub fn forward_joined<'a>(&self, x: impl Into<Joined<'a>>) -> Result<Tensor> {
        let x = x.into();
        let (first, Some(second)) = x.parts() else {
            return self.forward(x.parts().0);
        };
        let pair = match &*self.weights.borrow() {
            Weights::Loaded(weight) => self.pack_pair(weight, first, second).ok(),
            _ => None,
        };
        if let Some(pair) = pair {
            *self.weights.borrow_mut() = Weights::Pair(Box::new(pair), first.size4()?.1);
        }
        match &*self.weights.borrow() {
            Weights::Pair(pair, channels) if *channels == first.size4()?.1 => {
                return by_pair(pair, [first.shallow_clone(), second.shallow_clone()]);
            }
            _ => {}
        }
        self.forward(&x.whole()?)
    }

    /// The convolution of `x` added to `sum`, whose memory may be used for the result.
    pub fn forward_onto(&self, x: &Tensor, mut sum: Tensor) -> Result<Tensor> {
        match &*self.weights_for(x) {
            Weights::Packed(conv) => conv.add_to(&sum, x).map(|()| sum),
            Weights::Pair(pair, first) => {
                let [a, b] = halves(x, *first)?;
                pair[0].add_to(&sum, &a)?;
                pair[1].add_to(&sum, &b).map(|()| sum)
            }
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
        let macs = multiplies::convolution(&x.size(), weight.numel() as i64, stride);
        multiplies::product(macs, || {
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

    /// The weights; at the first use they are packed for the size of `x` if they should be.
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

    fn pack_pair(
        &self,
        weight: &Tensor,
        first: &Tensor,
        second: &Tensor,
    ) -> Result<[PackedConv; 2]> {
        let channels = [first.size4()?.1, second.size4()?.1];
        let part = |x: &Tensor, from: i64, bias: &Tensor| {
            let (n, c, h, w) = x.size4()?;
            let weight = channels_last(&weight.f_narrow(1, from, c)?)?;
            PackedConv::new(&weight, bias, self.geometry, [n, c, h, w])
        };
        let none = self.bias.f_zeros_like()?;
        let a = part(first, 0, &self.bias)?;
        Ok([a, part(second, channels[0], &none)?])
    }

    /// Weights that oneDNN cannot pack stay unchanged, because libtorch has other kernels.
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

/// Whether convolutions loaded by `loader` may be packed, in `kind`.
pub fn may_pack(loader: &Loader, kind: Kind) -> bool {
    let packable = || match kind {
        Kind::BFloat16 => true,
        Kind::Float => trial::packs_f32(),
        _ => false,
    };
    loader.packs() && loader.device() == Device::Cpu && packable()
}

/// The first `channels` of `x`, and the others.
fn halves(x: &Tensor, channels: i64) -> Result<[Tensor; 2]> {
    let rest = x.size4()?.1 - channels;
    let part =
        |from, length| -> Result<Tensor> { Ok(channels_last(&x.f_narrow(1, from, length)?)?) };
    Ok([part(0, channels)?, part(channels, rest)?])
}

fn by_pair(pair: &[PackedConv; 2], [a, b]: [Tensor; 2]) -> Result<Tensor> {
    let sum = pair[0].forward(&a)?;
    pair[1].add_to(&sum, &b)?;
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::native::packed::tests::narrow_kind;

    fn half(size: &[i64]) -> Tensor {
        let x = Tensor::randn(size, (Kind::Float, Device::Cpu));
        x.to_kind(narrow_kind())
    }

    fn maps(channels: i64) -> Tensor {
        channels_last(&half(&[1, channels, 12, 20])).unwrap()
    }

    fn far(a: &Tensor, b: &Tensor) -> f64 {
        let (a, b) = (a.to_kind(Kind::Float), b.to_kind(Kind::Float));
        f64::try_from((a - &b).norm() / b.norm()).unwrap()
    }

    /// Two roundings to bf16 instead of one: half of 2^-8 each. Whichever way the same maps are
    /// passed later, the same weights are used.
    #[test]
    fn maps_in_two_tensors_are_convolved_as_one() {
        let weight = channels_last(&half(&[32, 64, 1, 1])).unwrap();
        let bias = half(&[32]);
        let conv = Conv2d::to_pack(weight.shallow_clone(), bias.shallow_clone(), 0);
        let (a, b) = (maps(40), maps(24));
        let joined = Joined::new(&a, Some(&b));
        let whole = joined.whole().unwrap();
        let wanted = whole.conv2d(&weight, Some(&bias), [1, 1], [0, 0], [1, 1], 1);
        let found = conv.forward_joined(joined).unwrap();
        assert!(matches!(&*conv.weights.borrow(), Weights::Pair(..)));
        assert!(far(&found, &wanted) < 4e-3);
        assert!(far(&conv.forward(&whole).unwrap(), &wanted) < 4e-3);
        let (c, d) = (whole.narrow(1, 0, 16), whole.narrow(1, 16, 48));
        let otherwise = conv.forward_joined(Joined::new(&c, Some(&d))).unwrap();
        assert!(far(&otherwise, &wanted) < 4e-3);
        let sum = maps(32);
        let total = &sum + &wanted;
        let onto = conv.forward_onto(&whole, sum).unwrap();
        assert!(far(&onto, &total) < 8e-3);
    }
}
