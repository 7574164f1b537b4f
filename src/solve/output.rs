//! A picture on the aligned grid to 8-bit pixels of the visible size.

use std::borrow::Cow;

use crate::frame::{Picture, PixelModel, Planar8, Plane8, Rect};
use crate::interval;
use crate::jpeg::Observation;
use crate::jpeg::grid::{color, sampling};
use crate::runtime::threads::crew;
use crate::simd;

/// Samples of a plane that one thread converts in some 20 µs.
const SMALL: usize = 64 << 10;

/// What pixels a restored file is given back as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// RGB, or grey when the file is.
    AsFile,
    /// R, G, B, all the same for a grey file.
    Rgb,
    /// Luma alone.
    Grey,
    /// Y, Cb, Cr as JFIF says, with so many luma samples per chroma sample, horizontally and
    /// vertically: each 1 or 2. Chroma is restored at full size and averaged down.
    YCbCr((usize, usize)),
}

/// The visible part of `picture` in `layout`.
pub(crate) fn laid_out(picture: &Picture, seen: &Observation, layout: Layout) -> Planar8 {
    part_laid_out(picture, seen.model, (seen.width, seen.height), layout)
}

/// The same, of which `last` is that of a picture that was another in `changed` alone: whole
/// units of MCUs.
pub(crate) fn laid_out_again(
    mut last: Planar8,
    picture: &Picture,
    seen: &Observation,
    layout: Layout,
    changed: &[Rect],
) -> Planar8 {
    let part = |&rect: &Rect| {
        let (right, low) = (
            seen.width.min(rect.x + rect.width),
            seen.height.min(rect.y + rect.height),
        );
        let size = (right.saturating_sub(rect.x), low.saturating_sub(rect.y));
        let seen_at_all = size.0 > 0 && size.1 > 0;
        seen_at_all.then(|| part_laid_out(&picture.crop(rect), seen.model, size, layout))
    };
    let parts = crew::map(changed, part);
    for (rect, part) in changed.iter().zip(&parts) {
        if let Some(part) = part {
            paste(&mut last, part, *rect);
        }
    }
    last
}

/// Writes `part` where `rect` begins in `frame`.
fn paste(frame: &mut Planar8, part: &Planar8, rect: Rect) {
    let (fx, fy) = frame.subsampling;
    for (c, (plane, part)) in frame.planes.iter_mut().zip(&part.planes).enumerate() {
        let (x, y) = match c {
            0 => (rect.x, rect.y),
            _ => (rect.x / fx, rect.y / fy),
        };
        let (width, rows) = (plane.width, part.data.chunks_exact(part.width));
        for (line, row) in plane.data[y * width..].chunks_exact_mut(width).zip(rows) {
            line[x..x + row.len()].copy_from_slice(row);
        }
    }
}

/// The top left `size` pixels of a picture, or of a part of one.
fn part_laid_out(
    picture: &Picture,
    model: PixelModel,
    size: (usize, usize),
    layout: Layout,
) -> Planar8 {
    match layout {
        Layout::AsFile => visible(picture, model, size),
        Layout::Rgb => visible(picture, PixelModel::Rgb, size),
        Layout::Grey if model == PixelModel::Grey => visible(picture, model, size),
        Layout::Grey => {
            let mut out = ycc(picture, size, (1, 1));
            out.model = PixelModel::Grey;
            out.planes.truncate(1);
            out
        }
        Layout::YCbCr(subsampling) => ycc(picture, size, subsampling),
    }
}

/// RGB, or grey when the observation is.
pub(crate) fn picture(picture: &Picture, seen: &Observation) -> Planar8 {
    visible(picture, seen.model, (seen.width, seen.height))
}

/// The top left `size` pixels of `picture` as RGB, or as grey when that is the model.
pub(crate) fn visible(picture: &Picture, model: PixelModel, size: (usize, usize)) -> Planar8 {
    let model = match model {
        PixelModel::Grey => PixelModel::Grey,
        _ => PixelModel::Rgb,
    };
    let mut out = Planar8::new(model, size.0, size.1, (1, 1));
    for (c, plane) in out.planes.iter_mut().enumerate() {
        fill(plane, picture.plane(c), picture.width, |x| {
            to_byte(color::to_level(x))
        });
    }
    out
}

/// Parts of which nothing is known are shown as `decoded`.
pub(crate) fn keep_lost_parts(picture: &mut Picture, decoded: &Picture, seen: &Observation) {
    // The grid beyond the visible part shows what its end shows.
    let end = |from: usize, length: usize, visible: usize, padded: usize| match from + length {
        end if end == visible => padded,
        end => end,
    };
    for part in &seen.lost {
        let right = end(part.x, part.width, seen.width, seen.padded_width);
        let low = end(part.y, part.height, seen.height, seen.padded_height);
        for y in part.y..low {
            let span = y * picture.width + part.x..y * picture.width + right;
            for c in 0..picture.channels {
                picture.plane_mut(c)[span.clone()].copy_from_slice(&decoded.plane(c)[span.clone()]);
            }
        }
    }
}

/// The layout of `frame`: YCbCr planes of its subsampling, grey, or RGB.
pub(crate) fn like(frame: &Planar8, restored: &Picture, seen: &Observation) -> Planar8 {
    if frame.model != PixelModel::YCbCr {
        return picture(restored, seen);
    }
    ycc(restored, (seen.width, seen.height), frame.subsampling)
}

/// The top left `size` pixels of `picture` as Y, Cb, Cr, chroma averaged down. The sides of
/// `picture` are multiples of the factors.
fn ycc(picture: &Picture, size: (usize, usize), subsampling: (usize, usize)) -> Planar8 {
    let mut out = Planar8::new(PixelModel::YCbCr, size.0, size.1, subsampling);
    let [y, cb, cr] = &mut out.planes[..] else {
        return out;
    };
    let lengths = [y.width * subsampling.1, cb.width].map(|row| (STRIPE * row).max(1));
    let convert = |n: usize, ((y, cb), cr): Stripe<'_>| {
        ycc_stripe(picture, (n, size.0), subsampling, [y, cb, cr]);
    };
    let luma = y.data.chunks_mut(lengths[0]);
    let stripes = luma.zip(cb.data.chunks_mut(lengths[1]));
    let stripes = stripes.zip(cr.data.chunks_mut(lengths[1]));
    match is_small(picture.plane_len()) {
        true => stripes
            .enumerate()
            .for_each(|(n, stripe)| convert(n, stripe)),
        false => crew::each(stripes, convert),
    }
    out
}

/// Rows of chroma that are converted at once, while what they are made from is in a cache.
const STRIPE: usize = 8;

/// Parts of Y, Cb and Cr that lie beside each other.
type Stripe<'a> = ((&'a mut [u8], &'a mut [u8]), &'a mut [u8]);

/// Stripe number `n` of [`ycc`], of a picture that is visible up to a width.
fn ycc_stripe(
    picture: &Picture,
    (n, visible): (usize, usize),
    subsampling: (usize, usize),
    out: [&mut [u8]; 3],
) {
    let width = picture.width;
    let first = n * STRIPE * subsampling.1;
    let rows = (STRIPE * subsampling.1).min(picture.height - first);
    let mut planes = [(); 3].map(|()| vec![0.0; rows * width]);
    let [y, cb, cr] = &mut planes;
    let from = [0, 1, 2].map(|c| &picture.plane(c)[first * width..][..rows * width]);
    let convert = |rgb: [f32; 3]| color::rgb_to_ycc(rgb.map(color::to_level));
    simd::rows(from, [y, cb, cr], convert);
    for (c, (bytes, plane)) in out.into_iter().zip(&planes).enumerate() {
        let (factors, shift) = match c {
            0 => ((1, 1), 0.0),
            _ => (subsampling, 128.0),
        };
        let small = match factors {
            (1, 1) => Cow::Borrowed(plane),
            _ => Cow::Owned(sampling::mean(plane, width, factors)),
        };
        let lines = bytes.chunks_exact_mut(visible.div_ceil(factors.0));
        for (bytes, samples) in lines.zip(small.chunks_exact(width / factors.0)) {
            simd::row(samples, bytes, |level| to_byte(level + shift));
        }
    }
}

/// `picture` with the visible part replaced by the 8-bit pixels of `frame` (RGB or grey).
pub(crate) fn rounded(picture: &Picture, frame: &Planar8) -> Picture {
    let mut out = picture.clone();
    let width = picture.width;
    for c in 0..out.channels {
        let plane = &frame.planes[c.min(frame.planes.len() - 1)];
        let rows = out.plane_mut(c).chunks_exact_mut(width);
        for (row, bytes) in rows.zip(plane.data.chunks_exact(plane.width)) {
            for (x, &byte) in row.iter_mut().zip(bytes) {
                *x = color::from_level(f32::from(byte));
            }
        }
    }
    out
}

fn fill(
    plane: &mut Plane8,
    source: &[f32],
    stride: usize,
    convert: impl Fn(f32) -> u8 + Copy + Sync,
) {
    let width = plane.width;
    let convert = |bytes: &mut [u8], samples: &[f32]| {
        let rows = bytes.chunks_exact_mut(width);
        let rows = rows.zip(samples.chunks_exact(stride));
        rows.for_each(|(row, samples)| simd::row(samples, row, convert));
    };
    if is_small(source.len()) {
        return convert(&mut plane.data, source);
    }
    let stripes = plane.data.chunks_mut(STRIPE * width);
    let stripes = stripes.zip(source.chunks(STRIPE * stride));
    crew::each(stripes, |_, (bytes, samples)| convert(bytes, samples));
}

/// Whether so many samples are converted before other threads would have begun: parts of a frame,
/// which are laid out beside each other.
fn is_small(samples: usize) -> bool {
    samples < SMALL
}

/// The nearest byte, ties upwards; what is beyond saturates.
///
/// Adding the largest number below a half and cutting off is [`f32::round`] for what is not negative,
/// and unlike that becomes vectors.
#[inline(always)]
fn to_byte(level: f32) -> u8 {
    const BELOW_HALF: f32 = 0.5 - f32::EPSILON / 4.0;
    (interval::clamp(level, (0.0, 255.0)) + BELOW_HALF) as i32 as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_the_nearest() {
        let halves = (-4..520).map(|n| 0.5 * n as f32);
        for near in halves.flat_map(|x| [x.next_down(), x, x.next_up()]) {
            assert_eq!(to_byte(near), near.round() as u8, "{near}");
        }
        for far in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e9, -1e9] {
            assert_eq!(to_byte(far), far.round() as u8, "{far}");
        }
    }
}
