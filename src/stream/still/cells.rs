//! [`Cells`]: a picture cut into cells of one size, some of which are marked.
//!
//! Integer geometry only. Marks say what has changed; they are read as rectangles by priors
//! and one by one by what computes in cells.

use crate::frame::{Picture, Rect};
use crate::runtime::threads::crew;

/// Marks on the cells of a picture, in raster order. Those at the right and the bottom may be
/// cut off by the picture's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cells {
    width_px: usize,
    height_px: usize,
    cell_px: (usize, usize),
    wide: usize,
    marks: Vec<bool>,
}

impl Cells {
    /// Cells of `cell_px`, each side at least 1, none of them marked.
    pub fn new(width_px: usize, height_px: usize, cell_px: (usize, usize)) -> Self {
        let cell_px = (cell_px.0.max(1), cell_px.1.max(1));
        let (wide, high) = (width_px.div_ceil(cell_px.0), height_px.div_ceil(cell_px.1));
        Self {
            width_px,
            height_px,
            cell_px,
            wide,
            marks: vec![false; wide * high],
        }
    }

    /// Marks every cell.
    pub fn mark_all(&mut self) {
        self.marks.fill(true);
    }

    /// Marks the cells that `rect` touches; what lies outside of the picture is left out.
    pub fn mark(&mut self, rect: Rect) {
        let (right, bottom) = (
            (rect.x + rect.width).min(self.width_px),
            (rect.y + rect.height).min(self.height_px),
        );
        if rect.x >= right || rect.y >= bottom {
            return;
        }
        let columns = rect.x / self.cell_px.0..right.div_ceil(self.cell_px.0);
        for row in rect.y / self.cell_px.1..bottom.div_ceil(self.cell_px.1) {
            self.marks[row * self.wide..][columns.clone()].fill(true);
        }
    }

    /// Marks the cells in which two pictures of this size differ in any bit.
    pub fn mark_differences(&mut self, a: &Picture, b: &Picture) {
        let (wide, cell_px, width) = (self.wide, self.cell_px, self.width_px);
        crew::each(self.marks.chunks_mut(wide.max(1)), |row, marks| {
            let lines = row * cell_px.1..((row + 1) * cell_px.1).min(self.height_px);
            for c in 0..a.channels {
                for y in lines.clone() {
                    if !marks.contains(&false) {
                        return;
                    }
                    let line = |of: &Picture| y * width + c * of.plane_len();
                    let (a, b) = (&a.data[line(a)..][..width], &b.data[line(b)..][..width]);
                    mark_line(marks, a, b, cell_px.0);
                }
            }
        });
    }

    /// The numbers of the cells in which `part` differs in any bit from what is at `rect` of `picture`.
    pub fn differences_in(&self, rect: Rect, picture: &Picture, part: &Picture) -> Vec<usize> {
        let rows = rect.y / self.cell_px.1..(rect.y + rect.height).div_ceil(self.cell_px.1);
        let first = rows.start * self.wide;
        let mut marks = vec![false; rows.len() * self.wide];
        let columns = rect.x / self.cell_px.0..(rect.x + rect.width).div_ceil(self.cell_px.0);
        for (c, y) in (0..part.channels).flat_map(|c| (0..rect.height).map(move |y| (c, y))) {
            let there = &picture.plane(c)[(rect.y + y) * picture.width + rect.x..][..rect.width];
            let here = &part.plane(c)[y * rect.width..][..rect.width];
            let row = (rect.y + y) / self.cell_px.1 * self.wide;
            for column in columns.clone() {
                let from = (column * self.cell_px.0).max(rect.x) - rect.x;
                let to = ((column + 1) * self.cell_px.0).min(rect.x + rect.width) - rect.x;
                marks[row + column - first] |= differ(&there[from..to], &here[from..to]);
            }
        }
        let marked = marks.into_iter().enumerate().filter(|(_, marked)| *marked);
        marked.map(|(n, _)| first + n).collect()
    }

    /// Marks what the marks of `other`, of any cells, touch.
    pub fn mark_cells(&mut self, other: &Self) {
        for (_, run) in other.runs() {
            self.mark(run);
        }
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// Whether no cell is marked.
    pub fn is_clear(&self) -> bool {
        !self.marks.contains(&true)
    }

    /// Whether cell number `n` is marked.
    pub fn is_marked(&self, n: usize) -> bool {
        self.marks[n]
    }

    /// The numbers of the marked cells, in raster order.
    pub fn marked(&self) -> impl Iterator<Item = usize> {
        let marks = self.marks.iter().enumerate();
        marks.filter(|(_, marked)| **marked).map(|(n, _)| n)
    }

    /// The part of the picture that cell number `n` covers.
    pub fn rect(&self, n: usize) -> Rect {
        let (x, y) = (
            n % self.wide * self.cell_px.0,
            n / self.wide * self.cell_px.1,
        );
        Rect {
            x,
            y,
            width: self.cell_px.0.min(self.width_px - x),
            height: self.cell_px.1.min(self.height_px - y),
        }
    }

    /// The same cells, those marked that are not.
    pub fn inverse(&self) -> Self {
        Self {
            marks: self.marks.iter().map(|marked| !marked).collect(),
            ..self.clone()
        }
    }

    /// Pixels in marked cells.
    pub fn marked_px(&self) -> usize {
        self.runs().map(|(_, run)| run.width * run.height).sum()
    }

    /// Rectangles that cover the marked cells once and no others: runs along rows, joined with
    /// the run above where that has the same ends.
    pub fn rects(&self) -> Vec<Rect> {
        let mut done = Vec::new();
        let mut open: Vec<Rect> = Vec::new();
        for row in 0..self.marks.len() / self.wide.max(1) {
            let mut still = Vec::new();
            for run in self.runs_of(row) {
                let above = open
                    .iter()
                    .position(|above| (above.x, above.width) == (run.x, run.width));
                still.push(match above.map(|at| open.swap_remove(at)) {
                    Some(above) => Rect {
                        height: above.height + run.height,
                        ..above
                    },
                    None => run,
                });
            }
            done.append(&mut open);
            open = still;
        }
        done.append(&mut open);
        done
    }

    /// Runs of marked cells along rows, each with the number of its first cell.
    pub fn runs(&self) -> impl Iterator<Item = (usize, Rect)> {
        let rows = 0..self.marks.len() / self.wide.max(1);
        rows.flat_map(move |row| {
            let first = move |run: Rect| (row * self.wide + run.x / self.cell_px.0, run);
            self.runs_of(row).map(first)
        })
    }

    /// Width and height of a cell.
    pub fn cell_px(&self) -> (usize, usize) {
        self.cell_px
    }

    fn runs_of(&self, row: usize) -> impl Iterator<Item = Rect> {
        let marks = &self.marks[row * self.wide..][..self.wide];
        let (width, height) = self.cell_px;
        let y = row * height;
        let mut at = 0;
        std::iter::from_fn(move || {
            let from = at + marks[at..].iter().position(|marked| *marked)?;
            let length = marks[from..].iter().position(|marked| !marked);
            at = length.map_or(self.wide, |length| from + length);
            Some(Rect {
                x: from * width,
                y,
                width: (at * width).min(self.width_px) - from * width,
                height: height.min(self.height_px - y),
            })
        })
    }
}

/// Marks the cells of one row in which a line of each picture differs.
fn mark_line(marks: &mut [bool], a: &[f32], b: &[f32], cell_px: usize) {
    let pairs = a.chunks(cell_px).zip(b.chunks(cell_px));
    for (mark, (a, b)) in marks.iter_mut().zip(pairs) {
        *mark |= differ(a, b);
    }
}

/// By their bits: a NaN is itself, and 0 is not −0.
fn differ(a: &[f32], b: &[f32]) -> bool {
    let pairs = a.iter().zip(b);
    pairs.fold(0, |d, (a, b)| d | (a.to_bits() ^ b.to_bits())) != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The rectangles of any marks cover the marked cells once, and nothing else.
        #[test]
        fn rectangles_cover_the_marks_once(
            width in 1usize..100, height in 1usize..90, marks in prop::collection::vec(any::<bool>(), 64)
        ) {
            let mut cells = Cells::new(width, height, (16, 12));
            for n in (0..cells.len()).filter(|n| marks[n % 64]) {
                cells.mark(Rect { width: 1, height: 1, ..cells.rect(n) });
            }
            let mut seen = vec![0; width * height];
            for rect in cells.rects() {
                for y in rect.y..rect.y + rect.height {
                    for x in rect.x..rect.x + rect.width {
                        seen[y * width + x] += 1;
                    }
                }
            }
            for (i, count) in seen.iter().enumerate() {
                let n = (i / width / 12) * width.div_ceil(16) + i % width / 16;
                prop_assert_eq!(*count, i32::from(marks[n % 64]));
            }
            let runs = cells.runs().flat_map(|(first, run)| first..first + run.width.div_ceil(16));
            prop_assert!(runs.eq(cells.marked()));
            prop_assert_eq!(cells.marked_px(), seen.iter().filter(|n| **n > 0).count());
        }
    }

    /// A part that is compared by itself marks what comparing the whole picture would.
    #[test]
    fn differences_of_a_part_are_those_of_the_whole() {
        let old = Picture::new(3, 40, 24);
        let places = [(0, 0, 8, 8), (8, 8, 24, 16), (32, 16, 8, 8), (8, 0, 16, 24)];
        for (c, x, y) in [(0, 8, 8), (2, 31, 23), (1, 15, 9), (0, 39, 16)] {
            let mut new = old.clone();
            new.plane_mut(c)[y * 40 + x] = -0.0;
            for (left, top, width, height) in places {
                let rect = Rect {
                    x: left,
                    y: top,
                    width,
                    height,
                };
                let part = new.crop(rect);
                let mut found = Cells::new(40, 24, (16, 16));
                let others = found.differences_in(rect, &old, &part);
                others.into_iter().for_each(|n| found.mark(found.rect(n)));
                let mut pasted = old.clone();
                let all = Rect { x: 0, y: 0, ..rect };
                pasted.paste(&part, all, left, top);
                let mut wanted = Cells::new(40, 24, (16, 16));
                wanted.mark_differences(&old, &pasted);
                assert_eq!(found, wanted, "{c} {x} {y} in {rect:?}");
            }
        }
    }

    #[test]
    fn differences_are_found_to_the_last_bit() {
        let a = Picture::new(3, 40, 20);
        let mut b = a.clone();
        let mut cells = Cells::new(40, 20, (16, 16));
        cells.mark_differences(&a, &b);
        assert!(cells.is_clear());
        b.plane_mut(2)[19 * 40 + 39] = -0.0;
        cells.mark_differences(&a, &b);
        let last = Rect {
            x: 32,
            y: 16,
            width: 8,
            height: 4,
        };
        assert_eq!(cells.rects(), [last]);
    }

    #[test]
    fn what_lies_outside_marks_nothing() {
        let mut cells = Cells::new(40, 20, (16, 16));
        cells.mark(Rect {
            x: 40,
            y: 0,
            width: 16,
            height: 16,
        });
        assert!(cells.is_clear());
    }
}
