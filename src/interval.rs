//! The mean of a Gaussian of which one knows that it lies in an interval.
//!
//! Measurements that say "between these two values" hold estimates with it: the cells of a
//! JPEG's coefficients and the bins of a banded picture. Pure arithmetic on one number.

use libm::{erfcf, expf};

/// Bounds (low, high) of the 64 coefficients of a block, natural order.
pub type Bounds = [(f32, f32); 64];

/// `x` in bounds (low, high), low <= high; what is no number stays so. Unlike [`f32::clamp`] it has
/// no panic in it, which would keep loops from becoming vectors.
#[inline(always)]
pub fn clamp(x: f32, (low, high): (f32, f32)) -> f32 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// The mean of a Gaussian around `mean` of standard deviation `spread`, truncated to `bounds`
/// (low, high): m + r (φ(a) − φ(b)) / (Φ(b) − Φ(a)), a and b the bounds in units of r.
///
/// The minimum-mean-square-error estimate, when the error of `mean` is that Gaussian. All in
/// one unit, whichever; `spread` > 0.
#[inline]
pub fn truncated_mean(bounds: (f32, f32), mean: f32, spread: f32) -> f32 {
    let a = (bounds.0 - mean) / spread;
    let b = (bounds.1 - mean) / spread;
    if a < -6.0 && b > 6.0 {
        return mean;
    }
    // Work in the upper tail, where erfc keeps its relative precision.
    if b < -a {
        return mean - spread * upper(-b, -a);
    }
    mean + spread * upper(a, b)
}

/// The mean of a unit Gaussian truncated to (a, b), for a + b >= 0.
#[inline]
fn upper(a: f32, b: f32) -> f32 {
    /// Past this, e^(-a²/2) leaves f32's normal range: the tail is exponential there.
    const FAR: f32 = 12.0;
    if a > FAR {
        return (a + 1.0 / a).min(0.5 * (a + b));
    }
    let density = |t: f32| expf(-0.5 * t * t) * 0.398_942_3;
    let tail = |t: f32| 0.5 * erfcf(t * std::f32::consts::FRAC_1_SQRT_2);
    let mass = tail(a) - tail(b);
    if mass <= f32::MIN_POSITIVE {
        return 0.5 * (a + b);
    }
    ((density(a) - density(b)) / mass).clamp(a, b)
}

/// How much an estimate's squared departures understate its cubed error; see [`judged`]. The
/// best of 10, 50 and 250 for photographs and pages of text alike (docs/measurements/cell.md).
const UNDERSTATED: f32 = 50.0;

/// The estimate of a block brought into `bounds`, trusted as far as it deserves: where it left
/// them far, it errs elsewhere too, and the middle of the bounds is the better guess.
///
/// A Gaussian error of standard deviation r, small against intervals of width q in which the truth
/// lies anywhere, leaves them by 0.53 r³/q in the mean square. Most coefficients lie near the
/// middle of theirs and leave seldom, so r³ = 50 · q · (mean of the squared
/// departures), q being the mean width of the intervals that were left. `None`
/// when none was left: then there is nothing to do.
#[inline(always)]
pub fn judged(bounds: &Bounds, estimate: &[f32; 64]) -> Option<[f32; 64]> {
    let left = left_behind(bounds, estimate);
    if left.count == 0.0 {
        return None;
    }
    let spread = (UNDERSTATED * (left.squares / 64.0) * (left.widths / left.count)).cbrt();
    // Most are so far inside that nothing is to be computed: all are looked at in vectors first.
    let reach = 6.0 * spread;
    let inside = |i: usize| {
        let (x, (low, high)) = (estimate[i], bounds[i]);
        x - low > reach && high - x > reach
    };
    let inside: [bool; 64] = std::array::from_fn(inside);
    let mut out = *estimate;
    for i in (0..64).filter(|&i| !inside[i]) {
        out[i] = truncated_mean(bounds[i], estimate[i], spread);
    }
    Some(out)
}

/// Of the coefficients that left their bounds: sums of the squared departures and of the widths
/// of the bounds, and how many they are.
struct Left {
    squares: f32,
    widths: f32,
    count: f32,
}

/// Summed in eight columns, which are the same on every machine.
#[inline(always)]
fn left_behind(bounds: &Bounds, estimate: &[f32; 64]) -> Left {
    let (mut squares, mut widths, mut counts) = ([0.0f32; 8], [0.0f32; 8], [0.0f32; 8]);
    for (line, bounds) in estimate.chunks_exact(8).zip(bounds.chunks_exact(8)) {
        for i in 0..8 {
            let (x, (low, high)) = (line[i], bounds[i]);
            let departure = x - clamp(x, (low, high));
            let left = departure != 0.0;
            squares[i] += departure * departure;
            widths[i] += if left { high - low } else { 0.0 };
            counts[i] += if left { 1.0 } else { 0.0 };
        }
    }
    Left {
        squares: squares.iter().sum(),
        widths: widths.iter().sum(),
        count: counts.iter().sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Integrates the truncated density on a fine grid; midpoint rule, 20,000 intervals.
    fn by_integration(bounds: (f32, f32), mean: f64, spread: f64) -> f64 {
        let n = 20_000;
        let (low, high) = (f64::from(bounds.0), f64::from(bounds.1));
        let (mut mass, mut moment) = (0.0, 0.0);
        for i in 0..n {
            let t = low + (high - low) * (f64::from(i) + 0.5) / f64::from(n);
            let w = (-0.5 * ((t - mean) / spread).powi(2)).exp();
            mass += w;
            moment += w * t;
        }
        moment / mass
    }

    /// f32 against f64: 1e-3 of a step of 10 is far below any pixel.
    #[test]
    fn truncated_mean_agrees_with_integration() {
        let bounds = (5.0, 15.0);
        for (mean, spread) in [
            (10.0, 2.0),
            (4.0, 2.0),
            (0.0, 3.0),
            (25.0, 4.0),
            (10.0, 40.0),
            (-15.0, 2.5),
        ] {
            let ours = f64::from(truncated_mean(bounds, mean as f32, spread as f32));
            let exact = by_integration(bounds, mean, spread);
            assert!(
                (ours - exact).abs() < 1e-2,
                "{mean} {spread}: {ours} {exact}"
            );
        }
    }

    /// An estimate that left one interval by `departure`; all are of width 10 around 0.
    fn leaving(departure: f32) -> ([f32; 64], Option<[f32; 64]>) {
        let mut estimate = [3.0; 64];
        estimate[5] = 5.0 + departure;
        (estimate, judged(&[(-5.0, 5.0); 64], &estimate))
    }

    #[test]
    fn an_estimate_that_leaves_nothing_is_left_alone() {
        assert_eq!(leaving(0.0).1, None);
    }

    #[test]
    fn the_further_it_leaves_the_less_it_is_trusted() {
        let of = |departure| leaving(departure).1.unwrap();
        let (near, far) = (of(0.01), of(20.0));
        assert!(
            (near[0] - 3.0).abs() < 0.01 && (near[5] - 5.0).abs() < 0.5,
            "{near:?}"
        );
        assert!(far[0].abs() < 0.5 && far[5].abs() < 1.0, "{far:?}");
    }

    proptest! {
        #[test]
        fn the_truncated_mean_lies_in_the_interval(
            low in -8e4f32..8e4, width in 1f32..256.0, mean in -5e4f32..5e4, spread in 1e-3f32..1e3
        ) {
            let value = truncated_mean((low, low + width), mean, spread);
            // One f32 rounding of bounds up to 8e4, magnified by |mean| up to 5e4.
            let ulp = 1e-6 * (mean.abs() + low.abs() + width);
            prop_assert!(value >= low - ulp && value <= low + width + ulp, "{value}");
        }
    }
}
