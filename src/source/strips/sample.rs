//! What is decided once for a whole picture that is restored in strips, by a sample of it.
//!
//! By levels of 16 squares of 512 pixels: an earlier save and its table, and whether the gate is
//! closed. By one square in the middle: an earlier save on another grid. By the prior's answers for
//! 36 squares of 192: whether they are those of one that does not know such pictures. A picture that
//! has no more pixels than these is its own sample.

use crate::contract::{Denoiser, QuantSteps};
use crate::frame::Rect;
use crate::jpeg::file::origin::Family;
use crate::jpeg::file::packed::PackedFile;
use crate::jpeg::file::{Damage, JpegFile};
use crate::jpeg::grid;
use crate::jpeg::grid::cell::Slack;
use crate::jpeg::recover::moved;
use crate::jpeg::recover::moved::Moved;
use crate::jpeg::recover::resaved;
use crate::jpeg::recover::resaved::FirstSave;
use crate::options::RestoreOptions;
use crate::solve::Task;
use crate::source::{as_moved, file};

/// Squares of which levels are looked at, in a row and in a column, and their side in pixels.
const LEVELS: (usize, usize) = (4, 512);

/// The same for answers.
const ANSWERS: (usize, usize) = (6, 192);

/// What is decided.
pub(crate) struct Decided {
    /// An earlier save; its file is that of the sample.
    pub first: Option<FirstSave>,
    /// An earlier save on another grid, which a square in the middle shows.
    pub moved: Option<Moved>,
    pub task: Task,
    pub family: Family,
    pub slack: Slack,
    /// Effective steps of luma and chroma.
    pub steps: (QuantSteps, QuantSteps),
    /// Luma samples per chroma sample.
    pub subsampling: (usize, usize),
    /// What the report says of where the picture came from.
    pub notes: Vec<String>,
}

impl Decided {
    /// Decides for `file`.
    pub fn of(packed: &PackedFile, denoiser: &dyn Denoiser, options: &RestoreOptions) -> Self {
        let outline = packed.outline();
        let sample = stacked(packed, &places(packed, LEVELS));
        let looks = packed.is_whole() && file::looks_for_earlier_saves(options);
        let first = looks.then(|| resaved::first_save(&sample)).flatten();
        let seen = match &first {
            Some(first) => first.observation(),
            None => grid::from_levels(&sample),
        };
        let looks = looks && first.is_none();
        let moved = looks.then(|| moved_before(packed)).flatten();
        let as_moved = moved.map(|moved| as_moved(options, moved));
        let options = as_moved.as_ref().unwrap_or(options);
        let steps = |c: usize| match &first {
            Some(first) => first.file.components[c].steps,
            None => packed.coarser_steps(c),
        };
        let chroma = seen.components.get(1);
        let family = Family::of(outline);
        Self {
            task: Task::of(&seen, denoiser, options),
            slack: family.slack(),
            family,
            steps: (steps(0), steps(usize::from(chroma.is_some()))),
            subsampling: chroma.map_or((1, 1), |c| c.factors),
            notes: file::notes(first.as_ref(), moved.as_ref(), outline),
            first,
            moved,
        }
    }
}

/// Of one square, since the seams of squares that are apart do not lie on one lattice.
fn moved_before(packed: &PackedFile) -> Option<Moved> {
    let (size, mcu) = (packed.size(), packed.mcu());
    let span = |size: usize, mcu: usize| {
        let side = moved::WINDOW.min(size / mcu * mcu);
        ((size - side) / 2 / mcu * mcu, side)
    };
    let ((x, width), (y, height)) = (span(size.0, mcu.0), span(size.1, mcu.1));
    let square = packed.part(Rect {
        x,
        y,
        width,
        height,
    });
    moved::look(&mut grid::from_levels(&square))
}

/// Places whose answers are looked at.
pub(crate) fn answer_places(packed: &PackedFile) -> impl Iterator<Item = Rect> {
    places(packed, ANSWERS).into_iter()
}

/// Squares on the grid of MCUs that are spread over the picture; all of it where that is no more.
fn places(packed: &PackedFile, (count, side): (usize, usize)) -> Vec<Rect> {
    let (size, mcu) = (packed.size(), packed.mcu());
    let across = spread(size.0, mcu.0, (count, side));
    let down = spread(size.1, mcu.1, (count, side));
    let is_small = across.len() == 1 && down.len() == 1;
    if is_small || size.0 < mcu.0 || size.1 < mcu.1 {
        return vec![Rect {
            x: 0,
            y: 0,
            width: size.0.next_multiple_of(mcu.0),
            height: size.1.next_multiple_of(mcu.1),
        }];
    }
    let row = |&(y, height): &(usize, usize)| {
        let rect = move |&(x, width): &(usize, usize)| Rect {
            x,
            y,
            width,
            height,
        };
        across.iter().map(rect).collect::<Vec<_>>()
    };
    down.iter().flat_map(row).collect()
}

/// `count` spans of `side` of a length in multiples of `mcu`: (start, length); one of all whole
/// MCUs where that is no more.
fn spread(length: usize, mcu: usize, (count, side): (usize, usize)) -> Vec<(usize, usize)> {
    let side = side.next_multiple_of(mcu);
    if length <= count * side {
        return vec![(0, length / mcu * mcu)];
    }
    // The end of the picture may be no whole MCU.
    let last = (length - side) / mcu;
    let start = |n: usize| n * last / (count - 1) * mcu;
    (0..count).map(|n| (start(n), side)).collect()
}

/// A file of the parts at these places, which have one size, one below the other.
fn stacked(packed: &PackedFile, places: &[Rect]) -> JpegFile {
    let mut parts = places.iter().map(|&place| packed.part(place));
    let Some(mut all) = parts.next() else {
        return packed.outline().clone();
    };
    for part in parts {
        all.height += part.height;
        for (all, part) in all.components.iter_mut().zip(part.components) {
            all.blocks_high += part.blocks_high;
            all.levels.extend(part.levels);
        }
        if let (Some(all), Some(part)) = (&mut all.damage, part.damage) {
            join(all, part);
        }
    }
    all
}

/// How far the blocks are known; lost parts of a sample matter to nobody.
fn join(all: &mut Damage, part: Damage) {
    all.lost.clear();
    for (all, part) in all.known.iter_mut().zip(part.known) {
        all.blocks.extend(part.blocks);
        all.shown.extend(part.shown);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_are_spread_over_all_of_it() {
        assert_eq!(spread(2048, 16, LEVELS), [(0, 2048)]);
        assert_eq!(spread(50, 16, LEVELS), [(0, 48)]);
        let spans = spread(16_330, 16, LEVELS);
        assert_eq!(spans, [(0, 512), (5264, 512), (10_528, 512), (15_808, 512)]);
        // The last of them ends with the last whole MCU.
        assert_eq!(spans[3].0 + spans[3].1, 16_330 / 16 * 16);
    }
}
