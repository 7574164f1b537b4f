//! Chroma sampling: A maps a full-size plane to a component's grid, A⁺ maps it back.
//!
//! A is the mean over the sampling factors, as encoders compute it; A⁺ repeats each sample. A·A⁺ =
//! 1, so x + A⁺(P(Ax) − Ax) projects exactly. [`smooth`] upsamples differently: by the triangle
//! filter of libjpeg's default decoder, for the picture that users see.

use crate::simd;
use crate::simd::Kernel;

/// A: the mean over `fx` x `fy` of rows of `width` samples. `width` and the number of rows
/// must be multiples of the factors.
pub fn mean(plane: &[f32], width: usize, (fx, fy): (usize, usize)) -> Vec<f32> {
    if (fx, fy) == (1, 1) {
        return plane.to_vec();
    }
    let mut out = vec![0.0; plane.len() / (fx * fy)];
    for (sums, rows) in out
        .chunks_exact_mut(width / fx)
        .zip(plane.chunks_exact(width * fy))
    {
        match fx {
            1 => simd::run(MeanOf::<1> { rows, sums }),
            2 => simd::run(MeanOf::<2> { rows, sums }),
            _ => simd::run(Mean { rows, sums, fx }),
        }
        let scale = 1.0 / (fx * fy) as f32;
        sums.iter_mut().for_each(|sum| *sum *= scale);
    }
    out
}

/// Adds up groups of `fx` samples of all rows.
struct Mean<'a> {
    rows: &'a [f32],
    sums: &'a mut [f32],
    fx: usize,
}

impl Kernel for Mean<'_> {
    #[inline(always)]
    fn run(self) {
        for row in self.rows.chunks_exact(self.fx * self.sums.len()) {
            for (sum, group) in self.sums.iter_mut().zip(row.chunks_exact(self.fx)) {
                *sum += group.iter().sum::<f32>();
            }
        }
    }
}

/// The same for groups of a constant length.
struct MeanOf<'a, const FX: usize> {
    rows: &'a [f32],
    sums: &'a mut [f32],
}

impl<const FX: usize> Kernel for MeanOf<'_, FX> {
    #[inline(always)]
    fn run(self) {
        for row in self.rows.chunks_exact(FX * self.sums.len()) {
            for (sum, group) in self.sums.iter_mut().zip(row.as_chunks::<FX>().0) {
                *sum += group.iter().sum::<f32>();
            }
        }
    }
}

/// A⁺: repeats every sample `fx` x `fy` times; `small_width` is the width of the input.
pub fn replicate(plane: &[f32], small_width: usize, (fx, fy): (usize, usize)) -> Vec<f32> {
    if (fx, fy) == (1, 1) {
        return plane.to_vec();
    }
    let width = small_width * fx;
    let mut out = vec![0.0; plane.len() * fx * fy];
    for (rows, small) in out
        .chunks_exact_mut(width * fy)
        .zip(plane.chunks_exact(small_width))
    {
        match fx {
            2 => simd::run(Twice { small, rows }),
            _ => {
                for row in rows.chunks_exact_mut(width) {
                    for (group, &value) in row.chunks_exact_mut(fx).zip(small) {
                        group.fill(value);
                    }
                }
            }
        }
    }
    out
}

/// Adds A⁺ of `small` to rows of `width` samples.
pub fn add_repeated(plane: &mut [f32], width: usize, small: &[f32], (fx, fy): (usize, usize)) {
    let rows = plane.chunks_exact_mut(width * fy);
    for (rows, small) in rows.zip(small.chunks_exact(width / fx)) {
        for row in rows.chunks_exact_mut(width) {
            match fx {
                1 => simd::run(AddOf::<1> { row, small }),
                2 => simd::run(AddOf::<2> { row, small }),
                _ => {
                    for (group, value) in row.chunks_exact_mut(fx).zip(small) {
                        group.iter_mut().for_each(|sample| *sample += value);
                    }
                }
            }
        }
    }
}

/// Adds every sample to `FX` samples of a row.
struct AddOf<'a, const FX: usize> {
    row: &'a mut [f32],
    small: &'a [f32],
}

impl<const FX: usize> Kernel for AddOf<'_, FX> {
    #[inline(always)]
    fn run(self) {
        for (group, value) in self.row.as_chunks_mut::<FX>().0.iter_mut().zip(self.small) {
            group.iter_mut().for_each(|sample| *sample += value);
        }
    }
}

/// Repeats every sample twice, in all rows.
struct Twice<'a> {
    small: &'a [f32],
    rows: &'a mut [f32],
}

impl Kernel for Twice<'_> {
    #[inline(always)]
    fn run(self) {
        for row in self.rows.chunks_exact_mut(2 * self.small.len()) {
            for (pair, &value) in row.as_chunks_mut::<2>().0.iter_mut().zip(self.small) {
                *pair = [value; 2];
            }
        }
    }
}

/// Decimation `[::fy, ::fx]`, which the published method uses for A; only for comparison with it.
pub fn decimate(plane: &[f32], width: usize, (fx, fy): (usize, usize)) -> Vec<f32> {
    plane
        .chunks_exact(width)
        .step_by(fy)
        .flat_map(|row| row.iter().copied().step_by(fx))
        .collect()
}

/// Upsamples by `factors` like libjpeg's "fancy upsampling": ¾ and ¼ of the two nearest samples for
/// a factor of 2; other factors repeat samples. Edges are repeated.
pub fn smooth(plane: &[f32], small_width: usize, (fx, fy): (usize, usize)) -> Vec<f32> {
    let wide = match fx {
        2 => smooth_rows(plane, small_width),
        _ => replicate(plane, small_width, (fx, 1)),
    };
    match fy {
        2 => smooth_columns(&wide, small_width * fx),
        _ => replicate(&wide, small_width * fx, (1, fy)),
    }
}

fn smooth_rows(plane: &[f32], width: usize) -> Vec<f32> {
    let mut out = vec![0.0; 2 * plane.len()];
    let rows = out.chunks_exact_mut(2 * width);
    for (out, row) in rows.zip(plane.chunks_exact(width)) {
        simd::run(Widen { row, out });
    }
    out
}

/// One row of [`smooth_rows`].
struct Widen<'a> {
    row: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Widen<'_> {
    #[inline(always)]
    fn run(self) {
        let (row, last) = (self.row, self.row.len() - 1);
        let pairs = self.out.as_chunks_mut::<2>().0;
        let between = |left: f32, here: f32, right: f32| {
            [0.75 * here + 0.25 * left, 0.75 * here + 0.25 * right]
        };
        for (pair, near) in pairs[1..].iter_mut().zip(row.array_windows()) {
            let [left, here, right] = *near;
            *pair = between(left, here, right);
        }
        pairs[0] = between(row[0], row[0], row[last.min(1)]);
        pairs[last] = between(row[last.saturating_sub(1)], row[last], row[last]);
    }
}

fn smooth_columns(plane: &[f32], width: usize) -> Vec<f32> {
    let height = plane.len() / width;
    let row = |y: usize| &plane[y * width..(y + 1) * width];
    let mut out = vec![0.0; 2 * plane.len()];
    for (n, out) in out.chunks_exact_mut(width).enumerate() {
        let y = n / 2;
        let other = match n % 2 {
            0 => y.saturating_sub(1),
            _ => (y + 1).min(height - 1),
        };
        simd::run(Near {
            here: row(y),
            there: row(other),
            out,
        });
    }
    out
}

/// One row of [`smooth_columns`].
struct Near<'a> {
    here: &'a [f32],
    there: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Near<'_> {
    #[inline(always)]
    fn run(self) {
        for ((out, here), there) in self.out.iter_mut().zip(self.here).zip(self.there) {
            *out = 0.75 * here + 0.25 * there;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_times_a_plus_is_one() {
        let small: Vec<f32> = (0..12).map(|i| (i * i % 17) as f32).collect();
        for factors in [(1, 1), (2, 1), (2, 2), (1, 2), (4, 1), (4, 2), (3, 1)] {
            let big = replicate(&small, 4, factors);
            let mut twice = big.clone();
            add_repeated(&mut twice, 4 * factors.0, &small, factors);
            assert!(twice.iter().zip(&big).all(|(a, b)| *a == 2.0 * b));
            let back = mean(&big, 4 * factors.0, factors);
            // Means of equal values; only a factor of 3 rounds.
            assert!(
                back.iter().zip(&small).all(|(a, b)| (a - b).abs() < 1e-5),
                "{factors:?}"
            );
        }
    }

    /// The weights of libjpeg's h2v2 fancy upsampling: 9, 3, 3, 1 over 16.
    #[test]
    fn smooth_is_the_triangle_filter() {
        let up = smooth(&[0.0, 16.0, 32.0, 64.0], 2, (2, 2));
        assert_eq!(up[5], (9.0 * 0.0 + 3.0 * 16.0 + 3.0 * 32.0 + 64.0) / 16.0);
        assert_eq!(up[0], 0.0);
        assert_eq!(up[15], 64.0);
    }

    #[test]
    fn decimation_takes_the_first_of_each_group() {
        let plane: Vec<f32> = (0..16).map(|i| i as f32).collect();
        assert_eq!(decimate(&plane, 4, (2, 2)), [0.0, 2.0, 8.0, 10.0]);
    }
}
