//! Access to the memory of channels_last CPU tensors, for this project's kernels.
//!
//! A [`Sample`] is an element of such memory. New tensors are filled before anything else can
//! refer to them, so a slice that is written never aliases another. Called by kernels.

use std::slice;

use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};
use crate::runtime::samples;
pub use crate::runtime::samples::Bf16;

/// An element type of tensors, as f32 to compute with.
pub trait Sample: samples::Sample {
    /// libtorch's name for it.
    const KIND: Kind;
}

impl Sample for f32 {
    const KIND: Kind = Kind::Float;
}

impl Sample for Bf16 {
    const KIND: Kind = Kind::BFloat16;
}

/// Whether `x` `[N, C, H, W]` has C innermost in memory, without gaps.
pub fn is_channels_last(x: &Tensor) -> bool {
    let (size, stride) = (x.size(), x.stride());
    let ([_, c, h, w], [_, sc, sh, sw]) = (size.as_slice(), stride.as_slice()) else {
        return false;
    };
    // The stride of a side of 1 is never used, so it may be anything.
    let fits = |n: i64, stride: i64, wanted: i64| n == 1 || stride == wanted;
    let outer = size[0] == 1 || stride[0] == h * w * c;
    outer && fits(*c, *sc, 1) && fits(*w, *sw, *c) && fits(*h, *sh, w * c)
}

/// The elements of `x` in order of memory, `[N, H, W, C]`.
///
/// # Errors
/// [`Error::Backend`] if it is not a channels_last CPU tensor of kind `T`.
pub fn read<T: Sample>(x: &Tensor) -> Result<&[T]> {
    if x.device() != Device::Cpu || x.kind() != T::KIND || !is_channels_last(x) {
        return Err(Error::Backend(format!(
            "a kernel for {:?} channels_last on the CPU was given {:?} of {:?} with strides {:?} on {:?}",
            T::KIND,
            x.kind(),
            x.size(),
            x.stride(),
            x.device()
        )));
    }
    let count = x.numel();
    if count == 0 {
        return Ok(&[]);
    }
    // SAFETY: `count` elements of that kind without gaps, which live as long as `x` does. Tensors
    // are written only by the torch thread.
    Ok(unsafe { slice::from_raw_parts(x.data_ptr().cast::<T>(), count) })
}

/// The same as [`read`] for either kind, as bytes.
///
/// # Errors
/// As [`read`]; also for another kind than bf16 and f32.
pub fn bytes(x: &Tensor) -> Result<&[u8]> {
    let (start, count) = match x.kind() {
        Kind::BFloat16 => (read::<Bf16>(x)?.as_ptr().cast(), x.numel()),
        _ => (read::<f32>(x)?.as_ptr().cast(), x.numel()),
    };
    // SAFETY: the memory of that slice, of which any bytes may be read.
    Ok(unsafe { slice::from_raw_parts(start, count * size_of_kind(x.kind())) })
}

/// Bytes of an element: bf16 has 2, f32 4.
pub fn size_of_kind(kind: Kind) -> usize {
    match kind {
        Kind::BFloat16 => size_of::<Bf16>(),
        _ => size_of::<f32>(),
    }
}

/// As [`filled`], of the kind bf16 or f32, as bytes.
///
/// # Errors
/// As [`filled`].
pub fn filled_bytes(
    size: [i64; 4],
    kind: Kind,
    fill: impl FnOnce(&mut [u8]) -> Result<()>,
) -> Result<Tensor> {
    match kind {
        Kind::BFloat16 => filled::<Bf16>(size, |data| fill(as_bytes(data))),
        _ => filled::<f32>(size, |data| fill(as_bytes(data))),
    }
}

fn as_bytes<T: Sample>(data: &mut [T]) -> &mut [u8] {
    let length = size_of_val(data);
    // SAFETY: the memory of `data`, of which any bytes are samples.
    unsafe { slice::from_raw_parts_mut(data.as_mut_ptr().cast(), length) }
}

/// A new tensor `[N, C, H, W]`, channels_last, filled by `fill` in order of memory.
///
/// # Errors
/// Those of `fill`, and [`Error::Backend`] if there is not enough memory.
pub fn filled<T: Sample>(
    size: [i64; 4],
    fill: impl FnOnce(&mut [T]) -> Result<()>,
) -> Result<Tensor> {
    let [n, c, h, w] = size;
    let flat = Tensor::f_empty([n, h, w, c], (T::KIND, Device::Cpu))?;
    let count = flat.numel();
    if count > 0 {
        // SAFETY: it is new, packed, of that kind, and there is no other handle. Any bits are a
        // valid sample.
        fill(unsafe { slice::from_raw_parts_mut(flat.data_ptr().cast::<T>(), count) })?;
    }
    Ok(flat.f_permute([0, 3, 1, 2])?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::tensors::load::channels_last;

    #[test]
    fn order_of_memory_is_pixels_then_channels() {
        let made = filled::<f32>([1, 2, 2, 3], |data| {
            data.iter_mut().enumerate().for_each(|(i, x)| *x = i as f32);
            Ok(())
        })
        .unwrap();
        assert!(is_channels_last(&made));
        assert_eq!(made.double_value(&[0, 1, 1, 2]), 11.0);
        assert_eq!(made.double_value(&[0, 0, 0, 1]), 2.0);
        assert_eq!(read::<f32>(&made).unwrap()[3], 3.0);
    }

    #[test]
    fn other_layouts_and_kinds_are_refused() {
        let packed = Tensor::zeros([1, 2, 4, 4], (Kind::Float, Device::Cpu));
        assert!(read::<f32>(&packed).is_err());
        let turned = channels_last(&packed).unwrap();
        assert!(read::<f32>(&turned).is_ok());
        assert!(read::<Bf16>(&turned).is_err());
        assert!(read::<f32>(&turned.narrow(1, 0, 1)).is_err());
    }
}
