//! Converts the element type of a tensor's bytes before they are written to a file.
//!
//! Rounds to nearest, ties to even, through f32; a value outside the target's range is refused.
//! Called by the writer only, because networks convert on their device.

use std::borrow::Cow;

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

use crate::model::checkpoint::Parse;
use crate::model::checkpoint::finite;
use crate::runtime::tensors::{Dtype, HostTensor};

/// The element type a file is written in. Counters stay I64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StoreAs {
    /// As they are.
    #[default]
    Keep,
    /// IEEE half precision.
    F16,
    /// bfloat16.
    Bf16,
    /// IEEE single precision.
    F32,
}

impl StoreAs {
    /// The type that elements of `dtype` are written in.
    pub fn dtype(self, dtype: Dtype) -> Dtype {
        match (dtype, self) {
            (Dtype::I64, _) | (_, Self::Keep) => dtype,
            (_, Self::F16) => Dtype::F16,
            (_, Self::Bf16) => Dtype::Bf16,
            (_, Self::F32) => Dtype::F32,
        }
    }
}

/// Elements converted at once: small enough for the cache.
const BLOCK: usize = 4096;

/// The elements of `tensor` as `to`; borrowed if they already have that type.
///
/// # Errors
/// A sentence if a value is not finite or does not fit in `to`.
pub(crate) fn convert<'a>(tensor: &'a HostTensor<'_>, to: Dtype) -> Parse<Cow<'a, [u8]>> {
    let from = tensor.info.dtype;
    if from == to {
        return Ok(Cow::Borrowed(&tensor.bytes));
    }
    let count = tensor.bytes.len() / from.bytes();
    let mut out = Vec::with_capacity(count * to.bytes());
    for block in tensor.bytes.chunks(BLOCK * from.bytes()) {
        encode(&decode(block, from)?, to, &mut out)?;
    }
    finite::check(to, &out).map_err(|fault| format!("as {to:?} {fault}"))?;
    Ok(Cow::Owned(out))
}

fn decode(bytes: &[u8], from: Dtype) -> Parse<Vec<f32>> {
    Ok(match from {
        Dtype::F16 => elements(bytes, |b| f16::from_le_bytes(b).to_f32()),
        Dtype::Bf16 => elements(bytes, |b| bf16::from_le_bytes(b).to_f32()),
        Dtype::F32 => elements(bytes, f32::from_le_bytes),
        Dtype::F64 => elements(bytes, |b| f64::from_le_bytes(b) as f32),
        Dtype::I64 => return Err("holds counters, which stay as they are".to_owned()),
    })
}

fn elements<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&b| read(b)).collect()
}

fn encode(values: &[f32], to: Dtype, out: &mut Vec<u8>) -> Parse<()> {
    match to {
        Dtype::F16 => {
            let mut halves = vec![f16::ZERO; values.len()];
            halves.convert_from_f32_slice(values);
            out.extend(halves.iter().flat_map(|v| v.to_le_bytes()));
        }
        Dtype::Bf16 => {
            let mut halves = vec![bf16::ZERO; values.len()];
            halves.convert_from_f32_slice(values);
            out.extend(halves.iter().flat_map(|v| v.to_le_bytes()));
        }
        Dtype::F32 => out.extend(values.iter().flat_map(|v| v.to_le_bytes())),
        Dtype::F64 | Dtype::I64 => return Err(format!("cannot be written as {to:?}")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::tensors::TensorInfo;

    fn tensor(values: &[f32]) -> HostTensor<'static> {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let info = TensorInfo {
            dtype: Dtype::F32,
            shape: vec![values.len()],
        };
        HostTensor {
            info,
            bytes: bytes.into(),
        }
    }

    #[test]
    fn rounds_to_nearest_ties_to_even() {
        // 1 + 2^-11 and 1 + 3·2^-11 are half-way between two f16 values, 1 + 2^-8 between two bf16
        // values.
        let values = tensor(&[1.0 + 2f32.powi(-11), 1.0 + 3.0 * 2f32.powi(-11), -0.0]);
        let halves = convert(&values, Dtype::F16).unwrap();
        assert_eq!(&halves[..], [0x00, 0x3c, 0x02, 0x3c, 0x00, 0x80]);
        let values = tensor(&[1.0 + 2f32.powi(-8)]);
        assert_eq!(&convert(&values, Dtype::Bf16).unwrap()[..], [0x80, 0x3f]);
    }

    #[test]
    fn long_tensors_are_converted_whole() {
        let values: Vec<f32> = (0..3 * BLOCK + 5).map(|i| (i % 2048) as f32).collect();
        let halves = convert(&tensor(&values), Dtype::F16).unwrap().into_owned();
        let back: Vec<f32> = elements(&halves, |b| f16::from_le_bytes(b).to_f32());
        assert_eq!(back, values); // integers below 2048 are exact in half precision
    }

    #[test]
    fn values_beyond_the_range_are_refused() {
        let fault = convert(&tensor(&[1.0, 1e6]), Dtype::F16).unwrap_err();
        assert!(
            fault.contains("F16") && fault.contains("element 1"),
            "{fault}"
        );
        assert!(convert(&tensor(&[1e6]), Dtype::Bf16).is_ok());
    }
}
