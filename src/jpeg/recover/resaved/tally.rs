//! [`Tally`]: how often each magnitude occurs in a component, frequency by frequency, kept up to
//! date from one picture of a stream to the next.

use crate::jpeg::file::{Component, Levels};
use crate::jpeg::recover::estimate::spectrum::{BINS_PER_UNIT, Counts};

/// Number of blocks used, spread evenly over the component.
const BLOCKS: usize = 8192;
/// Nearly all levels are smaller; their counts stay in the fastest cache.
const SMALL: usize = 32;

/// The levels that were counted, and their counts.
#[derive(Default)]
pub(crate) struct Tally {
    /// Size of the component in blocks, of which every `stride`-th is counted.
    size: (usize, usize),
    blocks: Vec<Levels>,
    /// How often each level other than 0 occurs.
    small: Vec<[u32; SMALL]>,
    large: Vec<Vec<u32>>,
}

impl Tally {
    /// Counts `component` instead of what was counted before.
    pub fn count(&mut self, component: &Component) {
        let stride = component.levels.len().div_ceil(BLOCKS).max(1);
        let blocks = component.levels.iter().step_by(stride);
        let size = (component.blocks_wide, component.blocks_high);
        if self.size != size || self.blocks.len() != blocks.len() {
            *self = Self {
                size,
                blocks: vec![[0; 64]; blocks.len()],
                small: vec![[0; SMALL]; 64],
                large: vec![Vec::new(); 64],
            };
        }
        for (at, new) in blocks.enumerate() {
            let old = self.blocks[at];
            if old != *new {
                self.each(&old, |count| *count -= 1);
                self.each(new, |count| *count += 1);
                self.blocks[at] = *new;
            }
        }
    }

    /// Applies `change` to the counts of all levels of a block that are not 0.
    fn each(&mut self, levels: &Levels, change: impl Fn(&mut u32)) {
        // Most rows of a block are zeros, which are counted as the remainder.
        let rows = levels.as_chunks::<8>().0.iter().enumerate();
        for (y, row) in rows.filter(|(_, row)| **row != [0; 8]) {
            for (x, level) in row.iter().enumerate().filter(|(_, level)| **level != 0) {
                let (i, level) = (8 * y + x, usize::from(level.unsigned_abs()));
                match self.small[i].get_mut(level) {
                    Some(count) => change(count),
                    None => {
                        let counts = &mut self.large[i];
                        counts.resize(counts.len().max(level + 1), 0);
                        change(&mut counts[level]);
                    }
                }
            }
        }
    }

    /// The magnitudes of frequency `i`, quantised by `step`, and how often each occurs.
    pub fn counts(&self, i: usize, step: u16) -> Counts {
        let others = self.small[i].iter().chain(self.large[i].iter().skip(SMALL));
        let zeros = self.blocks.len() as u32 - others.clone().sum::<u32>();
        let all = [zeros].into_iter().chain(others.skip(1).copied());
        let bin = |level: usize| level as u32 * u32::from(step) * BINS_PER_UNIT as u32;
        let some = all.enumerate().filter(|(_, n)| *n > 0);
        some.map(|(level, n)| (bin(level), n)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component() -> Component {
        let mut component = Component {
            id: 1,
            sampling: (1, 1),
            steps: [3; 64],
            blocks_wide: 5,
            blocks_high: 2,
            levels: vec![[0; 64]; 10],
        };
        component.levels[2][9] = -7;
        component.levels[4][9] = 7;
        component.levels[4][63] = 500;
        component
    }

    const fn bin(level: u32) -> u32 {
        level * 3 * BINS_PER_UNIT as u32
    }

    /// Every level counts once, including zeros and large ones.
    #[test]
    fn magnitudes_are_counted() {
        let mut tally = Tally::default();
        tally.count(&component());
        assert_eq!(tally.counts(9, 3), [(0, 8), (bin(7), 2)]);
        assert_eq!(tally.counts(63, 3), [(0, 9), (bin(500), 1)]);
        assert_eq!(tally.counts(0, 3), [(0, 10)]);
    }

    /// After any earlier count: other levels, or another size.
    #[test]
    fn what_changes_is_counted_again() {
        let (first, mut second) = (component(), component());
        second.levels[4] = [0; 64];
        second.levels[9][63] = -31;
        second.levels[0][63] = 32;
        let mut third = second.clone();
        (third.blocks_wide, third.blocks_high) = (2, 5);
        third.levels[1][0] = 1;
        let mut kept = Tally::default();
        for component in [&first, &second, &third, &first] {
            let mut anew = Tally::default();
            anew.count(component);
            kept.count(component);
            for i in 0..64 {
                assert_eq!(kept.counts(i, 3), anew.counts(i, 3), "frequency {i}");
            }
        }
        assert_eq!(kept.counts(63, 3), [(0, 9), (bin(500), 1)]);
    }
}
