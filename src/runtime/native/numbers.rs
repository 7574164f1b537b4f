//! eˣ and SiLU as kernels compute with them.
//!
//! Small enough to be inlined. Called by this project's kernels.

/// eˣ for |x| <= 87, to 2 units in the last place; beyond that, the value at the bound.
///
/// x = n ln 2 + r, |r| <= ln 2 / 2; eʳ by its series to the seventh power; 2ⁿ by its bits.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // Adding and subtracting 1.5 · 2^23 rounds to an integer, which is then in the low bits.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts, the first with few enough bits that n times it is exact.
    const LN2: (f32, f32) = (0.693_359_4, -2.121_944_4e-4);
    let x = x.clamp(-87.0, 87.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2.0) - n * LN2.1;
    let series = 1.0 / 720.0 + r * (1.0 / 5040.0);
    let series = 1.0 / 120.0 + r * series;
    let series = 1.0 / 24.0 + r * series;
    let series = 1.0 / 6.0 + r * series;
    let series = 0.5 + r * series;
    let series = 1.0 + (r + r * r * series);
    let power = shifted.to_bits().wrapping_add(127) << 23;
    series * f32::from_bits(power)
}

/// x · sigmoid(x).
#[inline(always)]
pub fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// f32 holds 24 bits: 2e-7 is three units in the last place.
    #[test]
    fn exp_and_silu_are_those_of_f64() {
        for i in -8700..=8700 {
            let x = i as f32 / 100.0;
            let wanted = f64::from(x).exp();
            let apart = (f64::from(exp(x)) / wanted - 1.0).abs();
            assert!(apart < 2e-7, "exp {x}: {apart:e}");
            let wanted = f64::from(x) / (1.0 + (-f64::from(x)).exp());
            let apart = (f64::from(silu(x)) - wanted).abs();
            assert!(apart <= 4e-7 * wanted.abs(), "silu {x}: {apart:e}");
        }
        assert!(silu(f32::NAN).is_nan());
        assert_eq!((silu(1e30), silu(-1e30).abs() < 1e-7), (1e30, true));
    }
}
