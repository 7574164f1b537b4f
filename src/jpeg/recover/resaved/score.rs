//! How likely the levels of one frequency are if an earlier step came before their own: the score
//! by which earlier steps are found, and tables of families told apart.

use crate::jpeg::recover::estimate::comb;
use crate::jpeg::recover::estimate::comb::Teeth;
use crate::jpeg::recover::estimate::spectrum::{BINS_PER_UNIT, Counts};

/// Largest earlier step that is looked for.
const LARGEST: u16 = 255;
/// How far a coefficient of 8-bit samples is from its tooth, rarely more.
pub(crate) const ROUNDING: f32 = 0.8;
/// How much larger than the second step an earlier one must be at least. Where it is larger by 3 only,
/// rounding fills the gaps: a picture saved once at 98 showed 4 before 1.
const LEAST_MORE: u16 = 4;
/// Nats that a first step must be ahead of none to be named.
pub(crate) const SURE: f64 = 20.0;

/// The likeliest earlier step of a frequency and its gain in nats, where that is sure.
pub(crate) type Named = Option<(f64, u16)>;

/// The least earlier step that leaves gaps in the levels of `step`: below five quarters there is hardly one.
pub(crate) fn least_before(step: u16) -> u16 {
    let quarters = u16::try_from(5 * u32::from(step) / 4 + 1).unwrap_or(u16::MAX);
    quarters.max(step.saturating_add(LEAST_MORE))
}

/// The levels of one frequency as those of a picture saved once.
pub(crate) struct Once {
    step: u16,
    /// Log mass of each.
    masses: Vec<f64>,
    /// How much likelier all of them would be if each were certain.
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

    /// How far from an earlier tooth the levels lie that came from it.
    pub fn reach(&self) -> f32 {
        0.5 * f32::from(self.step) + ROUNDING
    }
}

/// The likeliest earlier step of a frequency other than DC and its gain, where that is sure.
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

/// The tooth of `earlier` nearest to a magnitude, and whether it may have come from there: they
/// are no farther apart than `reach`.
pub(crate) fn tooth_near(bin: u32, earlier: u16, reach: f32) -> (f32, bool) {
    let tooth = comb::tooth(bin, earlier);
    let away = (bin as f32 / BINS_PER_UNIT - tooth * f32::from(earlier)).abs();
    (tooth, away <= reach)
}

/// A step beyond which [`may_gain`] rules out all: the least magnitudes but 0 are near none of their
/// teeth, and these alone cost too much.
fn largest_that_may_gain(counts: &Counts, once: &Once) -> u16 {
    let reach = once.reach();
    let mut most = once.certain * (1.0 + 1e-6);
    for (&(bin, n), base) in counts.iter().zip(&once.masses) {
        let magnitude = bin as f32 / BINS_PER_UNIT;
        if magnitude > reach {
            most += f64::from(n) * (base + comb::LOG_OUTLIER);
        }
        if most < SURE {
            // A little more than exact; the cast saturates.
            let beyond = (magnitude + reach) as u16;
            return LARGEST.min(beyond.saturating_add(2));
        }
    }
    LARGEST
}

/// Whether [`gain_of`] may reach `wanted`: not where it could not even if every level near a tooth
/// were certain, which the first few levels tell of most steps.
fn may_gain(counts: &Counts, earlier: u16, once: &Once, wanted: f64) -> bool {
    let reach = once.reach();
    // A little more than exact, for sums in another order.
    let mut most = once.certain * (1.0 + 1e-6);
    let mut levels = counts.iter().zip(&once.masses);
    levels.all(|(&(bin, n), base)| {
        if !tooth_near(bin, earlier, reach).1 {
            most += f64::from(n) * (base + comb::LOG_OUTLIER);
        }
        most >= wanted
    })
}

/// Log likelihood of `earlier` before `step` above that of a picture saved `once`. A tooth k of the
/// earlier comb went to the second level nearest to it, give or take the rounding between.
pub(crate) fn gain_of(counts: &Counts, earlier: u16, once: &Once) -> f64 {
    let first = Teeth::fit(counts, earlier, false);
    let (step, reach) = (once.step, once.reach());
    // A tooth's mass is shared by the levels that it may have gone to.
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

    /// Levels of step 5 of magnitudes that were multiples of `earlier`, but for every eighth.
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

    /// Levels beyond what 16 bits of magnitude hold, which a damaged file may have.
    #[test]
    fn huge_levels_are_taken() {
        let counts = vec![(0, 300), (400 * 200 * BINS_PER_UNIT as u32, 50)];
        assert_eq!(likeliest(&counts, 200, 3), None);
    }

    /// Steps that are ruled out early are none that would have been chosen.
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
