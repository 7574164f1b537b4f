//! The 8x8 discrete cosine transform of JPEG, orthonormal, in f32.
//!
//! ITU-T T.81 A.3.3: with this scaling a coefficient is in units of the quantisation table, and a
//! flat block of value `a` has DC `8 a`. The caller does the level shift. Natural order: entry
//! `v * 8 + u`.

use std::sync::LazyLock;

use crate::simd;
use crate::simd::Kernel;

/// A block of 64 samples or coefficients, row by row.
pub type Block = [f32; 64];

/// `BASIS[k * 8 + n]` = c(k) cos((2n+1)kπ/16), the orthonormal DCT-II; then its transpose.
static BASIS: LazyLock<(Block, Block)> = LazyLock::new(|| {
    let mut forward = [0.0; 64];
    let mut transposed = [0.0; 64];
    for k in 0..8 {
        let scale = if k == 0 { 0.125f64.sqrt() } else { 0.5 };
        for n in 0..8 {
            let angle = (2.0 * n as f64 + 1.0) * k as f64 * std::f64::consts::PI / 16.0;
            forward[k * 8 + n] = (scale * angle.cos()) as f32;
            transposed[n * 8 + k] = forward[k * 8 + n];
        }
    }
    (forward, transposed)
});

/// `left` times `right`, both 8x8. The inner loop runs along rows so that it vectorises.
#[inline(always)]
fn multiply(left: &Block, right: &Block) -> Block {
    let mut out = [0.0f32; 64];
    for (out_row, left_row) in out.chunks_exact_mut(8).zip(left.chunks_exact(8)) {
        for (&factor, right_row) in left_row.iter().zip(right.chunks_exact(8)) {
            for (sum, &value) in out_row.iter_mut().zip(right_row) {
                *sum += factor * value;
            }
        }
    }
    out
}

/// Samples to coefficients.
pub fn forward(samples: &Block) -> Block {
    let (basis, transposed) = &*BASIS;
    between(basis, samples, transposed)
}

/// Coefficients to samples.
pub fn inverse(coefficients: &Block) -> Block {
    let (basis, transposed) = &*BASIS;
    between(transposed, coefficients, basis)
}

/// [`forward`], inlined into the calling kernel so that it uses the same instruction set.
#[inline(always)]
pub(crate) fn forward_within(samples: &Block) -> Block {
    let (basis, transposed) = &*BASIS;
    multiply(&multiply(basis, samples), transposed)
}

/// [`inverse`], likewise.
#[inline(always)]
pub(crate) fn inverse_within(coefficients: &Block) -> Block {
    let (basis, transposed) = &*BASIS;
    multiply(&multiply(transposed, coefficients), basis)
}

/// `left` times `block` times `right`.
fn between(left: &Block, block: &Block, right: &Block) -> Block {
    let mut out = [0.0; 64];
    simd::run(Between {
        factors: [left, block, right],
        out: &mut out,
    });
    out
}

struct Between<'a> {
    factors: [&'a Block; 3],
    out: &'a mut Block,
}

impl Kernel for Between<'_> {
    #[inline(always)]
    fn run(self) {
        let [left, block, right] = self.factors;
        *self.out = multiply(&multiply(left, block), right);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Block {
        std::array::from_fn(|i| ((i * 37) % 101) as f32 - 50.0)
    }

    /// f32 sums of 16 products of magnitude 50: 1e-4 is about ten rounding errors.
    #[test]
    fn inverse_undoes_forward() {
        let samples = ramp();
        for (a, b) in inverse(&forward(&samples)).iter().zip(&samples) {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
    }

    #[test]
    fn a_flat_block_has_only_dc_and_it_is_eight_times_the_value() {
        let coefficients = forward(&[3.0; 64]);
        assert!((coefficients[0] - 24.0).abs() < 1e-5);
        assert!(coefficients[1..].iter().all(|c| c.abs() < 1e-5));
    }

    #[test]
    fn a_horizontal_wave_lands_in_the_first_row() {
        let wave = std::array::from_fn(|i| {
            ((2.0 * (i % 8) as f32 + 1.0) * 3.0 * std::f32::consts::PI / 16.0).cos()
        });
        let coefficients = forward(&wave);
        let largest = (0..64).max_by(|&a, &b| coefficients[a].total_cmp(&coefficients[b]));
        assert_eq!(largest, Some(3));
    }
}
