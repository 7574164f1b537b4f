//! Refuses infinities and NaN: the only check of a checkpoint's values.
//!
//! Works on the stored bits, so it costs one pass over the bytes and no conversion.

use crate::model::checkpoint::Parse;
use crate::runtime::tensors::Dtype;

/// Bytes checked between two chances to stop; the loop over them has no branch.
const BLOCK: usize = 16 << 10;

/// Checks that every value in `bytes` (little-endian, of type `dtype`) is finite.
///
/// # Errors
/// A sentence with the index and the value of the first one that is not.
pub(crate) fn check(dtype: Dtype, bytes: &[u8]) -> Parse<()> {
    match dtype {
        Dtype::F16 => scan(
            bytes,
            |b: [u8; 2]| half::f16::from_le_bytes(b).is_finite(),
            shown_f16,
        ),
        Dtype::Bf16 => scan(
            bytes,
            |b: [u8; 2]| half::bf16::from_le_bytes(b).is_finite(),
            shown_bf16,
        ),
        Dtype::F32 => scan(
            bytes,
            |b: [u8; 4]| f32::from_le_bytes(b).is_finite(),
            shown_f32,
        ),
        Dtype::F64 => scan(
            bytes,
            |b: [u8; 8]| f64::from_le_bytes(b).is_finite(),
            f64::from_le_bytes,
        ),
        Dtype::I64 => Ok(()),
    }
}

fn shown_f16(bytes: [u8; 2]) -> f64 {
    half::f16::from_le_bytes(bytes).to_f64()
}

fn shown_bf16(bytes: [u8; 2]) -> f64 {
    half::bf16::from_le_bytes(bytes).to_f64()
}

fn shown_f32(bytes: [u8; 4]) -> f64 {
    f64::from(f32::from_le_bytes(bytes))
}

/// Scans `bytes` as elements of `N` bytes, block by block.
fn scan<const N: usize>(
    bytes: &[u8],
    is_finite: impl Fn([u8; N]) -> bool,
    shown: impl Fn([u8; N]) -> f64,
) -> Parse<()> {
    for (block_index, block) in bytes.chunks(BLOCK).enumerate() {
        let (elements, _) = block.as_chunks::<N>();
        if elements.iter().fold(true, |sound, &e| sound & is_finite(e)) {
            continue;
        }
        if let Some(at) = elements.iter().position(|&e| !is_finite(e)) {
            let index = block_index * (BLOCK / N) + at;
            let value = shown(elements[at]);
            return Err(format!("holds {value} at element {index}: not finite"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_names_the_first_offender() {
        let mut bytes: Vec<u8> = (0..9000).flat_map(|i| (i as f32).to_le_bytes()).collect();
        assert_eq!(check(Dtype::F32, &bytes), Ok(()));
        bytes[4 * 8000..][..4].copy_from_slice(&f32::INFINITY.to_le_bytes());
        bytes[4 * 8500..][..4].copy_from_slice(&f32::NAN.to_le_bytes());
        let fault = check(Dtype::F32, &bytes).unwrap_err();
        assert!(fault.contains("inf at element 8000"), "{fault}");
        for (dtype, nan) in [
            (Dtype::F16, half::f16::NAN.to_le_bytes().to_vec()),
            (Dtype::Bf16, half::bf16::NAN.to_le_bytes().to_vec()),
            (Dtype::F64, f64::NAN.to_le_bytes().to_vec()),
        ] {
            let fault = check(dtype, &nan).unwrap_err();
            assert!(fault.contains("NaN at element 0"), "{fault}");
        }
    }

    #[test]
    fn largest_values_and_counters_pass() {
        assert_eq!(check(Dtype::F16, &half::f16::MAX.to_le_bytes()), Ok(()));
        assert_eq!(check(Dtype::F64, &f64::MIN.to_le_bytes()), Ok(()));
        assert_eq!(check(Dtype::I64, &(-1i64).to_le_bytes()), Ok(()));
    }
}
