//! What the levels of several frames say of a coefficient that stands still under noise.
//!
//! A frame quantises c + n, n Gaussian of standard deviation σ. One level says that c lies in
//! its cell, give or take the noise. The mean of many says more the more the noise dithers:
//! E\[k\] = f(c), a staircase smoothed by σ, and the mean of m levels lies around f(c) with the
//! variance of one level over m. All in steps. Pure arithmetic; called by `scene`.

use std::f32::consts::SQRT_2;
use std::sync::LazyLock;

use libm::{erff, expf, logf};

/// Mean and standard deviation of a coefficient, in steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Posterior {
    /// Its mean less that of the levels.
    pub offset: f32,
    /// Its standard deviation.
    pub spread: f32,
}

/// Most frames that one answer is of; a power of two.
pub const MOST: u32 = 32;

const COUNTS: usize = MOST.ilog2() as usize + 1;
/// σ in steps that are tabulated: from [`FINEST`], each 1.25 times the one before.
const NOISES: usize = 24;
const FINEST: f32 = 0.02;
const RATIO: f32 = 1.25;
/// Fractions of a mean level that are tabulated: 0 to ½.
const FRACTIONS: usize = 17;
/// Coefficients that are summed over: so many to a step, this many steps to either side.
const DENSITY: usize = 32;
const REACH: usize = 2;

type Table = Vec<Posterior>;

static TABLE: LazyLock<Table> = LazyLock::new(table);

/// A level of noise, in steps, as the table has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dither(u8);

impl Dither {
    /// The nearest that is tabulated, 0.02 to 3.4 steps.
    pub fn new(noise: f32) -> Self {
        let place = logf(noise.max(FINEST) / FINEST) / logf(RATIO);
        Self((place.round() as usize).min(NOISES - 1) as u8)
    }
}

/// Of a coefficient whose `count` levels (a power of two up to [`MOST`]; others are rounded
/// down) have this mean; its prior is flat.
pub fn of(mean_level: f32, count: u32, dither: Dither) -> Posterior {
    let fraction = mean_level - mean_level.round();
    let n = count.clamp(1, MOST).ilog2() as usize;
    let noise = usize::from(dither.0);
    let at = 2.0 * (FRACTIONS - 1) as f32 * fraction.abs();
    let (low, share) = (at as usize, at.fract());
    let row = &TABLE[(noise * COUNTS + n) * FRACTIONS..][..FRACTIONS];
    let (a, b) = (
        row[low.min(FRACTIONS - 1)],
        row[(low + 1).min(FRACTIONS - 1)],
    );
    let offset = a.offset + share * (b.offset - a.offset);
    Posterior {
        offset: offset.copysign(offset * fraction),
        spread: a.spread + share * (b.spread - a.spread),
    }
}

fn table() -> Table {
    let mut table = Vec::with_capacity(NOISES * COUNTS * FRACTIONS);
    let mut noise = FINEST;
    for _ in 0..NOISES {
        let levels = level_statistics(noise);
        for n in 0..COUNTS {
            for i in 0..FRACTIONS {
                let fraction = 0.5 * i as f32 / (FRACTIONS - 1) as f32;
                table.push(entry(&levels, (1u32 << n) as f32, fraction));
            }
        }
        noise *= RATIO;
    }
    table
}

/// c, the mean and the variance of its level, for c over [`REACH`] steps.
fn level_statistics(noise: f32) -> Vec<(f32, f32, f32)> {
    let points = (2 * REACH + 1) * DENSITY;
    let statistics = |i: usize| {
        let c = (i as f32 + 0.5) / DENSITY as f32 - REACH as f32 - 0.5;
        let (mut mean, mut square) = (0.0, 0.0);
        let far = (4.0 * noise) as i32 + REACH as i32 + 2;
        for k in -far..=far {
            let below = |edge: f32| 0.5 * (1.0 + erff((edge - c) / (noise * SQRT_2)));
            let share = below(k as f32 + 0.5) - below(k as f32 - 0.5);
            mean += share * k as f32;
            square += share * (k * k) as f32;
        }
        (c, mean, (square - mean * mean).max(0.0))
    };
    (0..points).map(statistics).collect()
}

/// The likelihood of a mean level is that of a Gaussian around f(c), summed over the lattice
/// of means that so many whole levels can have.
fn entry(levels: &[(f32, f32, f32)], count: f32, fraction: f32) -> Posterior {
    let (mut mass, mut moment, mut square) = (0.0f32, 0.0, 0.0);
    for &(c, mean, variance) in levels {
        let spread = (variance / count).sqrt().max(1e-3);
        let (from, to) = (fraction - 0.5 / count, fraction + 0.5 / count);
        let below = |edge: f32| erff((edge - mean) / (spread * SQRT_2));
        // A floor, so that what cannot happen is still nearest to something.
        let weight = 0.5 * (below(to) - below(from)) + 1e-6 * expf(-8.0 * (c - fraction).powi(2));
        mass += weight;
        moment += weight * (c - fraction);
        square += weight * (c - fraction).powi(2);
    }
    let offset = moment / mass;
    Posterior {
        offset,
        spread: (square / mass - offset * offset).max(1e-6).sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One level without noise: its cell, flat; 1/√12 of a step. The grid is 1/32 of a step.
    #[test]
    fn one_level_is_its_cell() {
        let found = of(3.0, 1, Dither::new(0.0));
        assert!(
            found.offset.abs() < 1e-3 && (found.spread - 0.2887).abs() < 0.01,
            "{found:?}"
        );
    }

    /// Noise of a step: levels are as good as samples, σ² + 1/12 each.
    #[test]
    fn the_mean_of_noisy_levels_is_the_coefficient() {
        let found = of(2.3, 16, Dither::new(1.0));
        assert!(found.offset.abs() < 0.02);
        assert!(
            (found.spread - (1.0833f32 / 16.0).sqrt()).abs() < 0.03,
            "{found:?}"
        );
    }

    /// With little noise, levels that alternate put the coefficient on the edge between them.
    #[test]
    fn levels_that_alternate_are_an_edge() {
        let found = of(0.5, 16, Dither::new(0.05));
        assert!(
            found.offset.abs() < 0.03 && found.spread < 0.06,
            "{found:?}"
        );
        // A quarter of them: 0.67 σ below the edge.
        let quarter = of(0.25, 16, Dither::new(0.05));
        assert!(
            (0.25 + quarter.offset - (0.5 - 0.034)).abs() < 0.03,
            "{quarter:?}"
        );
        let mirrored = of(-0.25, 16, Dither::new(0.05));
        assert!((mirrored.offset + quarter.offset).abs() < 1e-6);
    }
}
