//! [`FamilyTable`]: the table of a known family that explains the steps of an earlier save.
//!
//! Families are tables scaled by one number: libjpeg's, and mozjpeg's default. Called by `resaved`.

use std::fmt::{self, Display, Formatter};

use crate::contract::QuantSteps;
use crate::jpeg::file::origin;
use crate::jpeg::grid::tables;
use crate::jpeg::recover::resaved::Question;
use crate::jpeg::recover::resaved::score::{Named, Once, gain_of, least_before};
use crate::runtime::threads::crew;

/// Share of the gain of single steps that a table may lack, because outliers may favour single
/// steps.
const LENIENCY: f64 = 0.2;
/// Cost in nats of a single step, compared with one from a table: ln 255.
const FREE_STEP: f64 = 5.5;
/// Share of the gain of single steps that must come from steps near those of a table for the table
/// to be examined.
const LEAST_NEAR: f64 = 0.8;

/// Tables scaled by one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFamily {
    /// libjpeg's, those of the standard's annex K.
    Libjpeg,
    /// mozjpeg's default, one for luma and chroma.
    Mozjpeg,
}

impl TableFamily {
    /// One word, as used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Libjpeg => "libjpeg",
            Self::Mozjpeg => "mozjpeg",
        }
    }
}

/// A table of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FamilyTable {
    /// The family.
    pub tables: TableFamily,
    /// Its quality, 1..=100.
    pub quality: u8,
}

/// As in "an earlier JPEG of quality 20".
impl Display for FamilyTable {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "quality {}", self.quality)?;
        match self.tables {
            TableFamily::Libjpeg => Ok(()),
            TableFamily::Mozjpeg => write!(f, " of mozjpeg's tables"),
        }
    }
}

/// The role of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The first one, or one of R, G and B.
    Luma,
    /// Cb or Cr.
    Chroma,
}

/// The data of a frequency, and the earlier step that it shows.
pub(crate) type Frequency = (Question, Named);

impl FamilyTable {
    /// All tables of all families; the qualities of one after another.
    fn all() -> impl Iterator<Item = Self> {
        let families = [TableFamily::Libjpeg, TableFamily::Mozjpeg].into_iter();
        families.flat_map(|tables| (1..=100).map(move |quality| Self { tables, quality }))
    }

    /// Its steps, natural order.
    pub fn steps(self, role: Role) -> QuantSteps {
        let base = match (self.tables, role) {
            (TableFamily::Libjpeg, Role::Luma) => &tables::BASE_LUMA,
            (TableFamily::Libjpeg, Role::Chroma) => &tables::BASE_CHROMA,
            (TableFamily::Mozjpeg, _) => &origin::ROBIDOUX,
        };
        tables::ijg(base, self.quality)
    }
}

/// The table whose steps gain about as much as the likeliest step of each frequency; of several,
/// the one that gains most. `None` if no frequency shows a step.
pub fn fit(frequencies: &[Frequency], role: Role) -> Option<FamilyTable> {
    let named = frequencies.iter().map(|(_, named)| *named);
    let named: Vec<(usize, (f64, u16))> = named
        .enumerate()
        .filter_map(|(i, n)| Some((i, n?)))
        .collect();
    if named.is_empty() {
        return None;
    }
    let shown: f64 = named.iter().map(|(_, (gain, _))| gain).sum();
    let near = |table: &FamilyTable| {
        let steps = table.steps(role);
        let near = named
            .iter()
            .filter(|(i, (_, step))| steps[*i].abs_diff(*step) <= 1 + step / 10);
        near.map(|(_, (gain, _))| gain).sum::<f64>() >= LEAST_NEAR * shown
    };
    let candidates: Vec<FamilyTable> = FamilyTable::all().filter(near).collect();
    let most = LENIENCY * shown + FREE_STEP * named.len() as f64;
    let scores = crew::map(&candidates, |table| score(frequencies, &table.steps(role)));
    let scores = scores.into_iter().zip(candidates);
    let explaining = scores.filter(|((lost, _), _)| *lost <= most);
    let best = explaining.max_by(|((_, a), _), ((_, b), _)| a.total_cmp(b));
    best.map(|(_, table)| table)
}

/// How much less the steps of a table gain than those that show, and how likely the table is as a
/// whole. A frequency that shows no step counts little, because its levels may come from clipping
/// alone.
fn score(frequencies: &[Frequency], steps: &QuantSteps) -> (f64, f64) {
    let (mut lost, mut whole) = (0.0, 0.0);
    let all = frequencies.iter().zip(steps).skip(1);
    for (((own, counts), named), &step) in all.filter(|((q, _), _)| q.1.len() > 1) {
        let gain = match step >= least_before(*own) {
            true => gain_of(counts, step, &Once::of(counts, *own)),
            false => 0.0,
        };
        match named {
            Some((best, _)) => {
                lost += (best - gain).max(0.0);
                whole += gain;
            }
            None => whole += gain.clamp(-FREE_STEP, FREE_STEP),
        }
    }
    (lost, whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::recover::estimate::spectrum::BINS_PER_UNIT;
    use crate::jpeg::recover::resaved::score::likeliest;
    use std::collections::BTreeMap;

    /// Frequencies whose coefficients fall off like those of pictures, saved with `first`, then
    /// with `later`, with a rounding error of up to 0.5 units in between.
    fn frequencies(first: Option<&QuantSteps>, later: &QuantSteps) -> Vec<Frequency> {
        let one = |i: usize| {
            let scale = 150.0 / (1 + i % 8 + i / 8) as f64;
            let mut counts = BTreeMap::new();
            for n in 0..2000 {
                let share = (f64::from(n) + 0.5) / 2000.0;
                let clean = -scale * share.ln();
                let first = first.map(|steps| f64::from(steps[i]));
                let shown = first.map_or(clean, |step| (clean / step).round() * step);
                let rounding = (f64::from(n) * 0.618).fract() - 0.5;
                let step = f64::from(later[i]);
                let level = ((shown + rounding) / step).round().abs() as u32;
                let bin = level * u32::from(later[i]) * BINS_PER_UNIT as u32;
                *counts.entry(bin).or_insert(0) += 1;
            }
            let counts: Vec<(u32, u32)> = counts.into_iter().collect();
            let named = likeliest(&counts, later[i], i);
            ((later[i], counts), named)
        };
        (0..64).map(one).collect()
    }

    #[test]
    fn tables_of_both_families_are_told_by_what_shows() {
        for tables in [TableFamily::Libjpeg, TableFamily::Mozjpeg] {
            for (quality, later) in [(5, 30), (10, 60), (20, 90), (35, 75), (50, 85), (60, 92)] {
                for role in [Role::Luma, Role::Chroma] {
                    let first = FamilyTable { tables, quality }.steps(role);
                    let later = tables::ijg(&tables::BASE_LUMA, later);
                    let found = fit(&frequencies(Some(&first), &later), role).unwrap();
                    assert_eq!(found.steps(role), first, "{tables:?} {quality}: {found:?}");
                }
            }
        }
    }

    /// A table of no known family, and no earlier save at all.
    #[test]
    fn other_tables_are_not_explained() {
        let later = tables::ijg(&tables::BASE_LUMA, 90);
        let libjpeg = tables::ijg(&tables::BASE_LUMA, 30);
        let first = std::array::from_fn(|i| libjpeg[i] * [8, 12][i % 2] / 10);
        for first in [Some(&first), None] {
            assert_eq!(fit(&frequencies(first, &later), Role::Luma), None);
        }
    }
}
