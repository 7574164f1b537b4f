//! Transposed convolutions 2x2 of stride 2, added to another map: a packed 1x1 convolution that
//! gives each pixel its four results, which are then added where they belong.
//!
//! It works in bands of rows, so that the results stay in the cache: libtorch's own operator makes
//! two maps of the size of the sum. Called by `packed_net`.

use tch::Tensor;

use crate::error::Result;
use crate::runtime::conv_engine::folded::Target;
use crate::runtime::conv_net::layers::Conv;
use crate::runtime::native::channels_last::size_of_kind;
use crate::runtime::native::interleave::add_interleaved;
use crate::runtime::native::packed::{Geometry, PackedConv};
use crate::runtime::tensors::load::channels_last;

/// Bytes of the results of a band.
const BAND: i64 = 4 << 20;

/// A packed transposed convolution.
pub(crate) struct Grow {
    conv: PackedConv,
    /// Bytes of the four results of a pixel.
    pixel: i64,
}

impl Grow {
    /// Packs `conv`, which doubles the size, for maps of that kind and size.
    ///
    /// # Errors
    /// [`crate::Error::Backend`] when oneDNN has no such convolution here.
    pub fn of(conv: &Conv, target: Target) -> Result<Self> {
        let Target { kind, side } = target;
        let (input, output, _, _) = conv.weight.size4()?;
        let weight = conv.weight.f_permute([2, 3, 1, 0])?;
        let weight = weight
            .f_reshape([4 * output, input, 1, 1])?
            .f_to_kind(kind)?;
        let bias = conv.bias.f_repeat([4])?.f_to_kind(kind)?;
        let geometry = Geometry {
            padding: 0,
            stride: 1,
        };
        let packed = PackedConv::new(
            &channels_last(&weight)?,
            &bias,
            geometry,
            [1, input, side, side],
        )?;
        Ok(Self {
            conv: packed,
            pixel: 4 * output * size_of_kind(kind) as i64,
        })
    }

    /// `sum` plus the doubled `x`, for one picture.
    ///
    /// # Safety
    /// There must be no other handle on the memory of `sum`.
    ///
    /// # Errors
    /// [`crate::Error::Backend`].
    pub unsafe fn add_to(&self, mut sum: Tensor, x: &Tensor) -> Result<Tensor> {
        let (_, _, height, width) = x.size4()?;
        // Bands of similar height, because oneDNN compiles a kernel for each height.
        let bands = (height * width * self.pixel).div_euclid(BAND) + 1;
        for band in 0..bands {
            let [from, to] = [band, band + 1].map(|n| n * height / bands);
            if from == to {
                continue;
            }
            let results = self.conv.forward(&x.f_narrow(2, from, to - from)?)?;
            // SAFETY: guaranteed by the caller.
            unsafe { add_interleaved(&mut sum, &results, from as usize)? };
        }
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::runtime::tensors::load::Loader;
    use crate::runtime::tensors::shapes::RandomWeights;

    fn doubling(input: i64, output: i64) -> Conv {
        let shapes = [
            ("c.weight", vec![input, output, 2, 2]),
            ("c.bias", vec![output]),
        ];
        let shapes = shapes.map(|(name, shape)| (name.to_owned(), shape));
        let weights = RandomWeights::new(shapes.into_iter().collect(), 1);
        let mut loader = Loader::new(&weights, Device::Cpu, Kind::Float);
        Conv::doubling(&mut loader, "c", [input, output, 2, 2], Kind::Float)
    }

    fn random(size: [i64; 4], kind: Kind) -> Tensor {
        let x = Tensor::randn(size, (Kind::Float, Device::Cpu));
        channels_last(&x.to_kind(kind)).unwrap()
    }

    fn far(a: &Tensor, b: &Tensor) -> f64 {
        let (a, b) = (a.to_kind(Kind::Float), b.to_kind(Kind::Float));
        f64::try_from((a - &b).norm() / b.norm()).unwrap()
    }

    /// The larger of the maps is cut into bands, of two heights.
    #[test]
    fn it_is_the_transposed_convolution_and_a_sum() {
        let conv = doubling(48, 40);
        for (kind, allowed) in [(Kind::Float, 1e-6), (Kind::BFloat16, 5e-3)] {
            let grow = Grow::of(&conv, Target { kind, side: 64 }).unwrap();
            for (height, width) in [(1, 1), (7, 12), (131, 203)] {
                let x = random([1, 48, height, width], kind);
                let sum = random([1, 40, 2 * height, 2 * width], kind);
                let plain = conv.forward(&x.to_kind(Kind::Float)).unwrap();
                let wanted = plain + sum.to_kind(Kind::Float);
                let found = add(&grow, sum, &x);
                let apart = far(&found, &wanted);
                assert!(apart < allowed, "{kind:?} {height} {width}: {apart}");
            }
        }
    }

    fn add(grow: &Grow, sum: Tensor, x: &Tensor) -> Tensor {
        // SAFETY: the test has no other handle on its sums.
        unsafe { grow.add_to(sum, x) }.unwrap()
    }

    /// Following a stream depends on this; the whole is cut into bands of two heights. No tolerance
    /// in bf16. In f32 other machines may have other kernels, so code that keeps maps checks it.
    #[test]
    fn a_window_has_the_bits_of_the_whole() {
        let conv = doubling(128, 64);
        for kind in [Kind::BFloat16, Kind::Float] {
            let grow = Grow::of(&conv, Target { kind, side: 64 }).unwrap();
            let (x, sum) = (
                random([1, 128, 131, 90], kind),
                random([1, 64, 262, 180], kind),
            );
            let whole = add(&grow, sum.copy(), &x);
            for (left, top, width, height) in [
                (0, 0, 8, 8),
                (17, 9, 16, 24),
                (31, 0, 25, 40),
                (0, 130, 90, 1),
            ] {
                let cut = |x: &Tensor, scale: i64| {
                    let part = x.narrow(2, scale * top, scale * height);
                    channels_last(&part.narrow(3, scale * left, scale * width)).unwrap()
                };
                let found = add(&grow, cut(&sum, 2).copy(), &cut(&x, 1));
                let apart = far(&found, &cut(&whole, 2));
                let allowed = if kind == Kind::BFloat16 { 0.0 } else { 1e-6 };
                assert!(apart <= allowed, "{kind:?} {width}x{height}: {apart}");
            }
        }
    }
}
