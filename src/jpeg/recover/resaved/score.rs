//! How likely the levels of one frequency are, given an earlier step: the score that finds earlier
//! steps and distinguishes tables of families.

use crate::jpeg::recover::estimate::comb;
use crate::jpeg::recover::estimate::comb::Teeth;
use crate::jpeg::recover::estimate::spectrum::{BINS_PER_UNIT, Counts};

/// Largest earlier step that is tried.
const LARGEST: u16 = 255;
/// Largest usual distance of a coefficient of 8-bit samples from its tooth.
pub(crate) const ROUNDING: f32 = 0.8;
/// How much larger an earlier step must be than the second, at least. If it is larger by only 3,
/// rounding fills the gaps: a picture saved once at 98 showed 4 before 1.
const LEAST_MORE: u16 = 4;
/// Nats by which a first step must be likelier than none to be reported.
pub(crate) const SURE: f64 = 20.0;

/// The likeliest earlier step of a frequency and its gain in nats, if it is certain enough.
pub(crate) type Named = Option<(f64, u16)>;

/// The smallest earlier step that leaves gaps in the levels of `step`: below five quarters there
/// are hardly any.
pub(crate) fn least_before(step: u16) -> u16 {
    let quarters = u16::try_from(5 * u32::from(step) / 4 + 1).unwrap_or(u16::MAX);
    quarters.max(step.saturating_add(LEAST_MORE))
}

/// The levels of one frequency under the assumption that the picture was saved once.
pub(crate) struct Once {
    step: u16,
    /// Log mass of each.
    masses: Vec<f64>,
    /// How much likelier all levels would be if each were certain.
    certain: f64,
}

impl Once {
    pub fn of(counts: &Counts, step: u16) -> Self {
        let teeth = Teeth::fit(counts, step, false);
        let mass = |&(bin, _): &(u32, u32)| teeth.log_mass(comb::tooth(bin, step));
        let masses: Vec<f64> = counts.iter().map(mass).collect();
        let certain = counts.iter().zip(&masses);
        let certain = certain.map(|(&(_, n), mass)| -f64::from(n) * mass).sum();
        Self {
            step,
            masses,
            certain,
        }
    }

    /// How far levels may be from the earlier tooth that they came from.
    pub fn reach(&self) -> f32 {
        0.5 * f32::from(self.step) + ROUNDING
    }
}

/// The likeliest earlier step of a frequency other than DC and its gain, if it is certain enough.
pub(crate) fn likeliest(counts: &Counts, step: u16, frequency: usize) -> Named {
    let once = Once::of(counts, step);
    // No earlier step can make the levels likelier than certain.
    if frequency == 0 || once.certain < 0.99 * SURE {
        return None;
    }
    let coarser = least_before(step)..=largest_that_may_gain(counts, &once);
    let (mut best, mut ahead) = (None, SURE);
    for earlier in coarser {
        if !may_gain(counts, earlier, &once, ahead) {
            continue;
        }
        let gain = gain_of(counts, earlier, &once);
        if gain > SURE && gain >= ahead {
            (best, ahead) = (Some((gain, earlier)), gain);
        }
    }
    best
}

/// The tooth of `earlier` nearest to a magnitude, and whether the magnitude may come from it: they
/// are at most `reach` apart.
pub(crate) fn tooth_near(bin: u32, earlier: u16, reach: f32) -> (f32, bool) {
    let tooth = comb::tooth(bin, earlier);
    let away = (bin as f32 / BINS_PER_UNIT - tooth * f32::from(earlier)).abs();
    (tooth, away <= reach)
}

/// A step above which [`may_gain`] rules out all others: the smallest magnitudes other than 0 are
/// not near any of their teeth, and these alone cost too much.
fn largest_that_may_gain(counts: &Counts, once: &Once) -> u16 {
    let reach = once.reach();
    let mut most = once.certain * (1.0 + 1e-6);
    for (&(bin, n), base) in counts.iter().zip(&once.masses) {
        let magnitude = bin as f32 / BINS_PER_UNIT;
        if magnitude > reach {
            most += f64::from(n) * (base + comb::LOG_OUTLIER);
        }
        if most < SURE {
            // Slightly more than the exact value; the cast saturates.
            let beyond = (magnitude + reach) as u16;
            return LARGEST.min(beyond.saturating_add(2));
        }
    }
    LARGEST
}

/// Whether [`gain_of`] may reach `wanted`. It cannot if it would not even if every level near a
/// tooth were certain; for most steps the first few levels show that.
fn may_gain(counts: &Counts, earlier: u16, once: &Once, wanted: f64) -> bool {
    let reach = once.reach();
    // Slightly more than the exact value, because sums may be in another order.
    let mut most = once.certain * (1.0 + 1e-6);
    let mut levels = counts.iter().zip(&once.masses);
    levels.all(|(&(bin, n), base)| {
        if !tooth_near(bin, earlier, reach).1 {
            most += f64::from(n) * (base + comb::LOG_OUTLIER);
        }
        most >= wanted
    })
}

/// Log likelihood of `earlier` before `step`, relative to a picture saved `once`. A tooth k of the
/// earlier comb became the nearest level of the second, up to the rounding in between.
pub(crate) fn gain_of(counts: &Counts, earlier: u16, once: &Once) -> f64 {
    let first = Teeth::fit(counts, earlier, false);
    let (step, reach) = (once.step, once.reach());
    // A tooth's mass is divided among the levels that it may have become.
    let levels_near = |at: f32| {
        let step = f32::from(step);
        f64::from(((at + reach) / step).floor() - ((at - reach) / step).ceil() + 1.0).max(1.0)
    };
    let terms = counts.iter().zip(&once.masses).map(|(&(bin, n), base)| {
        let (tooth, near) = tooth_near(bin, earlier, reach);
        let fits = match near {
            true => first.log_mass(tooth) - levels_near(tooth * f32::from(earlier)).ln(),
            false => f64::NEG_INFINITY,
        };
        f64::from(n) * (fits - base).max(comb::LOG_OUTLIER)
    });
    terms.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Levels of step 5 of magnitudes that were multiples of `earlier`, except for every eighth.
    fn counts(earlier: u32) -> Counts {
        let mut found = std::collections::BTreeMap::new();
        for n in 0..4000u32 {
            // Small magnitudes far more often than large ones.
            let magnitude = n.wrapping_mul(2_654_435_761) % 97 * (n % 7) / 6;
            let on_comb = (magnitude + earlier / 2) / earlier * earlier;
            let first = if n % 8 == 0 { magnitude } else { on_comb };
            let bin = (first + 2) / 5 * 5 * BINS_PER_UNIT as u32;
            *found.entry(bin).or_insert(0) += 1;
        }
        found.into_iter().collect()
    }

    /// Levels whose magnitude exceeds 16 bits, which a damaged file may have.
    #[test]
    fn huge_levels_are_taken() {
        let counts = vec![(0, 300), (400 * 200 * BINS_PER_UNIT as u32, 50)];
        assert_eq!(likeliest(&counts, 200, 3), None);
    }

    /// Steps that are ruled out early would not have been chosen.
    #[test]
    fn the_likeliest_step_is_the_best_of_all() {
        for earlier in [1, 7, 9, 13, 20, 37] {
            let counts = counts(earlier);
            let once = Once::of(&counts, 5);
            let all = (9..=LARGEST).map(|step| (gain_of(&counts, step, &once), step));
            let best = all.max_by(|a, b| a.0.total_cmp(&b.0));
            let wanted = best.filter(|(gain, _)| *gain > SURE);
            assert_eq!(likeliest(&counts, 5, 3), wanted, "{earlier}");
            assert_eq!(wanted.is_some(), earlier >= 9, "{earlier}: {wanted:?}");
        }
    }
}
