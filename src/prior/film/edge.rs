//! From pictures to the fast network's input and from its output to a picture, one pass each.
//!
//! A pixel of a map stands for `fold` x `fold` pixels: channel fold²·c + fold·i + j is the
//! sample (i, j) of them in plane c (pixel-unshuffle). Called by `engine` and `kept` on the
//! torch thread.

use tch::Tensor;

use crate::error::{Error, Result};
use crate::frame::{Picture, Rect};
use crate::prior::native::memory::{Bf16, Sample, filled};
use crate::prior::native::parallel::for_each_part;
use crate::simd::{self, Kernel};

/// Channels that say where in its 16 x 16 pixels a folded pixel is: two per direction.
pub(crate) const PLACE: usize = 4;

/// How pictures become the input of a network: x, if it is seen, the hint, and the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Pixels that become one, in either direction: 2 or 4.
    pub fold: usize,
    /// Whether the network is told where a pixel is, see [`place`].
    pub place: bool,
}

/// What the input is made of: pictures of one size, and what x is multiplied by.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub x: Option<(&'a Picture, f32)>,
    pub y: Option<&'a Picture>,
    /// Width and height in pixels.
    pub size: (usize, usize),
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

    /// `[1, channels, H/fold, W/fold]` bf16 channels_last: x times its gain if there is one, y
    /// or zeros, the place. The pictures' corner is on a multiple of 16 pixels.
    ///
    /// # Errors
    /// [`Error::Backend`].
    pub(super) fn enter(self, seen: Seen) -> Result<Tensor> {
        let (width, height) = self.map_size(seen.size);
        let channels = self.channels(seen.x.is_some());
        let size = [1, channels as i64, height as i64, width as i64];
        filled::<Bf16>(size, |data| {
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

    /// x0 = w.x·x + w.y·y + w.f·shuffle(f) for the pixels of `part`; pictures that are not there
    /// add nothing.
    ///
    /// # Errors
    /// [`Error::Backend`] when `part` is not inside of f or pictures have another size.
    pub(super) fn leave(
        self,
        w: Weights,
        x: Option<&Picture>,
        y: Option<&Picture>,
        part: Part,
    ) -> Result<Picture> {
        let rect = part.rect;
        let (width, height) = (self.fold * rect.width, self.fold * rect.height);
        let of_size = |p: &Picture| (p.channels, p.width, p.height) == (3, width, height);
        let pitch = part.pitch * self.folded();
        let ends = (rect.x + rect.width, (rect.y + rect.height) * pitch);
        let fits = ends.0 <= part.pitch && ends.1 <= part.f.len();
        if !fits || !x.into_iter().chain(y).all(of_size) {
            return Err(Error::Backend(format!(
                "{rect:?} of {} samples of a network",
                part.f.len()
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
                f: (w.f, &part.f[first..][..rect.width * self.folded()]),
                channel: self.fold * self.fold * c + self.fold * (y_px % self.fold),
                line,
            });
        })?;
        Ok(out)
    }
}

/// What x, y and F weigh in x0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Weights {
    pub x: f32,
    pub y: f32,
    pub f: f32,
}

/// A rectangle of a network's result.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    /// The whole result in order of memory.
    pub f: &'a [Bf16],
    /// Its width in pixels of the map.
    pub pitch: usize,
    /// In pixels of the map.
    pub rect: Rect,
}

/// One row of the input.
struct Row<'a, 'b> {
    entry: Entry,
    seen: Seen<'a>,
    row: usize,
    out: Pixels<'b>,
}

impl Kernel for Row<'_, '_> {
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
            self.out.place(self.row, first);
        }
    }
}

/// Pixels of a map in order of memory.
struct Pixels<'a> {
    data: &'a mut [Bf16],
    channels: usize,
}

impl Pixels<'_> {
    /// Writes one row of `picture` times `gain` into the channels from `first` on.
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
                    *to = Bf16::of_f32(gain * from);
                }
            }
        }
    }

    /// The place of a row's pixels, into the channels from `first` on.
    #[inline(always)]
    fn place(&mut self, row: usize, first: usize) {
        let pixels = self.data.chunks_exact_mut(self.channels);
        for (column, pixel) in pixels.enumerate() {
            let signs = place(column, row).map(Bf16::of_f32);
            pixel[first..first + PLACE].copy_from_slice(&signs);
        }
    }

    #[inline(always)]
    fn clear(&mut self, first: usize, count: usize) {
        for pixel in self.data.chunks_exact_mut(self.channels) {
            pixel[first..first + count].fill(Bf16::of_f32(0.0));
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
struct Line<'a, 'b> {
    fold: usize,
    x: Option<(f32, &'a [f32])>,
    y: Option<(f32, &'a [f32])>,
    f: (f32, &'a [Bf16]),
    channel: usize,
    line: &'b mut [f32],
}

impl Kernel for Line<'_, '_> {
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
fn scatter<const F: usize>(line: &mut [f32], (weight, f): (f32, &[Bf16]), channel: usize) {
    let pixels = f.chunks_exact(3 * F * F);
    for (sums, pixel) in line.chunks_exact_mut(F).zip(pixels) {
        for (sum, value) in sums.iter_mut().zip(&pixel[channel..channel + F]) {
            *sum += weight * value.to_f32();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prior::convert::to_tensor;
    use crate::prior::native::memory::read;
    use tch::{Device, Kind};

    const LEAN: Entry = Entry {
        fold: 2,
        place: false,
    };
    const NANO: Entry = Entry {
        fold: 4,
        place: true,
    };

    fn waves(seed: f32) -> Picture {
        let data = (0..3 * 32 * 16).map(|i| (i as f32 * seed).sin());
        Picture::from_data(3, 32, 16, data.collect()).unwrap()
    }

    /// What libtorch's unshuffle gives, x times its gain first, then y, rounded to bf16.
    #[test]
    fn the_input_is_libtorchs_unshuffle() {
        let (x, y) = (waves(0.37), waves(0.11));
        for entry in [LEAN, NANO] {
            let folded = |picture: &Picture, gain: f64| {
                let tensor = to_tensor(picture, Device::Cpu).unwrap() * gain;
                let folded = tensor.pixel_unshuffle(entry.fold as i64);
                folded.to_kind(Kind::BFloat16)
            };
            for sees in [false, true] {
                let seen = Seen {
                    x: sees.then_some((&x, 0.25)),
                    y: Some(&y),
                    size: (32, 16),
                };
                let found = entry.enter(seen).unwrap();
                let mut wanted = vec![folded(&y, 1.0)];
                if sees {
                    wanted.insert(0, folded(&x, 0.25));
                }
                let wanted = Tensor::cat(&wanted, 1);
                let count = wanted.size()[1];
                assert!(found.narrow(1, 0, count).equal(&wanted), "{entry:?}");
                let place = found.narrow(1, count, found.size()[1] - count);
                let signs = place.abs().mean(Kind::Float).double_value(&[]);
                assert!(!entry.place || signs == 1.0);
            }
        }
    }

    /// Pinned: the four signs of a 4 x 4 field of folded pixels, 16 x 16 pixels of a picture.
    #[test]
    fn places_repeat_every_16_pixels() {
        let row = [0, 1, 2, 3, 4].map(|x| place(x, 0)[0]);
        assert_eq!(row, [1., -1., 1., -1., 1.]);
        assert_eq!(
            [0, 1, 2, 3, 4].map(|x| place(x, 0)[1]),
            [1., 1., -1., -1., 1.]
        );
        assert_eq!([0, 1, 2, 3, 4].map(|y| place(0, y)[2]), row);
        assert_eq!([0, 1, 2, 3].map(|y| place(3, y)[3]), [1., 1., -1., -1.]);
    }

    /// A part of the answer is that part of the whole answer, which is the formula's.
    #[test]
    fn answers_are_the_formula_in_whole_and_in_part() {
        let (x, y) = (waves(0.37), waves(0.11));
        let w = Weights {
            x: 0.5,
            y: 0.25,
            f: 2.0,
        };
        for entry in [LEAN, NANO] {
            let f = entry
                .enter(Seen {
                    x: None,
                    y: Some(&x),
                    size: (32, 16),
                })
                .unwrap();
            let f = f.narrow(1, 0, entry.folded() as i64);
            let f = crate::prior::load::channels_last(&f).unwrap();
            let size = entry.map_size((32, 16));
            let part = |x, y, width, height| Part {
                f: read::<Bf16>(&f).unwrap(),
                pitch: size.0,
                rect: Rect {
                    x,
                    y,
                    width,
                    height,
                },
            };
            let whole = part(0, 0, size.0, size.1);
            let all = entry.leave(w, Some(&x), Some(&y), whole).unwrap();
            for ((a, x), y) in all.data.iter().zip(&x.data).zip(&y.data) {
                let wanted = 0.5 * x + 0.25 * y + 2.0 * Bf16::of_f32(*x).to_f32();
                assert!((a - wanted).abs() < 1e-6);
            }
            let inner = Rect {
                x: 8,
                y: 4,
                width: 16,
                height: 8,
            };
            let n = entry.fold;
            let some = part(8 / n, 4 / n, 16 / n, 8 / n);
            let (cx, cy) = (x.crop(inner), y.crop(inner));
            let found = entry.leave(w, Some(&cx), Some(&cy), some).unwrap();
            assert_eq!(found, all.crop(inner));
            assert!(entry.leave(w, None, Some(&y), some).is_err());
            assert!(entry.leave(w, None, None, part(1, 0, size.0, 1)).is_err());
        }
    }
}
