//! A 3x3 convolution of a map in which each pixel is repeated four times, without making that map.
//!
//! Of three rows of a doubled map two are equal, so each of the four results of a pixel is a 2x2
//! convolution of the original map with sums of the weights: four ninths of the multiply-adds. If
//! convolutions are packed, the four are computed as one with four times the channels, and
//! interleaved afterwards. Otherwise the map is doubled.

use tch::{Kind, TchError, Tensor};

use crate::error::Result;
use crate::runtime::layers::conv::{Conv2d, ConvSize, may_pack};
use crate::runtime::layers::resample::double_nearest;
use crate::runtime::native::interleave::interleave;
use crate::runtime::tensors::load::{Loader, channels_last};

/// `[N, in, H, W]` to `[N, out, 2H, 2W]`.
pub enum DoubledConv {
    /// On the doubled map.
    Published(Conv2d),
    /// The four results around each corner of pixels.
    Folded(Conv2d),
}

impl DoubledConv {
    /// `key.weight` and `key.bias` of a 3x3 convolution, padded so that the doubled size does not
    /// change.
    pub fn load(loader: &mut Loader, key: &str, [input, output]: [i64; 2], kind: Kind) -> Self {
        if !may_pack(loader, kind) {
            let size = ConvSize(input, output, 3);
            return Self::Published(Conv2d::load(loader, key, size, kind));
        }
        let name = format!("{key}.weight");
        let (shape, made) = ([output, input, 3, 3], [4 * output, input, 2, 2]);
        let weight = loader.conv_weight_made((&name, &shape), (&made, kind), fold);
        let bias = loader.tensor_as(&format!("{key}.bias"), &[output], kind);
        Self::Folded(Conv2d::to_pack(weight, bias.repeat([4]), 1))
    }

    /// The convolution of `x` with each pixel repeated four times.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Published(conv) => conv.forward(&double_nearest(x)?),
            // oneDNN returns this order; the kernel that is used if it could not pack may not.
            Self::Folded(conv) => interleave(&channels_last(&conv.forward(x)?)?),
        }
    }
}

/// Weights `[out, in, 3, 3]` as `[4 out, in, 2, 2]`, in the order that [`interleave`] takes: for
/// the upper left, upper right, lower left, lower right one of a pixel's four.
fn fold(weight: &Tensor) -> std::result::Result<Tensor, TchError> {
    let by_columns = halves(weight, 3)?;
    halves(&by_columns, 3)?.f_flatten(0, 2)
}

/// Adds up the two of three weights along `dim` that are applied to the same pixel; for the first
/// and for the second of two equal pixels, in a new first dimension.
fn halves(weight: &Tensor, dim: i64) -> std::result::Result<Tensor, TchError> {
    let [a, b, c] = [0, 1, 2].map(|i| weight.f_narrow(dim, i, 1));
    let (a, b, c) = (a?, b?, c?);
    let first = Tensor::f_cat(&[&a, &b.f_add(&c)?], dim)?;
    let second = Tensor::f_cat(&[&a.f_add(&b)?, &c], dim)?;
    Tensor::f_stack(&[first, second], 0)
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::runtime::tensors::shapes::RandomWeights;

    fn far(a: &Tensor, b: &Tensor) -> f64 {
        let (a, b) = (a.to_kind(Kind::Float), b.to_kind(Kind::Float));
        f64::try_from((a - &b).norm() / b.norm()).unwrap()
    }

    fn convs(kind: Kind) -> [DoubledConv; 2] {
        let shapes = [("c.weight", vec![24, 40, 3, 3]), ("c.bias", vec![24])];
        let shapes = shapes.map(|(name, shape)| (name.to_owned(), shape));
        let weights = RandomWeights::new(shapes.into_iter().collect(), 1);
        [true, false].map(|packs| {
            let mut loader = Loader::new(&weights, Device::Cpu, kind);
            if !packs {
                loader.keep_plain();
            }
            let conv = DoubledConv::load(&mut loader, "c", [40, 24], kind);
            loader.finish().unwrap();
            conv
        })
    }

    /// Sums of weights are rounded instead of single weights, and the result once less: 2^-9 each
    /// in bf16.
    #[test]
    fn folded_weights_give_the_published_results() {
        for (kind, allowed) in [(Kind::Float, 1e-6), (Kind::BFloat16, 5e-3)] {
            let [folded, published] = convs(kind);
            assert!(matches!(folded, DoubledConv::Folded(_)));
            assert!(matches!(published, DoubledConv::Published(_)));
            for size in [[1, 40, 9, 14], [2, 40, 1, 1], [3, 40, 2, 5]] {
                let x = Tensor::randn(size, (Kind::Float, Device::Cpu)).to_kind(kind);
                let x = channels_last(&x).unwrap();
                let (found, wanted) = (folded.forward(&x).unwrap(), published.forward(&x).unwrap());
                assert_eq!(found.size(), wanted.size());
                assert_eq!(found.kind(), kind);
                let apart = far(&found, &wanted);
                assert!(apart < allowed, "{kind:?} {size:?}: {apart}");
            }
        }
    }

    /// If oneDNN packs nothing.
    #[test]
    fn folded_weights_serve_unpacked_too() {
        let weight =
            channels_last(&Tensor::randn([24, 40, 3, 3], (Kind::Float, Device::Cpu))).unwrap();
        let bias = Tensor::randn([24], (Kind::Float, Device::Cpu));
        let x = channels_last(&Tensor::randn([1, 40, 6, 9], (Kind::Float, Device::Cpu))).unwrap();
        let wanted =
            double_nearest(&x)
                .unwrap()
                .conv2d(&weight, Some(&bias), [1; 2], [1; 2], [1; 2], 1);
        let folded = channels_last(&fold(&weight).unwrap()).unwrap();
        let conv = DoubledConv::Folded(Conv2d::unpacked(folded, bias.repeat([4]), 1));
        let apart = far(&conv.forward(&x).unwrap(), &wanted);
        assert!(apart < 1e-6, "{apart}");
    }

    #[test]
    fn weights_that_do_not_fit_are_named_with_the_published_shape() {
        let shapes = [("c.weight", vec![24, 40, 2, 2])];
        let shapes = shapes.map(|(name, shape)| (name.to_owned(), shape));
        let weights = RandomWeights::new(shapes.into_iter().collect(), 1);
        let mut loader = Loader::new(&weights, Device::Cpu, Kind::Float);
        DoubledConv::load(&mut loader, "c", [40, 24], Kind::Float);
        let message = loader.finish().unwrap_err().to_string();
        assert!(
            message.contains("c.weight is [24, 40, 2, 2], wanted [24, 40, 3, 3]"),
            "{message}"
        );
        assert!(message.contains("missing c.bias"), "{message}");
    }
}
