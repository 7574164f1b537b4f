//! Convolutions with weights in oneDNN's own order, with a fused sum.
//!
//! bf16 or f32 on CPUs; inputs and results are channels_last. If this libtorch or this CPU does not
//! support it, [`PackedConv::new`] returns an error and the caller keeps its plain convolution.

use std::ptr;

use tch::{Device, Kind, Tensor};
use torch_sys::C_tensor;

use crate::error::{Error, Result};
use crate::runtime::multiplies;
pub use crate::runtime::native::ffi::Geometry;
use crate::runtime::native::ffi::{check, dt_convolve, dt_convolve_onto, dt_pack};

/// A convolution with packed weights.
pub struct PackedConv {
    weight: Tensor,
    bias: Tensor,
    kind: Kind,
    geometry: Geometry,
    weights: i64,
}

impl PackedConv {
    /// Packs `weight` `[out, in, k, k]`, bf16 or f32 on the CPU, for inputs of about `input`
    /// `[N, in, H, W]`: other sizes give the same numbers, possibly slower. `bias` is `[out]`. Both
    /// are of the same kind, which inputs must have too.
    ///
    /// # Errors
    /// [`Error::Backend`] if the tensors are different or oneDNN does not support them here.
    pub fn new(
        weight: &Tensor,
        bias: &Tensor,
        geometry: Geometry,
        input: [i64; 4],
    ) -> Result<Self> {
        let kind = weight.kind();
        if !matches!(kind, Kind::BFloat16 | Kind::Float) {
            return Err(Error::Backend(format!(
                "a packed convolution of {kind:?}: only of bf16 and f32"
            )));
        }
        must_be(kind, weight)?;
        must_be(kind, bias)?;
        let mut out = ptr::null_mut();
        // SAFETY: live tensors, four sizes, and a place for the result.
        check(unsafe { dt_pack(weight.as_ptr(), &geometry, input.as_ptr(), &mut out) })?;
        Ok(Self {
            weight: owned(out),
            bias: bias.shallow_clone(),
            kind,
            geometry,
            weights: weight.numel() as i64,
        })
    }

    /// The convolution of `x` `[N, in, H, W]`.
    ///
    /// # Errors
    /// [`Error::Backend`] for another kind or shape.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        must_be(self.kind, x)?;
        multiplies::note(|| self.shape(x));
        let mut out = ptr::null_mut();
        let (weight, bias) = (self.weight.as_ptr(), self.bias.as_ptr());
        multiplies::product(self.macs(x), || {
            let (x, geometry) = (x.as_ptr(), &self.geometry);
            // SAFETY: live tensors and a place for the result; the shim catches what libtorch
            // throws.
            check(unsafe { dt_convolve(x, weight, bias, geometry, &mut out) })
        })?;
        Ok(owned(out))
    }

    /// Adds the convolution of `x` to `sum`, in place; the change is visible through every handle
    /// on `sum`.
    ///
    /// # Errors
    /// As [`Self::forward`], and for a `sum` whose shape is not that of the result.
    pub fn add_to(&self, sum: &Tensor, x: &Tensor) -> Result<()> {
        must_be(self.kind, x)?;
        must_be(self.kind, sum)?;
        multiplies::note(|| self.shape(x));
        let (weight, bias) = (self.weight.as_ptr(), self.bias.as_ptr());
        multiplies::product(self.macs(x), || {
            let (sum, x, geometry) = (sum.as_ptr(), x.as_ptr(), &self.geometry);
            // SAFETY: live tensors; the shim catches what libtorch throws.
            check(unsafe { dt_convolve_onto(sum, x, weight, bias, geometry) })
        })
    }

    fn shape(&self, x: &Tensor) -> Option<multiplies::Shape> {
        let [batch, channels, height, width] = x.size()[..] else {
            return None;
        };
        let outputs = self.bias.size().first().copied()?;
        let kernel = (self.weights / (channels * outputs).max(1)) as f64;
        Some(multiplies::Shape {
            batch,
            channels,
            outputs,
            height,
            width,
            side: kernel.sqrt().round() as i64,
            stride: self.geometry.stride,
        })
    }

    fn macs(&self, x: &Tensor) -> i64 {
        multiplies::convolution(&x.size(), self.weights, self.geometry.stride)
    }
}

fn must_be(kind: Kind, tensor: &Tensor) -> Result<()> {
    if tensor.kind() == kind && tensor.device() == Device::Cpu {
        return Ok(());
    }
    Err(Error::Backend(format!(
        "a packed convolution of {kind:?} on the CPU was given {:?} on {:?}",
        tensor.kind(),
        tensor.device()
    )))
}

/// Takes ownership of a tensor that the shim made.
fn owned(tensor: *mut C_tensor) -> Tensor {
    // SAFETY: if the shim returns no message, it has stored a new tensor there for the caller.
    unsafe { Tensor::from_ptr(tensor) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::runtime::tensors::load::channels_last;

    fn random(kind: Kind, size: [i64; 4]) -> Tensor {
        let x = Tensor::randn(size, (Kind::Float, Device::Cpu));
        channels_last(&x.to_kind(kind)).unwrap()
    }

    /// bf16, or f32 where libtorch packs no bf16 because the CPU has no AVX-512.
    pub(crate) fn narrow_kind() -> Kind {
        #[cfg(target_arch = "x86_64")]
        if !std::arch::is_x86_feature_detected!("avx512bw") {
            return Kind::Float;
        }
        Kind::BFloat16
    }

    fn half(size: [i64; 4]) -> Tensor {
        random(narrow_kind(), size)
    }

    const SAME: Geometry = Geometry {
        padding: 1,
        stride: 1,
    };

    fn far(a: &Tensor, b: &Tensor) -> f64 {
        let (a, b) = (a.to_kind(Kind::Float), b.to_kind(Kind::Float));
        f64::try_from((a - &b).norm() / b.norm()).unwrap()
    }

    /// Sums of 576 products in f32, in another order; in bf16 rounded once or, if libtorch adds in
    /// a second pass, twice: half of 2^-8 each.
    #[test]
    fn ends_are_those_of_libtorch() {
        if narrow_kind() == Kind::BFloat16 {
            ends_agree(Kind::BFloat16, 1e-3);
        }
        ends_agree(Kind::Float, 1e-6);
    }

    fn ends_agree(kind: Kind, allowed: f64) {
        let (x, weight, sum) = (
            random(kind, [1, 64, 20, 28]),
            random(kind, [64, 64, 3, 3]),
            random(kind, [1, 64, 20, 28]),
        );
        let bias = Tensor::randn([64], (kind, Device::Cpu));
        let wanted = x.conv2d(&weight, Some(&bias), [1, 1], [1, 1], [1, 1], 1);
        // Packed for a different size than it is used with.
        let packed = PackedConv::new(&weight, &bias, SAME, [1, 64, 64, 64]).unwrap();
        assert!(far(&packed.forward(&x).unwrap(), &wanted) < allowed);
        let total = &wanted + &sum;
        let handle = sum.shallow_clone();
        packed.add_to(&sum, &x).unwrap();
        assert!(far(&handle, &total) < 4.0 * allowed);
    }

    #[test]
    fn what_is_computed_is_noted_while_somebody_wants_to_know() {
        let (x, weight) = (half([1, 16, 20, 28]), half([8, 16, 2, 2]));
        let bias = Tensor::zeros([8], (narrow_kind(), Device::Cpu));
        let halving = Geometry {
            padding: 0,
            stride: 2,
        };
        let packed = PackedConv::new(&weight, &bias, halving, [1, 16, 20, 28]).unwrap();
        let (_, shapes) = multiplies::noting(|| packed.forward(&x).unwrap());
        let shape = multiplies::Shape {
            batch: 1,
            channels: 16,
            outputs: 8,
            height: 20,
            width: 28,
            side: 2,
            stride: 2,
        };
        assert_eq!(shapes, [shape]);
        assert_eq!(shape.macs(), packed.macs(&x));
    }

    #[test]
    fn libtorchs_exceptions_are_errors_of_one_line() {
        let (weight, bias) = (
            half([8, 8, 3, 3]),
            Tensor::zeros([8], (narrow_kind(), Device::Cpu)),
        );
        let packed = PackedConv::new(&weight, &bias, SAME, [1, 8, 16, 16]).unwrap();
        for x in [
            half([1, 9, 16, 16]),
            Tensor::zeros([1, 8, 4, 4], (Kind::Double, Device::Cpu)),
        ] {
            let message = packed.forward(&x).unwrap_err().to_string();
            assert!(message.starts_with("backend failed: "), "{message}");
            assert!(!message.contains('\n'), "{message}");
        }
        for kind in [Kind::Half, Kind::Double] {
            let other = Tensor::zeros([8, 8, 3, 3], (kind, Device::Cpu));
            assert!(PackedConv::new(&other, &bias, SAME, [1, 8, 16, 16]).is_err());
        }
    }
}
