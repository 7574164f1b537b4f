//! [`QuantMeasurement`]: the bins of [`Levels`] as a [`Measurement`].

use crate::contract::{Measurement, Trust};
use crate::frame::Picture;
use crate::interval;
use crate::runtime::threads::crew;
use crate::source::dequantised::bins;
use crate::source::dequantised::bins::Levels;

/// Samples per piece of work.
const CHUNK: usize = 1 << 14;

/// Holds estimates to the bins that were seen, sample by sample.
pub struct QuantMeasurement<'a> {
    seen: &'a Levels,
    /// The bounds of each level's bin, in `[-1, 1]`.
    bins: Vec<(f32, f32)>,
}

impl<'a> QuantMeasurement<'a> {
    /// The bins of `seen`.
    pub fn new(seen: &'a Levels) -> Self {
        let top = u8::MAX / seen.bits.step();
        Self {
            seen,
            bins: (0..=top).map(|k| bins::bounds(k, seen.bits)).collect(),
        }
    }

    /// How many samples of `x` lie in their bins, up to a thousandth of an 8-bit unit, which is
    /// what f32 may have rounded.
    pub fn inside(&self, x: &Picture) -> usize {
        const ROUNDING: f32 = 1e-3 / 127.5;
        let pairs = x.data.iter().zip(&self.seen.data);
        let within = |&(&x, &level): &(&f32, &u8)| {
            let (low, high) = self.bins[usize::from(level)];
            x >= low - ROUNDING && x <= high + ROUNDING
        };
        pairs.filter(within).count()
    }

    /// x ← rule(x, level).
    fn for_each(&self, x0: &mut Picture, rule: impl Fn(f32, u8) -> f32 + Sync) {
        let samples = x0.data.chunks_mut(CHUNK);
        let seen = self.seen.data.chunks(CHUNK);
        crew::each(samples.zip(seen), |_, (samples, levels)| {
            for (x, &level) in samples.iter_mut().zip(levels) {
                *x = rule(*x, level);
            }
        });
    }

    /// x ← x − Q(x) + Q(x_true): a sample keeps its place within a bin and changes the bin.
    fn swap(&self, x0: &mut Picture) {
        let bits = self.seen.bits;
        let own = Levels::of(x0, bits).data;
        let samples = x0.data.iter_mut().zip(&own).zip(&self.seen.data);
        for ((x, &own), &seen) in samples {
            *x = *x - bins::floor(own, bits) + bins::floor(seen, bits);
        }
    }
}

impl Measurement for QuantMeasurement<'_> {
    fn project(&self, x0: &mut Picture, trust: Trust<'_>) {
        let bin = |level: u8| self.bins[usize::from(level)];
        match trust {
            Trust::Swap => self.swap(x0),
            Trust::Clamp | Trust::Judged => self.for_each(x0, |x, level| {
                let (low, high) = bin(level);
                x.clamp(low, high)
            }),
            Trust::Mean(spread) => {
                let spread = spread.overall() as f32;
                self.for_each(x0, |x, level| {
                    interval::truncated_mean(bin(level), x, spread)
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Spread;
    use crate::degradation::Bits;
    use proptest::prelude::*;

    fn picture(data: Vec<f32>) -> Picture {
        Picture::from_data(1, data.len(), 1, data).unwrap()
    }

    /// One sample of `level` at `bits`, projected.
    fn projected(x: f32, level: u8, bits: u8, trust: Trust<'_>) -> f32 {
        let seen = Levels {
            bits: Bits::new(bits).unwrap(),
            channels: 1,
            width: 1,
            height: 1,
            data: vec![level],
        };
        let mut x0 = picture(vec![x]);
        QuantMeasurement::new(&seen).project(&mut x0, trust);
        x0.data[0]
    }

    /// The byte value x in `[-1, 1]`.
    fn at(byte: f32) -> f32 {
        byte / 127.5 - 1.0
    }

    /// Level 2 of 3 bits is bytes 64..=95; f32 rounds at 1e-7.
    #[test]
    fn clamping_goes_to_the_nearest_byte_of_the_bin() {
        for (from, to) in [(50.0, 64.0), (70.0, 70.0), (95.6, 95.0), (300.0, 95.0)] {
            let found = projected(at(from), 2, 3, Trust::Clamp);
            assert!((found - at(to)).abs() < 1e-6, "{from} {to} {found}");
        }
    }

    /// 100 is 4 above the floor of its own bin: 68 in the one that was seen.
    #[test]
    fn swapping_keeps_the_place_within_the_bin() {
        let found = projected(at(100.5), 2, 3, Trust::Swap);
        assert!((found - at(68.5)).abs() < 1e-6);
    }

    #[test]
    fn eight_bits_leave_no_freedom() {
        for trust in [Trust::Clamp, Trust::Mean(&Spread::white(0.1))] {
            let found = projected(0.3, 77, 8, trust);
            assert!((found - at(77.0)).abs() < 1e-6, "{trust:?} {found}");
        }
    }

    proptest! {
        /// A clamped or averaged sample, rounded to a byte, has the level that was seen.
        #[test]
        fn the_level_comes_back(
            x in -2.0f32..2.0, level in 0u8..4, bits in 2u8..=8, spread in 1e-3f64..1.0
        ) {
            for trust in [Trust::Clamp, Trust::Mean(&Spread::white(spread))] {
                let found = projected(x, level, bits, trust);
                let byte = (127.5 * (found + 1.0)).round() as u8;
                prop_assert_eq!(byte / Bits::new(bits).unwrap().step(), level);
            }
        }
    }
}
