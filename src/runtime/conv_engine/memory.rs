//! Memory of several threads: a slice of which each writes its own part, and pieces that a thread
//! keeps from use to use. Bytes as samples.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut, Range};

use crate::runtime::conv_engine::map::Line;
use crate::runtime::samples::Sample;
use crate::simd;
use crate::simd::Kernel;

/// A slice of which several threads write different parts.
pub(crate) struct Disjoint<'a, T> {
    start: *mut T,
    length: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: what a thread gets is a part that no other thread has, as `part` demands.
unsafe impl<T: Send> Sync for Disjoint<'_, T> {}

impl<'a, T> Disjoint<'a, T> {
    /// Lends `slice` in parts.
    pub fn new(slice: &'a mut [T]) -> Self {
        Self {
            start: slice.as_mut_ptr(),
            length: slice.len(),
            slice: PhantomData,
        }
    }

    /// The elements in `range`.
    ///
    /// # Safety
    /// While it is used, no other part may overlap it.
    #[expect(clippy::mut_from_ref)]
    pub unsafe fn part(&self, range: Range<usize>) -> &mut [T] {
        assert!(
            range.start <= range.end && range.end <= self.length,
            "{range:?} of {}",
            self.length
        );
        // SAFETY: inside the slice, and the caller guarantees that nobody else has it.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}

/// How many pieces of memory a thread may have at once.
const PIECES: usize = 4;

thread_local! {
    static KEPT: RefCell<[Vec<Line>; PIECES]> = const { RefCell::new([const { Vec::new() }; PIECES]) };
}

/// Bytes that a thread uses for a moment; their values are those of before.
pub(crate) struct Lent {
    lines: Vec<Line>,
    number: usize,
    bytes: usize,
}

impl Lent {
    /// `bytes` bytes of the thread's memory of that number, below `PIECES`.
    pub fn of(number: usize, bytes: usize) -> Self {
        let mut lines = KEPT.with_borrow_mut(|kept| std::mem::take(&mut kept[number]));
        let wanted = bytes.div_ceil(size_of::<Line>());
        if lines.len() < wanted {
            lines.resize_with(wanted, Line::default);
        }
        Self {
            lines,
            number,
            bytes,
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        KEPT.with_borrow_mut(|kept| kept[self.number] = lines);
    }
}

impl Deref for Lent {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: as many bytes were asked for, and `self` has the only handle on them.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.bytes) }
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.bytes) }
    }
}

/// Buffers begin on 64 bytes, and pixels are whole samples, so this never happens.
const MISALIGNED: &str = "bytes of a map that are no whole samples";

/// The samples in `bytes`, which begin where samples may.
pub(crate) fn samples<T: Sample>(bytes: &[u8]) -> &[T] {
    // SAFETY: any bits are a sample.
    let (before, samples, after) = unsafe { bytes.align_to() };
    assert!(before.is_empty() && after.is_empty(), "{MISALIGNED}");
    samples
}

/// The same, for writing.
pub(crate) fn samples_mut<T: Sample>(bytes: &mut [u8]) -> &mut [T] {
    // SAFETY: any bits are a sample, and the bytes of any sample may be written.
    let (before, samples, after) = unsafe { bytes.align_to_mut() };
    assert!(before.is_empty() && after.is_empty(), "{MISALIGNED}");
    samples
}

/// Adds to `sums`, rows of 2 · `width` pixels of `channels` samples, what `results` has for rows of
/// `width` pixels: in its first quarter of channels for (2y, 2x), in the others for (2y, 2x + 1) and
/// the two below.
pub(crate) fn add_interleaved<T: Sample>(
    results: &[T],
    sums: &mut [T],
    (width, channels): (usize, usize),
) {
    let line = 2 * width * channels;
    for (row, sums) in sums.chunks_exact_mut(line.max(1)).enumerate() {
        simd::run(Add {
            results: &results[row / 2 * 2 * line..][..2 * line],
            sums,
            half: row % 2 * 2 * channels,
            channels,
        });
    }
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
    use super::*;

    #[test]
    fn each_result_is_added_to_its_pixel() {
        // Two rows of three pixels with two channels; a result is 100 · row + 10 · column + quarter.
        let (width, channels) = (3, 2);
        let results: Vec<f32> = (0..2 * width * 4 * channels)
            .map(|at| {
                let (pixel, part) = (at / (4 * channels), at % (4 * channels) / channels);
                (100 * (pixel / width) + 10 * (pixel % width) + part) as f32
            })
            .collect();
        let mut sums = vec![1000.0; results.len()];
        add_interleaved(&results, &mut sums, (width, channels));
        for (at, sum) in sums.into_iter().enumerate() {
            let (x, y) = (at / channels % (2 * width), at / channels / (2 * width));
            let wanted = 1000 + 100 * (y / 2) + 10 * (x / 2) + 2 * (y % 2) + x % 2;
            assert_eq!(sum, wanted as f32, "{x} {y}");
        }
    }

    #[test]
    fn what_is_lent_is_kept_for_the_next_use() {
        let mut first = Lent::of(0, 100);
        first.fill(7);
        assert!(samples::<f32>(&first).len() == 25);
        let other = Lent::of(1, 10);
        assert_eq!((first.len(), other.len()), (100, 10));
        drop(first);
        assert_eq!(Lent::of(0, 80)[79], 7);
    }

    #[test]
    fn parts_of_a_slice_are_written_by_different_threads() {
        let mut data = vec![0; 100];
        let shared = Disjoint::new(&mut data);
        std::thread::scope(|scope| {
            for n in 0..4 {
                let shared = &shared;
                // SAFETY: the parts do not overlap.
                scope.spawn(move || unsafe { shared.part(25 * n..25 * (n + 1)) }.fill(n));
            }
        });
        assert!(data.iter().enumerate().all(|(at, &n)| n == at / 25));
    }
}
