//! Recovers chroma samples from a plane that a decoder upsampled.
//!
//! Decoders repeat each sample, or blend it with its neighbours by the triangle filter
//! (`sampling::smooth`). The mean of the filter's output over the factors is the samples convolved
//! with (⅛, ¾, ⅛) along each doubled axis; solving a tridiagonal system undoes that. Called by
//! `decoded` and `resaved`.

use crate::frame::Picture;
use crate::jpeg::grid::sampling;

/// How the decoder upsampled chroma.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upsampling {
    /// Each sample repeated.
    Repeated,
    /// libjpeg's default: the triangle filter along axes whose factor is 2.
    Smooth,
}

/// The samples from which `plane` was upsampled; its sides are multiples of `factors`.
pub fn samples(plane: &Picture, factors: (usize, usize), upsampling: Upsampling) -> Picture {
    let (width, height) = (plane.width / factors.0, plane.height / factors.1);
    let mut out = Picture {
        channels: 1,
        width,
        height,
        data: sampling::mean(&plane.data, plane.width, factors),
    };
    if upsampling == Upsampling::Smooth {
        unmix(&mut out, factors);
    }
    out
}

/// Turns means over smoothly upsampled chroma into the original samples, in place.
pub fn unmix(means: &mut Picture, factors: (usize, usize)) {
    if factors.0 == 2 {
        for row in means.data.chunks_exact_mut(means.width) {
            unblur(row);
        }
    }
    if factors.1 == 2 {
        unblur_columns(means);
    }
}

fn unblur_columns(picture: &mut Picture) {
    let mut column = vec![0.0; picture.height];
    for x in 0..picture.width {
        for (y, value) in column.iter_mut().enumerate() {
            *value = picture.data[y * picture.width + x];
        }
        unblur(&mut column);
        for (y, value) in column.iter().enumerate() {
            picture.data[y * picture.width + x] = *value;
        }
    }
}

/// Solves ⅛ x[i−1] + ¾ x[i] + ⅛ x[i+1] = line[i] in place, with ⅞ at the ends, where the filter
/// repeats the edge: forward elimination, backward substitution.
fn unblur(line: &mut [f32]) {
    let n = line.len();
    if n < 2 {
        return;
    }
    let diagonal = |i: usize| if i == 0 || i == n - 1 { 0.875 } else { 0.75 };
    let mut upper = vec![0.0f32; n];
    for i in 0..n {
        let (before, carried) = match i {
            0 => (0.0, 0.0),
            _ => (line[i - 1], upper[i - 1]),
        };
        let left = if i == 0 { 0.0 } else { 0.125 };
        let pivot = diagonal(i) - left * carried;
        upper[i] = 0.125 / pivot;
        line[i] = (line[i] - left * before) / pivot;
    }
    for i in (0..n - 1).rev() {
        line[i] -= upper[i] * line[i + 1];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both filters and their inverses are linear in f32; 1e-3 is about ten rounding errors of 255,
    /// times the factor of 4 by which the inverse may amplify them.
    #[test]
    fn what_was_brought_up_comes_back() {
        let small: Vec<f32> = (0..12 * 10)
            .map(|i| ((i * 37) % 101) as f32 - 50.0)
            .collect();
        for factors in [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1)] {
            let smooth = sampling::smooth(&small, 12, factors);
            let repeated = sampling::replicate(&small, 12, factors);
            for (full, how) in [
                (smooth, Upsampling::Smooth),
                (repeated, Upsampling::Repeated),
            ] {
                let plane = Picture {
                    channels: 1,
                    width: 12 * factors.0,
                    height: 10 * factors.1,
                    data: full,
                };
                let back = samples(&plane, factors, how);
                let far = back.data.iter().zip(&small).map(|(a, b)| (a - b).abs());
                assert!(far.fold(0.0, f32::max) < 1e-3, "{factors:?} {how:?}");
            }
        }
    }
}
