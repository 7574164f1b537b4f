//! Converts pictures to the fast network's input and its output to a picture, in one pass each.
//!
//! A pixel of a map stands for `fold` x `fold` pixels: channel fold²·c + fold·i + j is the sample
//! (i, j) of them in plane c (pixel-unshuffle). Called by `engine` and `kept_maps` on the torch
//! thread.

use tch::{Kind, Tensor};

use crate::error::{Error, Result};
use crate::frame::{Picture, Rect};
use crate::runtime::native::channels_last::{Bf16, Sample, filled, read};
use crate::runtime::threads::slices::for_each_part;
use crate::simd;
use crate::simd::Kernel;

/// Channels for the position of a folded pixel in its 16 x 16 pixels: two per direction.
pub(crate) const PLACE: usize = 4;

/// How pictures become the input of a network: x, if it is used, the hint, and the position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// How many pixels become one, in either direction: 2 or 4.
    pub fold: usize,
    /// Whether the position of a pixel is part of the input, see [`place`].
    pub place: bool,
}

/// The parts of the input: pictures of one size, and the factor for x.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub x: Option<(&'a Picture, f32)>,
    pub y: Option<&'a Picture>,
    /// Width and height in pixels.
    pub size: (usize, usize),
    /// Position of the pictures in a larger one, in pixels of the map.
    pub origin: (usize, usize),
}

impl Entry {
    /// Channels that one picture becomes.
    pub fn folded(self) -> usize {
        3 * self.fold * self.fold
    }

    /// Channels of the input: with x, or without.
    pub fn channels(self, sees: bool) -> usize {
        let pictures = if sees { 2 } else { 1 };
        let place = if self.place { PLACE } else { 0 };
        pictures * self.folded() + place
    }

    /// Width and height of the map that `size` pixels become.
    pub fn map_size(self, size: (usize, usize)) -> (usize, usize) {
        (size.0 / self.fold, size.1 / self.fold)
    }

    /// The pixels of the map that hold `rect` of the picture.
    pub fn in_map(self, rect: Rect) -> Rect {
        let (x, y) = (rect.x / self.fold, rect.y / self.fold);
        Rect {
            x,
            y,
            width: (rect.x + rect.width).div_ceil(self.fold) - x,
            height: (rect.y + rect.height).div_ceil(self.fold) - y,
        }
    }

    /// `[1, channels, H/fold, W/fold]` channels_last, bf16 if that is `kind`, otherwise f32: x
    /// times its gain if there is one, y or zeros, the position.
    ///
    /// # Errors
    /// [`Error::Backend`].
    pub(crate) fn enter(self, seen: Seen, kind: Kind) -> Result<Tensor> {
        match kind {
            Kind::BFloat16 => self.enter_as::<Bf16>(seen),
            _ => self.enter_as::<f32>(seen),
        }
    }

    fn enter_as<T: Sample>(self, seen: Seen) -> Result<Tensor> {
        let (width, height) = self.map_size(seen.size);
        let channels = self.channels(seen.x.is_some());
        let size = [1, channels as i64, height as i64, width as i64];
        filled::<T>(size, |data| {
            for_each_part(data, channels * width, |row, out| {
                simd::run(Row {
                    entry: self,
                    seen,
                    row,
                    out: Pixels {
                        data: out,
                        channels,
                    },
                });
            })
        })
    }

    /// x0 = w.x·x + w.y·y + w.f·shuffle(f) for the pixels of `part`; missing pictures count as
    /// zero.
    ///
    /// # Errors
    /// [`Error::Backend`] if `part` is not inside f or the pictures differ in size.
    pub(crate) fn leave(
        self,
        w: Weights,
        x: Option<&Picture>,
        y: Option<&Picture>,
        part: Part,
    ) -> Result<Picture> {
        match part.f.kind() {
            Kind::BFloat16 => self.leave_as::<Bf16>(w, x, y, part),
            _ => self.leave_as::<f32>(w, x, y, part),
        }
    }

    fn leave_as<T: Sample>(
        self,
        w: Weights,
        x: Option<&Picture>,
        y: Option<&Picture>,
        part: Part,
    ) -> Result<Picture> {
        let (f, rect) = (read::<T>(part.f)?, part.rect);
        let (_, channels, _, pixels_wide) = part.f.size4()?;
        let pixels_wide = pixels_wide as usize;
        let (width, height) = (self.fold * rect.width, self.fold * rect.height);
        let of_size = |p: &Picture| (p.channels, p.width, p.height) == (3, width, height);
        let pitch = pixels_wide * self.folded();
        let ends = (rect.x + rect.width, (rect.y + rect.height) * pitch);
        let of_f = channels as usize == self.folded();
        let fits = of_f && ends.0 <= pixels_wide && ends.1 <= f.len();
        if !fits || !x.into_iter().chain(y).all(of_size) {
            return Err(Error::Backend(format!(
                "{rect:?} of a network's result of {:?}",
                part.f.size()
            )));
        }
        let mut out = Picture::new(3, width, height);
        for_each_part(&mut out.data, width, |index, line| {
            let (c, y_px) = (index / height, index % height);
            let first = (rect.y + y_px / self.fold) * pitch + rect.x * self.folded();
            let row = |p: &'_ Picture| index * width..index * width + p.width;
            simd::run(Line {
                fold: self.fold,
                x: x.map(|p| (w.x, &p.data[row(p)])),
                y: y.map(|p| (w.y, &p.data[row(p)])),
                f: (w.f, &f[first..][..rect.width * self.folded()]),
                channel: self.fold * self.fold * c + self.fold * (y_px % self.fold),
                line,
            });
        })?;
        Ok(out)
    }
}

/// The weights of x, y and F in x0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Weights {
    pub x: f32,
    pub y: f32,
    pub f: f32,
}

/// A rectangle of a network's result.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    /// The whole result, channels_last.
    pub f: &'a Tensor,
    /// In pixels of the map.
    pub rect: Rect,
}

/// One row of the input.
struct Row<'a, 'b, T> {
    entry: Entry,
    seen: Seen<'a>,
    row: usize,
    out: Pixels<'b, T>,
}

impl<T: Sample> Kernel for Row<'_, '_, T> {
    #[inline(always)]
    fn run(mut self) {
        let (entry, folded) = (self.entry, self.entry.folded());
        let mut first = 0;
        if let Some((x, gain)) = self.seen.x {
            self.out.gather(entry.fold, x, gain, self.row, first);
            first += folded;
        }
        match self.seen.y {
            Some(y) => self.out.gather(entry.fold, y, 1.0, self.row, first),
            None => self.out.clear(first, folded),
        }
        first += folded;
        if entry.place {
            let (x, y) = self.seen.origin;
            self.out.place((x, y + self.row), first);
        }
    }
}

/// Pixels of a map in order of memory.
struct Pixels<'a, T> {
    data: &'a mut [T],
    channels: usize,
}

impl<T: Sample> Pixels<'_, T> {
    /// Writes one row of `picture` times `gain` to the channels from `first` on.
    #[inline(always)]
    fn gather(&mut self, fold: usize, picture: &Picture, gain: f32, row: usize, first: usize) {
        match fold {
            2 => self.gather_by::<2>(picture, gain, row, first),
            _ => self.gather_by::<4>(picture, gain, row, first),
        }
    }

    #[inline(always)]
    fn gather_by<const F: usize>(
        &mut self,
        picture: &Picture,
        gain: f32,
        row: usize,
        first: usize,
    ) {
        for line in 0..3 * F {
            let (c, i) = (line / F, line % F);
            let samples = &picture.plane(c)[(F * row + i) * picture.width..][..picture.width];
            let at = first + F * line;
            let pixels = self.data.chunks_exact_mut(self.channels);
            for (pixel, samples) in pixels.zip(samples.chunks_exact(F)) {
                for (to, &from) in pixel[at..at + F].iter_mut().zip(samples) {
                    *to = T::of_f32(gain * from);
                }
            }
        }
    }

    /// Writes the position of a row's pixels, the first of which is at (x, row), to the channels
    /// from `first` on.
    #[inline(always)]
    fn place(&mut self, (x, row): (usize, usize), first: usize) {
        let pixels = self.data.chunks_exact_mut(self.channels);
        for (column, pixel) in pixels.enumerate() {
            let signs = place(x + column, row).map(T::of_f32);
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

/// One line of a plane of x0.
struct Line<'a, 'b, T> {
    fold: usize,
    x: Option<(f32, &'a [f32])>,
    y: Option<(f32, &'a [f32])>,
    f: (f32, &'a [T]),
    channel: usize,
    line: &'b mut [f32],
}

impl<T: Sample> Kernel for Line<'_, '_, T> {
    #[inline(always)]
    fn run(self) {
        for (weight, samples) in self.x.into_iter().chain(self.y) {
            for (sum, sample) in self.line.iter_mut().zip(samples) {
                *sum += weight * sample;
            }
        }
        match self.fold {
            2 => scatter::<2>(self.line, self.f, self.channel),
            _ => scatter::<4>(self.line, self.f, self.channel),
        }
    }
}

/// Adds `weight` times `F` channels from `channel` on of every pixel of `f`.
#[inline(always)]
fn scatter<const F: usize>(line: &mut [f32], (weight, f): (f32, &[impl Sample]), channel: usize) {
    let pixels = f.chunks_exact(3 * F * F);
    for (sums, pixel) in line.chunks_exact_mut(F).zip(pixels) {
        for (sum, value) in sums.iter_mut().zip(&pixel[channel..channel + F]) {
            *sum += weight * value.to_f32();
        }
    }
}

#[cfg(test)]
#[path = "ends_tests.rs"]
mod ends_tests;
