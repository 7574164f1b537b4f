//! From pictures to the fast network's input and from its output to a picture, one pass each.
//!
//! Half resolution by pixel-unshuffle: channel 4c + 2i + j of a pixel is the sample (i, j) of
//! its 2x2 samples in plane c. Called by `fast`'s caller on the torch thread.

use tch::Tensor;

use crate::error::{Error, Result};
use crate::frame::Picture;
use crate::prior::native::memory::{Bf16, Sample, filled, read};
use crate::prior::native::parallel::for_each_part;

/// Samples that one picture gives to a pixel at half resolution.
const PER_PIXEL: usize = 12;

/// `[1, 24, H/2, W/2]` bf16 channels_last: `x` times `gain`, and `y`; zeros without.
///
/// # Errors
/// [`crate::Error::Backend`].
pub(super) fn enter(x: &Picture, gain: f32, y: Option<&Picture>) -> Result<Tensor> {
    let (width, height) = (x.width / 2, x.height / 2);
    let size = [1, 2 * PER_PIXEL as i64, height as i64, width as i64];
    filled::<Bf16>(size, |data| {
        for_each_part(data, 2 * PER_PIXEL * width, |row, out| {
            gather(x, gain, row, &mut out[..], 0);
            match y {
                Some(y) => gather(y, 1.0, row, out, PER_PIXEL),
                None => clear(out),
            }
        })
    })
}

/// Writes one row of `picture` times `gain` into the channels from `first` on.
fn gather(picture: &Picture, gain: f32, row: usize, out: &mut [Bf16], first: usize) {
    for (c, i) in [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)] {
        let line = &picture.plane(c)[(2 * row + i) * picture.width..][..picture.width];
        let at = first + 4 * c + 2 * i;
        let pixels = out.chunks_exact_mut(2 * PER_PIXEL);
        for (pixel, pair) in pixels.zip(line.chunks_exact(2)) {
            pixel[at] = Bf16::of_f32(gain * pair[0]);
            pixel[at + 1] = Bf16::of_f32(gain * pair[1]);
        }
    }
}

fn clear(out: &mut [Bf16]) {
    for pixel in out.chunks_exact_mut(2 * PER_PIXEL) {
        pixel[PER_PIXEL..].fill(Bf16::of_f32(0.0));
    }
}

/// What x, y and F weigh in x0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Weights {
    pub x: f32,
    pub y: f32,
    pub f: f32,
}

/// x0 = w.x·x + w.y·y + w.f·shuffle(f), `f` as `fast` gives it; without y its term is 0.
///
/// # Errors
/// [`crate::Error::Backend`] for an `f` of another kind, layout or size.
pub(super) fn leave(w: Weights, x: &Picture, y: Option<&Picture>, f: &Tensor) -> Result<Picture> {
    let network = read::<Bf16>(f)?;
    if network.len() != x.data.len() {
        let (found, wanted) = (network.len(), x.data.len());
        return Err(Error::Backend(format!(
            "the network gave {found} samples, wanted {wanted}"
        )));
    }
    let mut out = Picture::new(x.channels, x.width, x.height);
    let (width, height) = (x.width, x.height);
    for_each_part(&mut out.data, width, |index, line| {
        let (c, row) = (index / height, index % height);
        let at = 4 * c + 2 * (row % 2);
        let halves = &network[row / 2 * (width / 2) * PER_PIXEL..];
        let seen = &x.data[index * width..][..width];
        for (sample, x) in line.iter_mut().zip(seen) {
            *sample = w.x * x;
        }
        if let Some(y) = y {
            for (sample, y) in line.iter_mut().zip(&y.data[index * width..]) {
                *sample += w.y * y;
            }
        }
        for (pair, pixel) in line.chunks_exact_mut(2).zip(halves.chunks_exact(PER_PIXEL)) {
            pair[0] += w.f * pixel[at].to_f32();
            pair[1] += w.f * pixel[at + 1].to_f32();
        }
    })?;
    Ok(out)
}
