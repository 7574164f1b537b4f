//! Converts pictures to a network's input and its output to a picture, in one pass each.
//!
//! A pixel of a map stands for `fold` x `fold` pixels: channel fold²·c + fold·i + j is the sample
//! (i, j) of them in plane c (pixel-unshuffle). Called by `pass`.

use crate::frame::{Picture, Rect};
use crate::runtime::conv_net::net::Entry;
pub(crate) use crate::runtime::conv_net::net::PLACE;
use crate::runtime::samples::Sample;
use crate::simd;
use crate::simd::Kernel;

/// Samples that are converted side by side: those of whole pixels of a map.
const RUN: usize = 256;

/// The pictures of a question, of one size, and the factor for x.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub x: Option<(&'a Picture, f32)>,
    pub y: Option<&'a Picture>,
}

/// The weights of x, y and F in x0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Weights {
    pub x: f32,
    pub y: f32,
    pub f: f32,
}

/// Writes the pixels `from` and the `pixels` after it of row `row` of the input: x times its gain if
/// there is one, y or zeros, the position.
pub(crate) fn enter<T: Sample>(
    entry: Entry,
    seen: Seen<'_>,
    (from, row): (usize, usize),
    pixels: &mut [T],
) {
    simd::run(Row {
        entry,
        seen,
        from,
        row,
        out: Pixels {
            data: pixels,
            channels: entry.channels(seen.x.is_some()),
        },
    });
}

/// One line of a plane of x0.
pub(crate) struct Line<'a> {
    /// How many pixels became one.
    pub fold: usize,
    /// The weights.
    pub weights: Weights,
    /// The samples of x and y there, if there are any.
    pub seen: [Option<&'a [f32]>; 2],
    /// Plane and row in the picture.
    pub at: (usize, usize),
}

impl Line<'_> {
    /// x0 = w.x·x + w.y·y + w.f·shuffle(f), for the pixels `f` of the map; missing pictures count as
    /// zero.
    pub fn leave<T: Sample>(self, f: &[T], line: &mut [f32]) {
        let ((plane, row), fold) = (self.at, self.fold);
        simd::run(Leave {
            channel: fold * fold * plane + fold * (row % fold),
            of: self,
            f,
            line,
        });
    }
}

/// A part of a row of the input.
struct Row<'a, 'b, T> {
    entry: Entry,
    seen: Seen<'a>,
    from: usize,
    row: usize,
    out: Pixels<'b, T>,
}

impl<T: Sample> Kernel for Row<'_, '_, T> {
    #[inline(always)]
    fn run(mut self) {
        let (entry, folded) = (self.entry, self.entry.folded());
        let at = (self.from, self.row);
        let mut first = 0;
        if let Some((x, gain)) = self.seen.x {
            self.out.gather(entry.fold, (x, gain), at, first);
            first += folded;
        }
        match self.seen.y {
            Some(y) => self.out.gather(entry.fold, (y, 1.0), at, first),
            None => self.out.clear(first, folded),
        }
        first += folded;
        if entry.place {
            self.out.place(at, first);
        }
    }
}

/// Pixels of a map in order of memory.
struct Pixels<'a, T> {
    data: &'a mut [T],
    channels: usize,
}

impl<T: Sample> Pixels<'_, T> {
    /// Writes the samples of `picture` times a gain to the channels from `first` on.
    #[inline(always)]
    fn gather(&mut self, fold: usize, seen: (&Picture, f32), at: (usize, usize), first: usize) {
        match fold {
            2 => self.gather_by::<2>(seen, at, first),
            _ => self.gather_by::<4>(seen, at, first),
        }
    }

    #[inline(always)]
    fn gather_by<const F: usize>(
        &mut self,
        (picture, gain): (&Picture, f32),
        (from, row): (usize, usize),
        first: usize,
    ) {
        let mut line = [T::of_f32(0.0); RUN];
        for n in 0..3 * F {
            let (c, i) = (n / F, n % F);
            let samples = &picture.plane(c)[(F * row + i) * picture.width..][..picture.width];
            let at = first + F * n;
            let runs = self.data.chunks_mut(RUN / F * self.channels);
            for (pixels, samples) in runs.zip(samples[F * from..].chunks(RUN)) {
                for (to, &from) in line.iter_mut().zip(samples) {
                    *to = T::of_f32(gain * from);
                }
                let pixels = pixels.chunks_exact_mut(self.channels);
                for (pixel, group) in pixels.zip(line.as_chunks::<F>().0) {
                    pixel[at..at + F].copy_from_slice(group);
                }
            }
        }
    }

    /// Writes the position of the pixels to the channels from `first` on.
    #[inline(always)]
    fn place(&mut self, (from, row): (usize, usize), first: usize) {
        let pixels = self.data.chunks_exact_mut(self.channels);
        for (column, pixel) in pixels.enumerate() {
            let signs = place(from + column, row).map(T::of_f32);
            pixel[first..first + PLACE].copy_from_slice(&signs);
        }
    }

    #[inline(always)]
    fn clear(&mut self, first: usize, count: usize) {
        for pixel in self.data.chunks_exact_mut(self.channels) {
            pixel[first..first + count].fill(T::of_f32(0.0));
        }
    }
}

/// +1 and -1 by the parity of the column, of the column's half, of the row and of the row's
/// half. The origin is on a multiple of 16 pixels.
#[inline(always)]
pub(crate) fn place(column: usize, row: usize) -> [f32; PLACE] {
    let sign = |at: usize, half: usize| {
        if (at / half).is_multiple_of(2) {
            1.0
        } else {
            -1.0
        }
    };
    [sign(column, 1), sign(column, 2), sign(row, 1), sign(row, 2)]
}

struct Leave<'a, 'b, T> {
    of: Line<'a>,
    channel: usize,
    f: &'a [T],
    line: &'b mut [f32],
}

impl<T: Sample> Kernel for Leave<'_, '_, T> {
    #[inline(always)]
    fn run(self) {
        let weights = self.of.weights;
        self.line.fill(0.0);
        for (weight, samples) in [weights.x, weights.y].into_iter().zip(self.of.seen) {
            for (sum, sample) in self.line.iter_mut().zip(samples.unwrap_or_default()) {
                *sum += weight * sample;
            }
        }
        match self.of.fold {
            2 => scatter::<2, T>(self.line, (weights.f, self.f), self.channel),
            _ => scatter::<4, T>(self.line, (weights.f, self.f), self.channel),
        }
    }
}

/// Adds `weight` times `F` channels from `channel` on of every pixel of `f`.
#[inline(always)]
fn scatter<const F: usize, T: Sample>(line: &mut [f32], (weight, f): (f32, &[T]), channel: usize) {
    let mut values = [T::of_f32(0.0); RUN];
    let runs = f.chunks(RUN / F * 3 * F * F);
    for (sums, pixels) in line.chunks_mut(RUN).zip(runs) {
        let pixels = pixels.chunks_exact(3 * F * F);
        for (group, pixel) in values.as_chunks_mut::<F>().0.iter_mut().zip(pixels) {
            group.copy_from_slice(&pixel[channel..channel + F]);
        }
        for (sum, value) in sums.iter_mut().zip(&values) {
            *sum += weight * value.to_f32();
        }
    }
}

/// The lines of planes and rows in which the pixels `rect` of a map are, in a picture of `size`:
/// plane, row, and the line's place in the picture's samples.
pub(crate) fn lines(
    fold: usize,
    rect: Rect,
    size: (usize, usize),
) -> impl Iterator<Item = ((usize, usize), std::ops::Range<usize>)> {
    // All of a row of the map before the next, which is in a cache then.
    (rect.y..rect.y + rect.height).flat_map(move |y| {
        (0..3 * fold).map(move |n| {
            let (plane, row) = (n / fold, fold * y + n % fold);
            let start = (plane * size.1 + row) * size.0 + fold * rect.x;
            ((plane, row), start..start + fold * rect.width)
        })
    })
}
