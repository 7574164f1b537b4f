//! Where a tensor is in its storage, and how to gather it if it is not contiguous.

use std::ops::Range;

use crate::model::checkpoint::Parse;
use crate::model::checkpoint::limits;
use crate::model::checkpoint::table::{Entry, Layout};
use crate::runtime::tensors::{Dtype, TensorInfo};

/// A tensor as torch describes it: sizes, strides and first element, counted in elements.
pub(crate) struct Geometry<'a> {
    /// Sizes, outermost first.
    pub(crate) shape: &'a [usize],
    /// Distance of neighbours along each dimension.
    pub(crate) strides: &'a [usize],
    /// First element in the storage.
    pub(crate) offset: usize,
}

/// The product of `shape`, unless it overflows. An empty dimension makes it 0 whatever the rest.
pub(crate) fn count(shape: &[usize]) -> Option<usize> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape
        .iter()
        .try_fold(1usize, |n, &size| n.checked_mul(size))
}

/// Locates a tensor of `geometry` in the bytes `storage` of the file, and checks that it is inside.
pub(crate) fn place(dtype: Dtype, geometry: &Geometry<'_>, storage: Range<usize>) -> Parse<Entry> {
    let Geometry { shape, strides, .. } = *geometry;
    if shape.len() != strides.len() {
        return Err(format!("has shape {shape:?} but strides {strides:?}"));
    }
    if shape.len() > limits::RANK {
        let (rank, limit) = (shape.len(), limits::RANK);
        return Err(format!("has {rank} dimensions, the limit is {limit}"));
    }
    let held = storage.len() / dtype.bytes();
    let count = count(shape).ok_or_else(|| format!("of shape {shape:?} overflows"))?;
    // Also refuses tensors enlarged by strides of 0, which would take memory but no space in the
    // file.
    if count > held {
        return Err(format!(
            "of shape {shape:?} needs {count} elements, its storage holds {held}"
        ));
    }
    let span = match count {
        0 => storage.start..storage.start,
        _ => span(dtype, geometry, storage, held)?,
    };
    let layout = match count == 0 || is_contiguous(shape, strides) {
        true => Layout::Contiguous,
        false => Layout::Strided(strides.to_vec()),
    };
    let shape = shape.to_vec();
    Ok(Entry {
        info: TensorInfo { dtype, shape },
        layout,
        span,
    })
}

/// The bytes of the file from the tensor's first element to its last.
fn span(
    dtype: Dtype,
    geometry: &Geometry<'_>,
    storage: Range<usize>,
    held: usize,
) -> Parse<Range<usize>> {
    let last = last_element(geometry).filter(|&last| last < held);
    let Geometry {
        shape,
        strides,
        offset,
    } = *geometry;
    let last = last.ok_or_else(|| {
        format!("of shape {shape:?}, strides {strides:?}, offset {offset} reaches beyond its storage of {held} elements")
    })?;
    let bytes = dtype.bytes();
    Ok(storage.start + offset * bytes..storage.start + (last + 1) * bytes)
}

/// The tensor's last element in its storage; no size is 0 here.
fn last_element(geometry: &Geometry<'_>) -> Option<usize> {
    let mut dimensions = geometry.shape.iter().zip(geometry.strides);
    dimensions.try_fold(geometry.offset, |at, (&size, &stride)| {
        at.checked_add((size - 1).checked_mul(stride)?)
    })
}

/// Whether elements follow each other in row-major order; strides of dimensions of size 1 do not
/// matter.
fn is_contiguous(shape: &[usize], strides: &[usize]) -> bool {
    let mut expected = 1;
    shape.iter().zip(strides).rev().all(|(&size, &stride)| {
        let fits = size == 1 || stride == expected;
        expected *= size;
        fits
    })
}

/// The elements of a strided tensor in row-major order. `bytes` starts at its first element and
/// ends with its last, as [`place`] has ensured.
pub(crate) fn gather(bytes: &[u8], info: &TensorInfo, strides: &[usize]) -> Vec<u8> {
    let element = info.dtype.bytes();
    let count = info.shape.iter().product::<usize>();
    let mut out = Vec::with_capacity(count * element);
    walk(bytes, element, &info.shape, strides, &mut out);
    out
}

fn walk(bytes: &[u8], element: usize, shape: &[usize], strides: &[usize], out: &mut Vec<u8>) {
    match (shape, strides) {
        ([size], [1]) => out.extend_from_slice(&bytes[..size * element]),
        ([size, shape @ ..], [stride, strides @ ..]) => {
            for i in 0..*size {
                walk(&bytes[i * stride * element..], element, shape, strides, out);
            }
        }
        _ => out.extend_from_slice(&bytes[..element]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(shape: &[usize], strides: &[usize], offset: usize, held: usize) -> Parse<Entry> {
        place(
            Dtype::F32,
            &Geometry {
                shape,
                strides,
                offset,
            },
            100..100 + 4 * held,
        )
    }

    #[test]
    fn contiguous_tensors_are_one_span() {
        let found = entry(&[2, 3], &[3, 1], 4, 10).unwrap();
        assert_eq!(found.span, 116..140);
        assert!(matches!(found.layout, Layout::Contiguous));
        assert!(matches!(
            entry(&[1, 3], &[77, 1], 0, 3).unwrap().layout,
            Layout::Contiguous
        ));
        assert_eq!(entry(&[], &[], 2, 3).unwrap().span, 108..112);
        assert_eq!(
            entry(&[0, usize::MAX], &[1, 1], 9, 3).unwrap().span,
            100..100
        );
    }

    #[test]
    fn what_leaves_its_storage_is_refused() {
        for (shape, strides, offset) in [
            (&[2, 3][..], &[3, 1][..], 5),
            (&[11], &[1], 0),
            (&[2, 2], &[9, 1], 1),
            (&[10], &[usize::MAX], 0),
            (&[2], &[1], usize::MAX),
            (&[usize::MAX, 2], &[1, 1], 0),
            (&[4, 4], &[0, 0], 0),
            (&[2], &[1, 1], 0),
            (&[1; 17], &[1; 17], 0),
        ] {
            assert!(
                entry(shape, strides, offset, 10).is_err(),
                "{shape:?} {strides:?} {offset}"
            );
        }
    }

    #[test]
    fn transposed_and_skipping_tensors_are_gathered_row_major() {
        let bytes: Vec<u8> = (0..6i64).flat_map(i64::to_le_bytes).collect();
        let values = |shape: &[usize], strides: &[usize]| -> Vec<i64> {
            let info = TensorInfo {
                dtype: Dtype::I64,
                shape: shape.to_vec(),
            };
            let found = gather(&bytes, &info, strides);
            found
                .as_chunks()
                .0
                .iter()
                .map(|&b| i64::from_le_bytes(b))
                .collect()
        };
        assert_eq!(values(&[3, 2], &[1, 3]), [0, 3, 1, 4, 2, 5]);
        assert_eq!(values(&[2, 2], &[3, 1]), [0, 1, 3, 4]);
        assert_eq!(values(&[3], &[2]), [0, 2, 4]);
        assert_eq!(values(&[2, 1, 2], &[2, 5, 1]), [0, 1, 2, 3]);
    }
}
