//! Weights of a checkpoint as numbers on the host, and whether a checkpoint holds what a network
//! needs.

use half::{bf16, f16};

use crate::error::{Error, Result};
use crate::runtime::tensors::faults::report;
use crate::runtime::tensors::shapes::Shapes;
use crate::runtime::tensors::{Dtype, TensorSource};

/// The tensor `name` as f32, in order of memory.
///
/// # Errors
/// [`Error::Checkpoint`] if it is missing, damaged, or holds a value that is not finite in f32.
pub(crate) fn floats(source: &dyn TensorSource, name: &str) -> Result<Vec<f32>> {
    let tensor = source.read(name)?;
    let values = convert(&tensor.bytes, tensor.info.dtype);
    match values.iter().all(|value| value.is_finite()) {
        true => Ok(values),
        false => Err(Error::Checkpoint(format!(
            "weights do not fit the network: {name} holds values that are not finite"
        ))),
    }
}

fn convert(bytes: &[u8], dtype: Dtype) -> Vec<f32> {
    fn each<const N: usize>(bytes: &[u8], of: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        let words = bytes.as_chunks::<N>().0;
        words.iter().map(|&word| of(word)).collect()
    }
    match dtype {
        Dtype::F16 => each(bytes, |b| f16::from_le_bytes(b).to_f32()),
        Dtype::Bf16 => each(bytes, |b| bf16::from_le_bytes(b).to_f32()),
        Dtype::F32 => each(bytes, f32::from_le_bytes),
        Dtype::F64 => each(bytes, |b| f64::from_le_bytes(b) as f32),
        Dtype::I64 => each(bytes, |b| i64::from_le_bytes(b) as f32),
    }
}

/// Checks that `source` has the tensors of `shapes` and no others.
///
/// # Errors
/// [`Error::Checkpoint`] naming every tensor that is missing, has the wrong shape or is left over.
pub(crate) fn check(source: &dyn TensorSource, shapes: &Shapes) -> Result<()> {
    let mut faults = Vec::new();
    for (name, wanted) in shapes {
        match source.info(name) {
            None => faults.push(format!("missing {name}")),
            Some(info)
                if !info
                    .shape
                    .iter()
                    .map(|&n| n as i64)
                    .eq(wanted.iter().copied()) =>
            {
                faults.push(format!("{name} is {:?}, wanted {wanted:?}", info.shape));
            }
            Some(_) => {}
        }
    }
    let names = source.names().into_iter();
    let others = names.filter(|name| !shapes.contains_key(name));
    faults.extend(others.map(|name| format!("unexpected {name}")));
    report(&faults)
}
