//! [`FirstSave`]: a file as it was saved first, as far as its levels show.
//!
//! A level k of step q came from the tooth of the first table nearest to k q. Blocks whose levels
//! are spread between the teeth, for example because they were drawn over after the first save,
//! keep the levels of the file. Called by `resaved`.

use std::collections::BTreeMap;

use crate::contract::QuantSteps;
use crate::jpeg::file::{Component, JpegFile, Levels};
use crate::jpeg::grid;
use crate::jpeg::grid::Observation;
use crate::jpeg::grid::component::QuantBlock;
use crate::jpeg::recover::resaved::{FamilyTable, Resaved};

/// Fewer levels than this do not show that a block was changed.
const FEWEST: u32 = 12;
/// A block was changed between the saves if the mean square distance of its levels from the teeth
/// is above this, as a share of the value for arbitrary levels. In four photographs 0.1 to 2.4 % of
/// the blocks are above it with only rounding and clipping in between (20, then 90, to 75, then
/// 90), and 88 to 100 % of the blocks that text was drawn over.
const MOST_AWAY: f32 = 0.65;

/// A file as it was saved first.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstSave {
    /// The traces of that save in each component.
    pub earlier: Vec<Option<Resaved>>,
    /// The file with the steps and levels of that save, as far as they are known.
    pub file: JpegFile,
    /// Blocks of each component, by block number, that were changed since, with the steps and
    /// levels of the later save.
    pub changed: Vec<BTreeMap<usize, QuantBlock>>,
}

impl FirstSave {
    /// The first save of `later`, which shows the traces `earlier`.
    pub(crate) fn of(later: &JpegFile, mut earlier: Vec<Option<Resaved>>) -> Self {
        let mut file = later.clone();
        let both = later.components.iter().zip(&mut file.components);
        for ((later, first), earlier) in both.zip(&mut earlier) {
            let Some(earlier) = earlier else { continue };
            match earlier.levels.take() {
                Some(levels) => {
                    first.levels = levels;
                    first.steps = earlier.steps;
                }
                None => undo(later, first, &earlier.steps),
            }
        }
        let changed = changed(later, &file);
        Self {
            earlier,
            file,
            changed,
        }
    }

    /// The first save of `part` of another file of the same picture, as this one shows it.
    pub(crate) fn of_part(&self, part: &JpegFile) -> Self {
        let most = part.max_sampling();
        let both = self.earlier.iter().zip(&part.components);
        let earlier = both.map(|(earlier, component)| {
            let (h, v) = component.sampling;
            let factors = (most.0 / h, most.1 / v);
            Some(earlier.as_ref()?.in_part(component, factors))
        });
        Self::of(part, earlier.collect())
    }

    /// The table of its first component, if it is known.
    pub fn table(&self) -> Option<FamilyTable> {
        self.earlier.first()?.as_ref()?.table
    }

    /// Its observation, with the planes not drawn yet.
    pub fn observation(&self) -> Observation {
        grid::from_levels_but(&self.file, &self.changed)
    }
}

/// Gives `first`, a copy of `later`, the earlier levels with `steps`.
fn undo(later: &Component, first: &mut Component, steps: &QuantSteps) {
    let others = (0..64).filter(|&i| steps[i] != later.steps[i]);
    let others: Vec<(usize, f32, f32)> = others
        .map(|i| (i, f32::from(later.steps[i]), f32::from(steps[i])))
        .collect();
    for levels in &mut first.levels {
        for &(i, own, step) in &others {
            levels[i] = (f32::from(levels[i]) * own / step).round() as i16;
        }
    }
    first.steps = *steps;
}

/// The blocks of each component that cover the same pixels as a changed block of the first one.
fn changed(later: &JpegFile, first: &JpegFile) -> Vec<BTreeMap<usize, QuantBlock>> {
    let mut changed = vec![BTreeMap::new(); later.components.len()];
    let Some((luma, before)) = later.components.first().zip(first.components.first()) else {
        return changed;
    };
    if luma.steps == before.steps {
        return changed;
    }
    let blocks = luma.levels.iter().zip(&before.levels).enumerate();
    let others =
        blocks.filter(|(_, (now, then))| was_changed((now, &luma.steps), (then, &before.steps)));
    for (at, _) in others {
        let (x, y) = (at % luma.blocks_wide, at / luma.blocks_wide);
        for (component, changed) in later.components.iter().zip(&mut changed) {
            for at in same_place(luma, component, (x, y)) {
                let levels = component.levels[at];
                let steps = component.steps;
                changed.insert(at, QuantBlock { levels, steps });
            }
        }
    }
    changed
}

/// Whether the levels `now` are spread between the teeth `then`.
fn was_changed(
    (now, steps): (&Levels, &QuantSteps),
    (then, first): (&Levels, &QuantSteps),
) -> bool {
    let (mut count, mut sum) = (0, 0.0);
    for i in 0..64 {
        let (step, coarse) = (steps[i], first[i]);
        if now[i] != 0 && coarse >= step.saturating_mul(2) {
            let away = f32::from(now[i]) * f32::from(step) - f32::from(then[i]) * f32::from(coarse);
            let share = away / f32::from(coarse);
            count += 1;
            sum += 12.0 * share * share;
        }
    }
    count >= FEWEST && sum > MOST_AWAY * count as f32
}

/// The blocks of `component` that cover the same pixels as block (x, y) of `luma`.
fn same_place(
    luma: &Component,
    component: &Component,
    (x, y): (usize, usize),
) -> impl Iterator<Item = usize> {
    let span = |at: usize, own: usize, of: usize| {
        let end = ((at + 1) * own).div_ceil(of);
        at * own / of..end
    };
    let columns = span(x, component.sampling.0, luma.sampling.0);
    let rows = span(y, component.sampling.1, luma.sampling.1);
    let (wide, high) = (component.blocks_wide, component.blocks_high);
    rows.filter(move |y| *y < high).flat_map(move |y| {
        let columns = columns.clone().filter(move |x| *x < wide);
        columns.map(move |x| y * wide + x)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::recover::resaved::family::{FamilyTable, Role, TableFamily};
    use crate::jpeg::recover::resaved::{before, merged};

    /// A component whose levels were `teeth` before, with a rounding error of up to 0.8 units in
    /// between.
    fn saved_again(teeth: &[Levels], first: &QuantSteps, second: QuantSteps) -> Component {
        let levels = teeth.iter().enumerate().map(|(n, teeth)| {
            std::array::from_fn(|i| {
                let rounding = [-0.8, 0.0, 0.8][(n + i) % 3];
                let units = f32::from(teeth[i]) * f32::from(first[i]) + rounding;
                (units / f32::from(second[i])).round() as i16
            })
        });
        Component {
            id: 1,
            sampling: (1, 1),
            steps: second,
            blocks_wide: teeth.len(),
            blocks_high: 1,
            levels: levels.collect(),
        }
    }

    /// For every pair of qualities, luma and chroma: if the first step is sufficiently coarser, the
    /// first levels are recovered; otherwise steps and levels stay those of the file.
    #[test]
    fn levels_of_every_pair_of_qualities_come_back() {
        let teeth: Vec<Levels> = (0..9)
            .map(|n| std::array::from_fn(|i| ((7 * n + 5 * i) % 23) as i16 - 11))
            .collect();
        let table = |quality, role| {
            let tables = TableFamily::Libjpeg;
            FamilyTable { tables, quality }.steps(role)
        };
        for role in [Role::Luma, Role::Chroma] {
            for (one, two) in (1..=100).flat_map(|a| (1..=100).map(move |b| (a, b))) {
                let (steps, own) = (table(one, role), table(two, role));
                let later = saved_again(&teeth, &steps, own);
                let mut first = later.clone();
                let steps_known = merged(&later, steps.map(Some));
                undo(&later, &mut first, &steps_known);
                let (nearest, _) = before::levels(&later, (1, 1), &steps_known).unwrap();
                assert_eq!(nearest, first.levels, "{one}, {two}");
                for i in 0..64 {
                    let (wanted, step) = match steps[i] >= own[i] + 2 {
                        true => (teeth[4][i], steps[i]),
                        false => (later.levels[4][i], own[i]),
                    };
                    let found = (first.levels[4][i], first.steps[i]);
                    assert_eq!(found, (wanted, step), "{one}, {two}: {i}");
                }
            }
        }
    }

    /// Blocks on the teeth were not changed; a block between them was, in all components that cover
    /// the same pixels.
    #[test]
    fn blocks_between_the_teeth_keep_the_later_levels() {
        let teeth = vec![[3; 64]; 8];
        let (steps, own) = ([40; 64], [4; 64]);
        let mut later = JpegFile {
            width: 64,
            height: 8,
            model: crate::frame::PixelModel::YCbCr,
            progressive: false,
            components: vec![saved_again(&teeth, &steps, own); 3],
            damage: None,
            ink: None,
            metadata: Default::default(),
            markers: Default::default(),
        };
        later.components[0].sampling = (2, 1);
        for chroma in &mut later.components[1..] {
            chroma.blocks_wide = 4;
            chroma.levels.truncate(4);
        }
        later.components[0].levels[5] = std::array::from_fn(|i| i as i16 - 30);
        let earlier = later.components.iter().map(|c| {
            let table = FamilyTable {
                tables: TableFamily::Libjpeg,
                quality: 50,
            };
            let found = Resaved::of_table(c, (1, 1), table, Role::Luma, true);
            Some(Resaved {
                steps,
                levels: None,
                ..found.unwrap()
            })
        });
        let first = FirstSave::of(&later, earlier.collect());
        let changed: Vec<Vec<usize>> = first
            .changed
            .iter()
            .map(|c| c.keys().copied().collect())
            .collect();
        assert_eq!(changed, [vec![5], vec![2], vec![2]]);
        let seen = first.observation();
        let luma = &later.components[0];
        assert_eq!(seen.components[0].block(5), Some((&luma.levels[5], &own)));
        assert_eq!(seen.components[0].block(4), Some((&[3; 64], &steps)));
    }
}
