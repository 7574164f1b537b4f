//! Interleaves four results for each pixel, or for each corner of pixels: the last step of
//! convolutions that double the size.
//!
//! One pass on libtorch's threads, while its own operators take several. bf16 or f32,
//! channels_last. Called by `layers::doubled` and `conv_engine::doubling`.

use tch::{Kind, Tensor};

use crate::error::{Error, Result};
use crate::runtime::native::channels_last::{
    Bf16, Sample, bytes, filled_bytes, read, size_of_kind, write,
};
use crate::runtime::native::slices::for_each_part;
use crate::simd;
use crate::simd::Kernel;

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

/// Adds to `sum` `[1, C, 2H, 2W]`, from its row 2 · `first` on, what `x` `[1, 4C, h, W]` has for
/// its pixels: in the first quarter of channels for (2y, 2x), in the others for (2y, 2x + 1) and
/// the two below.
///
/// # Safety
/// Nothing else may use the memory of `sum` meanwhile.
///
/// # Errors
/// [`Error::Backend`] for other layouts, kinds and sizes.
pub unsafe fn add_interleaved(sum: &mut Tensor, x: &Tensor, first: usize) -> Result<()> {
    let (wanted, found) = (sum.size4()?, x.size4()?);
    let ends = 2 * (first as i64 + found.2) <= wanted.2;
    if wanted.0 != 1 || found.0 != 1 || found.1 != 4 * wanted.1 || 2 * found.3 != wanted.3 || !ends
    {
        return Err(Error::Backend(format!(
            "{:?} from row {first} on is not to be added to {:?}",
            x.size(),
            sum.size()
        )));
    }
    let add = match sum.kind() {
        Kind::BFloat16 => add_as::<Bf16>,
        _ => add_as::<f32>,
    };
    // SAFETY: guaranteed by the caller, and the sizes fit.
    unsafe { add(sum, x, first) }
}

/// # Safety
/// As [`add_interleaved`], and the sizes must fit.
unsafe fn add_as<T: Sample>(sum: &mut Tensor, x: &Tensor, first: usize) -> Result<()> {
    let (_, channels, _, width) = sum.size4()?;
    let (channels, line) = (channels as usize, (channels * width) as usize);
    let results = read::<T>(x)?;
    // SAFETY: guaranteed by the caller.
    let sums = unsafe { write::<T>(sum)? };
    let from = 2 * first * line;
    let sums = &mut sums[from..from + results.len()];
    for_each_part(sums, line.max(1), |row, sums| {
        simd::run(Add {
            results: &results[row / 2 * 2 * line..][..2 * line],
            sums,
            half: row % 2 * 2 * channels,
            channels,
        });
    })
}

/// One row of sums, to which one row of pixels adds half of its results.
struct Add<'a, T> {
    results: &'a [T],
    sums: &'a mut [T],
    /// Offset of the half in a pixel.
    half: usize,
    channels: usize,
}

impl<T: Sample> Kernel for Add<'_, T> {
    #[inline(always)]
    fn run(self) {
        let two = 2 * self.channels;
        let pixels = self.results.chunks_exact((2 * two).max(1));
        for (sums, pixel) in self.sums.chunks_exact_mut(two.max(1)).zip(pixels) {
            let results = &pixel[self.half..][..two];
            for (sum, result) in sums.iter_mut().zip(results) {
                *sum = T::of_f32(sum.to_f32() + result.to_f32());
            }
        }
    }
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

    /// From the second row of pixels on.
    fn add(sum: &mut Tensor, x: &Tensor) -> Result<()> {
        // SAFETY: the test has no other handles on its tensors.
        unsafe { add_interleaved(sum, x, 1) }
    }

    #[test]
    fn each_result_is_added_where_it_belongs_and_nowhere_else() {
        for kind in [Kind::Float, Kind::BFloat16] {
            let x = numbered([1, 12, 2, 3], kind);
            let mut sum = numbered([1, 3, 8, 6], kind);
            let before = sum.copy();
            add(&mut sum, &x).unwrap();
            for (c, y, x_at) in
                (0..3).flat_map(|c| (0..8).flat_map(move |y| (0..6).map(move |x| (c, y, x))))
            {
                let added = match y {
                    2..6 => {
                        x.double_value(&[0, 6 * (y % 2) + 3 * (x_at % 2) + c, y / 2 - 1, x_at / 2])
                    }
                    _ => 0.0,
                };
                let wanted = before.double_value(&[0, c, y, x_at]) + added;
                let found = sum.double_value(&[0, c, y, x_at]);
                assert!(
                    (found - wanted).abs() <= wanted / 256.0,
                    "{kind:?} {c} {y} {x_at}"
                );
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_not_added() {
        let zeros = |size: [i64; 4]| numbered(size, Kind::Float);
        let x = zeros([1, 12, 2, 3]);
        for size in [[1, 3, 4, 6], [1, 2, 8, 6], [1, 3, 8, 4], [2, 3, 8, 6]] {
            assert!(add(&mut zeros(size), &x).is_err(), "{size:?}");
        }
        let mut half = numbered([1, 3, 8, 6], Kind::BFloat16);
        assert!(add(&mut half, &x).is_err());
    }
}
