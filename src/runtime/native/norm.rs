//! Group normalisation with its affine part and SiLU in one pass after the statistics.
//!
//! libtorch makes three passes over memory; here the data is read twice and written once. Next to a
//! bf16 convolution those passes cost as much as the convolution. Sums are f32 over at most
//! `PIXELS` pixels and f64 above. CPU, channels_last, no gradients. Called by `layers::norm`.

use std::ops::Range;

use tch::{Kind, Tensor};

use crate::error::{Error, Result};
use crate::runtime::native::channels_last::{Sample, filled, read};
use crate::runtime::native::numbers::silu;
use crate::runtime::native::slices::for_each_part;
use crate::simd;
use crate::simd::Kernel;

/// Pixels in one part of the work.
const PIXELS: usize = 256;

/// What follows the norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Nothing.
    Nothing,
    /// x · sigmoid(x).
    Silu,
}

/// The numbers of a norm, each `[N · C]`, picture by picture.
pub struct Affine {
    /// Added to x before anything else.
    pub offset: Vec<f32>,
    /// Factor on the normalised x + offset.
    pub weight: Vec<f32>,
    /// Added after that.
    pub bias: Vec<f32>,
}

/// `after(norm(x + offset) · weight + bias)` of `x` `[N, C, H, W]`, channels_last, of kind `T`,
/// whose channels are in one tensor or in several of one size; the result is of kind `O`.
///
/// # Errors
/// [`Error::Backend`] for another layout or kind, or if the numbers do not fit.
pub fn group_norm<T: Sample, O: Sample>(
    x: &[&Tensor],
    groups: usize,
    eps: f64,
    affine: &Affine,
    after: After,
) -> Result<Tensor> {
    let parts = x.iter().map(|x| Part::of(x));
    let parts = parts.collect::<Result<Vec<Part<'_, T>>>>()?;
    let [n, h, w] = parts.first().map_or([0; 3], |part| part.size);
    let one_size = parts.iter().all(|part| part.size == [n, h, w]);
    let (pictures, pixels) = (n as usize, (h * w) as usize);
    let channels: usize = parts.iter().map(|part| part.channels).sum();
    let numbers = [&affine.offset, &affine.weight, &affine.bias];
    let fit = numbers.iter().all(|list| list.len() == pictures * channels);
    if !one_size || !fit || groups == 0 || !channels.is_multiple_of(groups) {
        return Err(Error::Backend(format!(
            "a norm of {groups} groups over {channels} channels of {pictures} pictures"
        )));
    }
    let mut lines = Vec::with_capacity(pictures);
    for i in (0..pictures).filter(|_| pixels * channels > 0) {
        let at = i * channels..(i + 1) * channels;
        let mut all = Vec::with_capacity(channels);
        for part in &parts {
            all.extend(moments(part.picture(i, pixels), part.channels)?);
        }
        let [offset, weight, bias] = numbers.map(|list| &list[at.clone()]);
        lines.push(lines_of(&all, groups, eps, [offset, weight, bias]));
    }
    filled::<O>([n, channels as i64, h, w], |out| {
        let pictures = out.chunks_exact_mut((pixels * channels).max(1));
        for (i, (line, out)) in lines.iter().zip(pictures).enumerate() {
            let mut first = 0;
            for part in &parts {
                let inside = first..first + part.channels;
                apply(part.picture(i, pixels), inside, out, line, after)?;
                first += part.channels;
            }
        }
        Ok(())
    })
}

/// Some of the channels.
struct Part<'a, T> {
    data: &'a [T],
    channels: usize,
    /// N, H, W.
    size: [i64; 3],
}

impl<'a, T: Sample> Part<'a, T> {
    fn of(x: &'a Tensor) -> Result<Self> {
        let (n, c, h, w) = x.size4()?;
        Ok(Self {
            data: read::<T>(x)?,
            channels: c as usize,
            size: [n, h, w],
        })
    }

    /// The channels of picture number `i`, which has `pixels` pixels.
    fn picture(&self, i: usize, pixels: usize) -> &'a [T] {
        let length = pixels * self.channels;
        &self.data[i * length..(i + 1) * length]
    }
}

/// f32 numbers of a small tensor.
///
/// # Errors
/// [`Error::Backend`].
pub fn numbers(x: &Tensor) -> Result<Vec<f32>> {
    let flat = x.f_to_kind(Kind::Float)?.f_contiguous()?.f_view([-1])?;
    Ok(Vec::<f32>::try_from(&flat)?)
}

/// Mean and mean square deviation of a channel of one picture.
type Moments = (f64, f64);

fn moments<T: Sample>(data: &[T], channels: usize) -> Result<Vec<Moments>> {
    let part = PIXELS * channels;
    let parts = data.len().div_ceil(part);
    // Deviations from the first pixel, so that sums of squares lose little precision with a large
    // mean.
    let origin: Vec<f32> = data[..channels].iter().map(|x| x.to_f32()).collect();
    let mut sums = vec![0.0f32; parts * 2 * channels];
    for_each_part(&mut sums, 2 * channels, |i, out| {
        let (sum, square) = out.split_at_mut(channels);
        let data = &data[i * part..data.len().min((i + 1) * part)];
        let origin = &origin[..];
        simd::run(Sums {
            data,
            origin,
            sum,
            square,
        });
    })?;
    let pixels = (data.len() / channels) as f64;
    let channel = |c: usize| {
        let total = |first: usize| -> f64 {
            let of_part = sums.chunks_exact(2 * channels);
            of_part.map(|sums| f64::from(sums[first + c])).sum()
        };
        let (mean, square) = (total(0) / pixels, total(channels) / pixels);
        let variance = (square - mean * mean).max(0.0);
        (f64::from(origin[c]) + mean, variance)
    };
    Ok((0..channels).map(channel).collect())
}

/// Adds the deviations of every pixel from `origin`, and their squares, to `sum` and `square`.
struct Sums<'a, T> {
    data: &'a [T],
    origin: &'a [f32],
    sum: &'a mut [f32],
    square: &'a mut [f32],
}

impl<T: Sample> Kernel for Sums<'_, T> {
    #[inline(always)]
    fn run(self) {
        let channels = self.origin.len();
        let fours = self.data.chunks_exact(4 * channels);
        for pixel in fours.remainder().chunks_exact(channels) {
            for (c, x) in pixel.iter().enumerate() {
                let d = x.to_f32() - self.origin[c];
                self.sum[c] += d;
                self.square[c] += d * d;
            }
        }
        let (sum, square) = (&mut self.sum[..channels], &mut self.square[..channels]);
        for four in fours {
            let (p, q) = four.split_at(2 * channels);
            let ((p, q), (r, s)) = (p.split_at(channels), q.split_at(channels));
            let (q, r, s) = (&q[..channels], &r[..channels], &s[..channels]);
            for c in 0..channels {
                let o = self.origin[c];
                let [a, b] = [p[c].to_f32() - o, q[c].to_f32() - o];
                let [d, e] = [r[c].to_f32() - o, s[c].to_f32() - o];
                sum[c] += (a + b) + (d + e);
                square[c] += (a * a + b * b) + (d * d + e * e);
            }
        }
    }
}

/// gain · (x - centre) + bias per channel: the norm of one picture. The centre is subtracted first,
/// so that a large mean does not cost precision.
struct Line {
    centre: Vec<f32>,
    gain: Vec<f32>,
    bias: Vec<f32>,
}

fn lines_of(moments: &[Moments], groups: usize, eps: f64, affine: [&[f32]; 3]) -> Line {
    let [offset, weight, bias] = affine;
    let channels = weight.len();
    let per_group = channels / groups;
    let mut line = Line {
        centre: vec![0.0; channels],
        gain: vec![0.0; channels],
        bias: bias.to_vec(),
    };
    for group in 0..groups {
        let inside = group * per_group..(group + 1) * per_group;
        let mean_of = |c: usize| moments[c].0 + f64::from(offset[c]);
        let mean = inside.clone().map(mean_of).sum::<f64>() / per_group as f64;
        let spread = |c: usize| moments[c].1 + (mean_of(c) - mean).powi(2);
        let variance = inside.clone().map(spread).sum::<f64>() / per_group as f64;
        let scale = 1.0 / (variance + eps).sqrt();
        for c in inside {
            line.gain[c] = (f64::from(weight[c]) * scale) as f32;
            line.centre[c] = (mean - f64::from(offset[c])) as f32;
        }
    }
    line
}

/// `data` has the channels `inside` of `out`.
fn apply<T: Sample, O: Sample>(
    data: &[T],
    inside: Range<usize>,
    out: &mut [O],
    line: &Line,
    after: After,
) -> Result<()> {
    let all = line.gain.len();
    for_each_part(out, PIXELS * all, |i, out| {
        let channels = inside.len();
        let data = &data[i * PIXELS * channels..][..out.len() / all * channels];
        let inside = inside.clone();
        match after {
            After::Nothing => simd::run(Apply {
                data,
                inside,
                out,
                line,
                after: |x| x,
            }),
            After::Silu => simd::run(Apply {
                data,
                inside,
                out,
                line,
                after: silu,
            }),
        }
    })
}

/// out = after(gain · (data - centre) + bias), of the channels `inside`.
struct Apply<'a, T, O, F> {
    data: &'a [T],
    inside: Range<usize>,
    out: &'a mut [O],
    line: &'a Line,
    after: F,
}

impl<T: Sample, O: Sample, F: Fn(f32) -> f32> Kernel for Apply<'_, T, O, F> {
    #[inline(always)]
    fn run(self) {
        let (all, channels) = (self.line.gain.len(), self.inside.len());
        let gain = &self.line.gain[self.inside.clone()][..channels];
        let bias = &self.line.bias[self.inside.clone()][..channels];
        let centre = &self.line.centre[self.inside.clone()][..channels];
        let pixels = self.data.chunks_exact(channels.max(1));
        for (out, data) in self.out.chunks_exact_mut(all).zip(pixels) {
            // Slices of one length, so that no bounds check prevents vectorisation.
            let (out, data) = (&mut out[self.inside.clone()], &data[..channels]);
            let out = &mut out[..channels];
            for c in 0..channels {
                let x = gain[c] * (data[c].to_f32() - centre[c]) + bias[c];
                out[c] = O::of_f32((self.after)(x));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::native::channels_last::Bf16;
    use crate::runtime::tensors::load::channels_last;
    use tch::Device;

    const GROUPS: usize = 32;

    /// A picture far from zero, in which channels differ, and numbers for its norm.
    fn case(n: i64, c: i64, side: i64) -> (Tensor, [Tensor; 3]) {
        tch::manual_seed(1);
        let options = (Kind::Float, Device::Cpu);
        let levels = Tensor::randn([1, c, 1, 1], options) * 3 + 5;
        let x = Tensor::randn([n, c, side, side], options) * 2 + levels;
        let list = || Tensor::randn([n, c], options);
        (channels_last(&x).unwrap(), [list(), list(), list()])
    }

    fn affine([offset, weight, bias]: &[Tensor; 3]) -> Affine {
        Affine {
            offset: numbers(offset).unwrap(),
            weight: numbers(weight).unwrap(),
            bias: numbers(bias).unwrap(),
        }
    }

    /// The same by libtorch, in f64.
    fn by_libtorch(x: &Tensor, lists: &[Tensor; 3], eps: f64) -> Tensor {
        let over = |t: &Tensor| t.to_kind(Kind::Double).unsqueeze(-1).unsqueeze(-1);
        let x = x.to_kind(Kind::Double) + over(&lists[0]);
        let no = None::<&Tensor>;
        let normal = x.group_norm(GROUPS as i64, no, no, eps, false);
        (normal * over(&lists[1]) + over(&lists[2])).silu()
    }

    fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
        (a.to_kind(Kind::Double) - b).abs().max().double_value(&[])
    }

    /// Outputs are of order 10 at most; f32 rounds each of about ten operations by 6e-8.
    #[test]
    fn f32_is_libtorchs() {
        for (n, c, side) in [(1, 64, 40), (2, 96, 17), (1, 32, 1)] {
            let (x, lists) = case(n, c, side);
            let run = group_norm::<f32, f32>;
            let got = run(&[&x], GROUPS, 1e-5, &affine(&lists), After::Silu).unwrap();
            let apart = largest_difference(&got, &by_libtorch(&x, &lists, 1e-5));
            assert!(apart < 2e-5, "{n} {c} {side}: {apart:e}");
        }
    }

    /// Apart from f32's, the only rounding is that of the result: 2^-9 of at most 16.
    #[test]
    fn bf16_is_rounded_once() {
        let (x, lists) = case(2, 64, 33);
        let x = x.to_kind(Kind::BFloat16);
        let run = group_norm::<Bf16, Bf16>;
        let got = run(&[&x], GROUPS, 1e-6, &affine(&lists), After::Silu).unwrap();
        let wanted = by_libtorch(&x, &lists, 1e-6);
        assert!(wanted.abs().max().double_value(&[]) < 16.0);
        let apart = largest_difference(&got, &wanted);
        assert!(apart < 16.0 / 512.0 + 1e-4, "{apart:e}");
        assert_eq!(got.stride(), x.stride());
    }

    /// Parts of 40 and 56 channels, with a group of three across the boundary.
    #[test]
    fn channels_in_two_tensors_are_those_of_one() {
        let (x, lists) = case(2, 96, 17);
        let part = |from, length| channels_last(&x.narrow(1, from, length)).unwrap();
        let run = group_norm::<f32, f32>;
        let numbers = affine(&lists);
        let whole = run(&[&x], GROUPS, 1e-5, &numbers, After::Silu).unwrap();
        let parts = [part(0, 40), part(40, 56)];
        let [a, b] = &parts;
        let got = run(&[a, b], GROUPS, 1e-5, &numbers, After::Silu).unwrap();
        assert_eq!((got.size(), got.equal(&whole)), (whole.size(), true));
        let short = channels_last(&b.narrow(2, 0, 16)).unwrap();
        assert!(run(&[a, &short], GROUPS, 1e-5, &numbers, After::Silu).is_err());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let (x, lists) = case(1, 64, 8);
        let numbers = affine(&lists);
        let run = group_norm::<f32, f32>;
        assert!(run(&[&x], 0, 1e-5, &numbers, After::Nothing).is_err());
        assert!(run(&[&x], 7, 1e-5, &numbers, After::Nothing).is_err());
        let wide = x.repeat([2, 1, 1, 1]);
        assert!(run(&[&wide], GROUPS, 1e-5, &numbers, After::Nothing).is_err());
        assert!(run(&[&x.contiguous()], GROUPS, 1e-5, &numbers, After::Nothing).is_err());
    }
}
