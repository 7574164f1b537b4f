//! Interleaves four results for each corner of pixels: the last step of convolutions that double the
//! size.
//!
//! One pass on libtorch's threads, while its own operators take several. bf16 or f32,
//! channels_last. Called by `layers::doubled`.

use tch::Tensor;

use crate::error::{Error, Result};
use crate::runtime::native::channels_last::{bytes, filled_bytes, size_of_kind};
use crate::runtime::native::slices::for_each_part;

/// `[N, C, 2H, 2W]` of `x` `[N, 4C, H + 1, W + 1]`: the corner above left of pixel (y, x) has in
/// its first quarter of channels the result at (2y, 2x), the corner to the right of it in the
/// second that at (2y, 2x + 1), those below in the third and fourth the ones at 2y + 1.
///
/// # Errors
/// [`Error::Backend`] for another layout or kind, or another number of channels.
pub fn interleave(x: &Tensor) -> Result<Tensor> {
    let (pictures, channels, height, width) = x.size4()?;
    if channels < 4 || channels % 4 != 0 || height < 2 || width < 2 {
        return Err(Error::Backend(format!(
            "four results for each corner of pixels: not in {:?}",
            x.size()
        )));
    }
    let corners = bytes(x)?;
    let (rows, columns) = (height as usize, width as usize);
    let quarter = (channels / 4) as usize * size_of_kind(x.kind());
    let size = [pictures, channels / 4, 2 * (height - 1), 2 * (width - 1)];
    let line = 2 * (columns - 1) * quarter;
    filled_bytes(size, x.kind(), |out| {
        for_each_part(out, line, |number, out| {
            let (picture, row) = (number / (2 * (rows - 1)), number % (2 * (rows - 1)));
            let corner = (picture * rows + row.div_ceil(2)) * columns;
            let from = 2 * (row % 2) * quarter;
            for (column, out) in out.chunks_exact_mut(quarter).enumerate() {
                let at = (corner + column.div_ceil(2)) * 4 * quarter + from + column % 2 * quarter;
                out.copy_from_slice(&corners[at..at + quarter]);
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::runtime::tensors::load::channels_last;

    fn numbered(size: [i64; 4], kind: Kind) -> Tensor {
        let count = size.iter().product::<i64>();
        let flat = Tensor::arange(count, (Kind::Float, Device::Cpu));
        channels_last(&flat.view(size).to_kind(kind)).unwrap()
    }

    #[test]
    fn each_result_comes_from_its_quarter_of_its_corner() {
        for kind in [Kind::Float, Kind::BFloat16] {
            let x = numbered([2, 12, 3, 4], kind);
            let out = interleave(&x).unwrap();
            assert_eq!(out.size(), [2, 3, 4, 6]);
            for (n, c, y, x_at) in (0..2).flat_map(|n| {
                (0..3)
                    .flat_map(move |c| (0..4).flat_map(move |y| (0..6).map(move |x| (n, c, y, x))))
            }) {
                let quarter = 2 * (y % 2) + x_at % 2;
                let corner = [n, 3 * quarter + c, (y + 1) / 2, (x_at + 1) / 2];
                let (found, wanted) = (out.double_value(&[n, c, y, x_at]), x.double_value(&corner));
                assert_eq!(found, wanted, "{kind:?} {n} {c} {y} {x_at}");
            }
        }
    }

    #[test]
    fn what_has_no_four_results_a_corner_is_refused() {
        for size in [[1, 6, 3, 3], [1, 0, 3, 3], [1, 4, 1, 3], [1, 4, 3, 1]] {
            let x = channels_last(&Tensor::zeros(size, (Kind::Float, Device::Cpu))).unwrap();
            assert!(interleave(&x).is_err(), "{size:?}");
        }
        let planes = Tensor::zeros([1, 8, 3, 3], (Kind::Float, Device::Cpu));
        assert!(interleave(&planes).is_err());
    }
}
