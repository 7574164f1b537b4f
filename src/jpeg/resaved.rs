//! Whether a JPEG was made from a picture that had been a coarser JPEG on the same grid.
//!
//! Then the coefficients that were quantised sat on the teeth of the first table, and the
//! levels of the second still crowd there, with gaps between, wherever the first step is at
//! least twice the second. The cells of such a file hold the first JPEG, not the picture.
//! Called by `restore` and by `inspect`.

mod tally;

use std::sync::OnceLock;

use super::estimate::comb::{self, Teeth};
use super::estimate::spectrum::{BINS_PER_UNIT, Counts};
use super::file::{Component, JpegFile};
use crate::crew;
use tally::Tally;

/// Largest earlier step that is looked for.
const LARGEST: u16 = 255;
/// Fewer blocks than this show crowds and gaps by chance.
const FEWEST_BLOCKS: usize = 256;
/// How far a coefficient of 8-bit samples is from its tooth, rarely more.
const ROUNDING: f32 = 0.8;
/// Fewer levels than this that are not 0 tell nothing.
const FEWEST: u32 = 100;
/// Least mean gain, in nats per level that is not 0, to call a component saved twice.
/// Pictures of tune and train that were saved once at up to 92 stay below 0.013; those saved at 75,
/// then 85, reach 0.05 and more.
const LEAST: f64 = 0.03;
/// How much larger than the second step an earlier one must be at least. Where it is larger by 3 only,
/// rounding fills the gaps: a picture saved once at 98 showed 4 before 1.
const LEAST_MORE: u16 = 4;
/// Fewer steps than this are named by chance: four were, of one picture of 41 saved once at 95.
const FEWEST_STEPS: usize = 6;
/// Nats that a first step must be ahead of none to be named.
const SURE: f64 = 20.0;

/// The traces of an earlier save in one component.
#[derive(Clone, Debug, PartialEq)]
pub struct Resaved {
    /// Steps of the earlier table, where the levels show them; natural order.
    pub first_steps: [Option<u16>; 64],
    /// Mean log likelihood per level that is not 0 above that of a picture saved once, in
    /// nats, over the frequencies of which the earlier step is told.
    pub confidence: f64,
}

/// The earlier save that the levels of `component` show; `None` where they show none.
pub fn of(component: &Component) -> Option<Resaved> {
    let mut watch = Watch::default();
    watch.look(std::slice::from_ref(component)).pop().flatten()
}

/// `file` as it was saved first; `None` when no component shows an earlier save.
pub fn first_save(file: &JpegFile) -> Option<JpegFile> {
    Watch::default().first_save(file)
}

/// Looks at one file after another, and counts again only what is another than in the last.
#[derive(Default)]
pub struct Watch {
    components: Vec<Watched>,
}

impl Watch {
    /// [`first_save`] of the next file.
    pub fn first_save(&mut self, file: &JpegFile) -> Option<JpegFile> {
        let earlier = self.look(&file.components);
        if earlier.iter().all(Option::is_none) {
            return None;
        }
        let mut first = file.clone();
        for (component, earlier) in first.components.iter_mut().zip(&earlier) {
            if let Some(earlier) = earlier {
                *component = undone(component, earlier);
            }
        }
        Some(first)
    }

    /// [`of`] each of the next file's components.
    fn look(&mut self, components: &[Component]) -> Vec<Option<Resaved>> {
        self.components
            .resize_with(components.len(), Watched::default);
        let questions: Vec<OnceLock<_>> = components.iter().map(|_| OnceLock::new()).collect();
        let watched = self.components.iter_mut().zip(components).zip(&questions);
        crew::each(watched, |_, ((watched, component), questions)| {
            questions.get_or_init(|| watched.questions(component));
        });
        let questions = questions.into_iter().filter_map(OnceLock::into_inner);
        let questions: Vec<_> = questions.collect();
        // Of all components at once, so that all cores have something to do.
        let all: Vec<_> = questions.iter().flatten().collect();
        let answers = crew::map(&all, |(i, (step, counts))| likeliest(counts, *step, *i));
        let mut answers = answers.into_iter();
        let watched = self.components.iter_mut().zip(components);
        let verdicts = watched.zip(questions).map(|((w, component), questions)| {
            w.learn(questions.into_iter().zip(&mut answers));
            w.verdict(component)
        });
        verdicts.collect()
    }
}

/// One component, as it was when it was looked at last.
#[derive(Default)]
struct Watched {
    tally: Tally,
    /// By frequency: step and levels, and what they told.
    told: Vec<(Question, Earlier)>,
}

/// The likeliest earlier step of a frequency and its gain in nats, where that is sure.
type Earlier = Option<(f64, u16)>;

/// What one frequency is asked: its step and its levels.
type Question = (u16, Counts);

impl Watched {
    /// What each frequency is to be asked, by its number, if that is another question than last time.
    fn questions(&mut self, component: &Component) -> Vec<(usize, Question)> {
        if component.levels.len() < FEWEST_BLOCKS {
            return Vec::new();
        }
        self.tally.count(component);
        let steps = component.steps.iter().enumerate();
        let all = steps.map(|(i, &step)| (i, (step, self.tally.counts(i, step))));
        let told = |i: usize| self.told.get(i).map(|(question, _)| question);
        all.filter(|(i, question)| told(*i) != Some(question))
            .collect()
    }

    /// Takes the answers to all of [`Self::questions`].
    fn learn(&mut self, answers: impl Iterator<Item = ((usize, Question), Earlier)>) {
        self.told.resize_with(64, Default::default);
        for ((i, question), earlier) in answers {
            self.told[i] = (question, earlier);
        }
    }

    /// The earlier save that all levels together show.
    fn verdict(&self, component: &Component) -> Option<Resaved> {
        if component.levels.len() < FEWEST_BLOCKS {
            return None;
        }
        let mut first_steps = [None; 64];
        let (mut gain, mut visible) = (0.0, 0);
        let told = first_steps.iter_mut().zip(&self.told);
        for (first, ((_, counts), earlier)) in told.skip(1) {
            let others = counts.iter().filter(|(bin, _)| *bin > 0);
            visible += others.map(|(_, n)| n).sum::<u32>();
            if let Some((best, earlier)) = *earlier {
                *first = Some(earlier);
                gain += best;
            }
        }
        let confidence = gain / f64::from(visible.max(1));
        let named = first_steps.iter().flatten().count();
        let shows = visible >= FEWEST && confidence >= LEAST && named >= FEWEST_STEPS;
        shows.then_some(Resaved {
            first_steps,
            confidence,
        })
    }
}

/// The component as the earlier save had it, where its steps are told: the levels of these
/// frequencies are those of the earlier table, and so are the steps.
pub fn undone(component: &Component, earlier: &Resaved) -> Component {
    let mut out = component.clone();
    for (i, first) in earlier.first_steps.iter().enumerate() {
        let Some(first) = *first else { continue };
        for levels in &mut out.levels {
            let units = f32::from(levels[i]) * f32::from(component.steps[i]);
            levels[i] = (units / f32::from(first)).round() as i16;
        }
        out.steps[i] = first;
    }
    out
}

/// The levels of one frequency as those of a picture saved once.
struct Once {
    step: u16,
    /// Log mass of each.
    masses: Vec<f64>,
    /// How much likelier all of them would be if each were certain.
    certain: f64,
}

impl Once {
    fn of(counts: &Counts, step: u16) -> Self {
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
    fn reach(&self) -> f32 {
        0.5 * f32::from(self.step) + ROUNDING
    }
}

/// The likeliest earlier step of a frequency other than DC and its gain, where that is sure.
fn likeliest(counts: &Counts, step: u16, frequency: usize) -> Earlier {
    let once = Once::of(counts, step);
    // No earlier step can make the levels likelier than certain.
    if frequency == 0 || once.certain < 0.99 * SURE {
        return None;
    }
    // Below five quarters there is hardly a gap.
    let least = u16::try_from(5 * u32::from(step) / 4 + 1).unwrap_or(u16::MAX);
    let largest = largest_that_may_gain(counts, &once);
    let coarser = least.max(step.saturating_add(LEAST_MORE))..=largest;
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
fn tooth_near(bin: u32, earlier: u16, reach: f32) -> (f32, bool) {
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
fn gain_of(counts: &Counts, earlier: u16, once: &Once) -> f64 {
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
