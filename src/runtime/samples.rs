//! The samples of maps, as f32 to compute with: f32 itself, and bf16 as bits.

/// An element type of maps.
pub trait Sample: Copy + Send + Sync {
    /// Its value.
    fn to_f32(self) -> f32;
    /// The nearest to `x`.
    fn of_f32(x: f32) -> Self;
}

impl Sample for f32 {
    #[inline(always)]
    fn to_f32(self) -> f32 {
        self
    }

    #[inline(always)]
    fn of_f32(x: f32) -> Self {
        x
    }
}

/// The bits of a bf16.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Bf16(u16);

impl Sample for Bf16 {
    #[inline(always)]
    fn to_f32(self) -> f32 {
        widen(self.0)
    }

    #[inline(always)]
    fn of_f32(x: f32) -> Self {
        Self(narrow(x))
    }
}

/// The f32 value of bf16 `bits`.
#[inline(always)]
pub fn widen(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// `x` rounded to bf16, ties to even; NaN stays NaN.
#[inline(always)]
pub fn narrow(x: f32) -> u16 {
    let bits = x.to_bits();
    let rounded = (bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16) as u16;
    if x.is_nan() { 0x7fc0 } else { rounded }
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::bf16;

    #[test]
    fn conversions_are_those_of_half() {
        let specials = [
            0.0,
            -0.0,
            f32::INFINITY,
            f32::MIN_POSITIVE,
            1.0 + 1.0 / 256.0,
        ];
        let many = (0..100_000u32).map(|i| f32::from_bits(i.wrapping_mul(0x9e37_79b9)));
        for x in many.filter(|x| !x.is_nan()).chain(specials) {
            assert_eq!(narrow(x), bf16::from_f32(x).to_bits(), "{x}");
            assert_eq!(widen(narrow(x)), bf16::from_f32(x).to_f32());
        }
        assert!(widen(narrow(f32::NAN)).is_nan());
    }
}
