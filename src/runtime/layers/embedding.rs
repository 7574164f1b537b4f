//! Sinusoids of the timestep, in the two published arrangements.
//!
//! Computed in f32 like the originals: the rounding error of a frequency times t = 999 is larger
//! than that of the result in f32, so f64 would be further from what the networks were trained on.

use tch::{Kind, Tensor};

use crate::error::Result;

/// Ratio of the longest to the shortest period.
const MAX_PERIOD: f64 = 10_000.0;

/// cos | sin, frequencies from 1 down to just above 1/10000 (guided-diffusion).
/// `t` is `[N]`; the result `[N, dim]` in f32.
pub fn cos_sin(t: &Tensor, dim: i64) -> Result<Tensor> {
    let half = dim / 2;
    let angles = angles(t, half, half as f64)?;
    joined(&[angles.f_cos()?, angles.f_sin()?], dim)
}

/// sin | cos, frequencies from 1 down to 1/10000 inclusive (DDPM).
/// `t` is `[N]`; the result `[N, dim]` in f32.
pub fn sin_cos(t: &Tensor, dim: i64) -> Result<Tensor> {
    let half = dim / 2;
    let angles = angles(t, half, (half - 1).max(1) as f64)?;
    joined(&[angles.f_sin()?, angles.f_cos()?], dim)
}

/// `t · MAX_PERIOD^(-k / span)` for k in 0..count: `[N, count]`.
fn angles(t: &Tensor, count: i64, span: f64) -> Result<Tensor> {
    let steps = Tensor::f_arange(count, (Kind::Float, t.device()))?;
    let frequencies = steps.f_mul_scalar(-MAX_PERIOD.ln() / span)?.f_exp()?;
    let t = t.f_to_kind(Kind::Float)?.f_unsqueeze(1)?;
    Ok(t.f_mul(&frequencies.f_unsqueeze(0)?)?)
}

/// Both halves side by side; an odd `dim` ends in a zero.
fn joined(halves: &[Tensor; 2], dim: i64) -> Result<Tensor> {
    Ok(Tensor::f_cat(halves, 1)?.f_constant_pad_nd([0, dim % 2])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(t: Tensor) -> Vec<f64> {
        Vec::<f64>::try_from(t.flatten(0, -1).to_kind(Kind::Double)).unwrap()
    }

    #[test]
    fn arrangements_differ_as_published() {
        let t = Tensor::from_slice(&[2.0f32]);
        // dim 4: frequencies 1 and 1/100 for ADM, 1 and 1/10000 for DDPM.
        let adm = [2f64.cos(), 0.02f64.cos(), 2f64.sin(), 0.02f64.sin()];
        let ddpm = [2f64.sin(), 2e-4f64.sin(), 2f64.cos(), 2e-4f64.cos()];
        for (got, want) in [(cos_sin(&t, 4), adm), (sin_cos(&t, 4), ddpm)] {
            for (a, b) in values(got.unwrap()).iter().zip(want) {
                // f32: one rounding of the angle and one of the value.
                assert!((a - b).abs() < 5e-7, "{a} {b}");
            }
        }
        assert_eq!(values(cos_sin(&t, 5).unwrap())[4], 0.0);
    }
}
