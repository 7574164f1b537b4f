//! Detects whether a JPEG was made from a picture that had been a coarser JPEG on the same grid.
//!
//! If so, the coefficients were on the teeth of the first table before they were quantised again,
//! and the levels of the second still cluster there, with gaps between, if the first step is at
//! least twice the second. The cells of such a file contain the first JPEG, not the picture.
//! `score` finds the steps that show, `family` their table, `before` checks it with the other
//! components, `first` reconstructs the first file, `tally` counts levels. Called by `source` and
//! by the command's `inspect`.

mod before;
mod family;
mod first;
mod score;
mod tally;

use std::sync::OnceLock;

use crate::contract::QuantSteps;
use crate::frame::PixelModel;
use crate::jpeg::file::{Component, JpegFile, Levels};
use crate::jpeg::recover::estimate::spectrum::Counts;
use crate::jpeg::recover::resaved::family::Frequency;
pub use crate::jpeg::recover::resaved::family::{FamilyTable, Role, TableFamily};
pub use crate::jpeg::recover::resaved::first::FirstSave;
use crate::jpeg::recover::resaved::score::Named;
use crate::jpeg::recover::resaved::tally::Tally;
use crate::runtime::threads::crew;

/// Fewer blocks than this may show clusters and gaps by chance.
const FEWEST_BLOCKS: usize = 256;
/// Fewer levels than this that are not 0 show nothing.
const FEWEST: u32 = 100;
/// Smallest mean gain, in nats per level that is not 0, at which a component counts as saved twice.
/// Pictures that were saved once at up to 92 stay below 0.013; those saved at 75, then 85, reach
/// 0.05 and more.
const LEAST: f64 = 0.03;
/// Fewer steps than this may show by chance: in one of 41 pictures saved once at 95, four did.
const FEWEST_STEPS: usize = 6;
/// How much larger the first step must be than the second so that every level comes from only one
/// tooth, including the rounding in between.
const LEAST_APART: u16 = 2;

/// The traces of an earlier save in one component.
#[derive(Clone, Debug, PartialEq)]
pub struct Resaved {
    /// Steps of the earlier table that the levels show; natural order.
    pub first_steps: [Option<u16>; 64],
    /// Mean log likelihood per level that is not 0, relative to a picture saved once, in nats, over
    /// the frequencies whose earlier step is known.
    pub confidence: f64,
    /// The table that explains the levels of luma, if there is one and this component does not
    /// contradict it.
    pub table: Option<FamilyTable>,
    /// The steps to use: those of the earlier table if they are known and give more information,
    /// otherwise those of the file.
    pub steps: QuantSteps,
    /// The levels with these steps, if a table is known.
    levels: Option<Vec<Levels>>,
    /// Whether smooth chroma had mixed the coefficients.
    mixed: bool,
}

/// The earlier save that each component of `file` shows; `None` for a component that shows none.
pub fn of(file: &JpegFile) -> Vec<Option<Resaved>> {
    Watch::default().look(file)
}

/// `file` as it was saved first; `None` if no component shows an earlier save.
pub fn first_save(file: &JpegFile) -> Option<FirstSave> {
    Watch::default().first_save(file)
}

/// Examines one file after another, and counts again only what has changed since the last one.
#[derive(Default)]
pub struct Watch {
    components: Vec<Watched>,
}

impl Watch {
    /// [`first_save`] of the next file.
    pub fn first_save(&mut self, file: &JpegFile) -> Option<FirstSave> {
        let earlier = self.look(file);
        let shows = earlier.iter().any(Option::is_some);
        shows.then(|| FirstSave::of(file, earlier))
    }

    /// [`of`] for the next file.
    fn look(&mut self, file: &JpegFile) -> Vec<Option<Resaved>> {
        self.learn(&file.components);
        let watched = self.components.iter().zip(&file.components);
        let mut found: Vec<_> = watched.map(|(w, c)| w.verdict(c)).collect();
        self.explain(file, &mut found);
        found
    }

    /// Counts the levels of the next file and finds the earlier step of each frequency.
    fn learn(&mut self, components: &[Component]) {
        self.components
            .resize_with(components.len(), Watched::default);
        let questions: Vec<OnceLock<_>> = components.iter().map(|_| OnceLock::new()).collect();
        let watched = self.components.iter_mut().zip(components).zip(&questions);
        crew::each(watched, |_, ((watched, component), questions)| {
            questions.get_or_init(|| watched.questions(component));
        });
        let questions = questions.into_iter().filter_map(OnceLock::into_inner);
        let questions: Vec<_> = questions.collect();
        // All components at once, so that all cores are busy.
        let all: Vec<_> = questions.iter().flatten().collect();
        let answers = crew::map(&all, |(i, (step, counts))| {
            score::likeliest(counts, *step, *i)
        });
        let mut answers = answers.into_iter();
        for (watched, questions) in self.components.iter_mut().zip(questions) {
            watched.learn(questions.into_iter().zip(&mut answers));
        }
    }

    /// Replaces single steps by whole tables: the family table that explains the first component,
    /// for all components that do not contradict it; another one for a component that contradicts
    /// it and shows its own steps.
    fn explain(&self, file: &JpegFile, found: &mut [Option<Resaved>]) {
        let shared = self.fit(0, Role::Luma, found);
        let most = file.max_sampling();
        let all: Vec<usize> = (0..found.len()).collect();
        let tables = crew::map(&all, |&c| {
            let component = &file.components[c];
            let role = match c > 0 && file.model != PixelModel::Rgb {
                true => Role::Chroma,
                false => Role::Luma,
            };
            let sampling = component.sampling;
            let factors = (most.0 / sampling.0, most.1 / sampling.1);
            let of = |table| Resaved::of_table(component, factors, table, role, c == 0);
            let own = || self.fit(c, role, found).and_then(of);
            shared.and_then(of).or_else(own)
        });
        for (found, of_table) in found.iter_mut().zip(tables) {
            let Some(of_table) = of_table else { continue };
            *found = Some(match found.take() {
                Some(Resaved {
                    first_steps,
                    confidence,
                    ..
                }) => Resaved {
                    first_steps,
                    confidence,
                    ..of_table
                },
                None => of_table,
            });
        }
    }

    /// The table that explains the steps of component `c`, if it shows any.
    fn fit(&self, c: usize, role: Role, found: &[Option<Resaved>]) -> Option<FamilyTable> {
        found.get(c)?.as_ref()?;
        family::fit(&self.components.get(c)?.told, role)
    }
}

impl Resaved {
    /// A component explained by an earlier save with `table`, unless it contradicts that. The
    /// `first` component, whose own levels gave the table, may have been made brighter.
    fn of_table(
        component: &Component,
        factors: (usize, usize),
        table: FamilyTable,
        role: Role,
        first: bool,
    ) -> Option<Self> {
        let mut steps = merged(component, table.steps(role).map(Some));
        if first && before::dc_contradicts(component, &steps) {
            steps[0] = component.steps[0];
        }
        let (levels, mixed) = before::levels(component, factors, &steps)?;
        Some(Self {
            first_steps: [None; 64],
            confidence: 0.0,
            table: Some(table),
            levels: Some(levels),
            mixed,
            steps,
        })
    }

    /// The same save in `part` of another file of the same picture.
    fn in_part(&self, part: &Component, factors: (usize, usize)) -> Self {
        let mixed = self.mixed.then_some(factors);
        let levels = |_| before::levels_after(part, mixed, &self.steps);
        Self {
            levels: self.table.map(levels),
            ..self.clone()
        }
    }
}

/// The earlier steps of a component, as far as they are known and the earlier levels are
/// unambiguous.
fn merged(component: &Component, earlier: [Option<u16>; 64]) -> QuantSteps {
    std::array::from_fn(|i| match (component.steps[i], earlier[i]) {
        (own, Some(first)) if first >= own.saturating_add(LEAST_APART) => first,
        (own, _) => own,
    })
}

/// One component, as it was when last examined.
#[derive(Default)]
struct Watched {
    tally: Tally,
    /// By frequency: step and levels, and the result.
    told: Vec<Frequency>,
}

/// The data of one frequency: its step and its levels.
type Question = (u16, Counts);

impl Watched {
    /// The data of each frequency, by its index, if they have changed since last time.
    fn questions(&mut self, component: &Component) -> Vec<(usize, Question)> {
        self.tally.count(component);
        let steps = component.steps.iter().enumerate();
        let all = steps.map(|(i, &step)| (i, (step, self.tally.counts(i, step))));
        let told = |i: usize| self.told.get(i).map(|(question, _)| question);
        all.filter(|(i, question)| told(*i) != Some(question))
            .collect()
    }

    /// Stores the results for all of [`Self::questions`].
    fn learn(&mut self, answers: impl Iterator<Item = ((usize, Question), Named)>) {
        self.told.resize_with(64, Default::default);
        for ((i, question), earlier) in answers {
            self.told[i] = (question, earlier);
        }
    }

    /// The earlier save that all frequencies together show.
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
            table: None,
            steps: merged(component, first_steps),
            levels: None,
            mixed: false,
        })
    }
}
