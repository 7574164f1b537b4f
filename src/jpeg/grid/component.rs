//! [`Observed`]: one component of an observation: its tables, its levels, its decoded plane.
//!
//! It decodes planes from levels, completely or block by block, and says which pixels a block
//! affects. Used by [`Observation`](crate::jpeg::Observation) and by streams.

use std::collections::BTreeMap;
use std::mem;
use std::ops::Range;

use crate::contract::QuantSteps;
use crate::frame::Rect;
use crate::interval::Bounds;
use crate::jpeg::file::Levels;
use crate::jpeg::file::partial;
use crate::jpeg::file::partial::Partial;
use crate::jpeg::grid::cell;
use crate::jpeg::grid::cell::Slack;
use crate::jpeg::grid::dct;
use crate::jpeg::grid::dct::Block;
use crate::jpeg::grid::sampling;
use crate::runtime::threads::crew;
use crate::simd;
use crate::simd::Kernel;

/// A block with its own quantisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuantBlock {
    /// Its levels.
    pub levels: Levels,
    /// Its steps.
    pub steps: QuantSteps,
}

/// One component of an [`Observation`](crate::jpeg::Observation).
#[derive(Clone, Debug)]
pub struct Observed {
    /// Picture pixels per sample, horizontally and vertically.
    pub factors: (usize, usize),
    /// Blocks in a row of the aligned grid.
    pub blocks_wide: usize,
    /// Quantisation steps.
    pub steps: QuantSteps,
    /// Decoded samples on the aligned grid, level-shifted: 8-bit level − 128. Empty before
    /// [`draw`](crate::jpeg::Observation::draw) and once
    /// [`take_hint`](crate::jpeg::Observation::take_hint) was called.
    pub plane: Vec<f32>,
    /// Levels per block of the aligned grid; `None` if a block is unknown. Empty if the whole
    /// component is.
    pub levels: Vec<Option<Levels>>,
    /// Blocks that were quantised with other steps, by block number. For these, `levels` holds only
    /// the nearest multiples of `steps`.
    pub exceptions: BTreeMap<usize, QuantBlock>,
    /// How far the blocks are known, if they are not known completely.
    pub partial: Option<Partial>,
}

impl Observed {
    /// Removes everything that is not `known` of a component with `columns` blocks in a row, and
    /// decodes the plane from the rest; unknown blocks are drawn as libjpeg shows them. `picture`
    /// is the size of the picture in pixels.
    pub(crate) fn restrict(&mut self, known: &Partial, columns: usize, picture: (usize, usize)) {
        let (wide, stride) = (self.blocks_wide, self.width());
        let partial = known.on_grid(columns, (wide, self.levels.len() / wide));
        for (at, levels) in self.levels.iter_mut().enumerate() {
            if !partial.is_known(at) {
                *levels = None;
            }
        }
        let shown: Vec<f32> = partial
            .shown
            .iter()
            .map(|&s| f32::from(s) - 128.0)
            .collect();
        self.plane = shown.clone();
        let (levels, steps) = (mem::take(&mut self.levels), self.steps);
        self.redraw(picture, |at| {
            let row = &shown[at / wide * 8 * stride..][..8 * stride];
            let block = fetch(row, stride, at % wide);
            let levels = levels[at].as_ref()?;
            Some(partial.guess(at, levels, &steps, &block))
        });
        self.levels = levels;
        self.partial = Some(partial);
    }

    /// Only the plane as libjpeg shows it; `picture` is the size of the picture in pixels.
    pub(crate) fn as_shown(&self, picture: (usize, usize)) -> Self {
        let shown = self.partial.as_ref().map(|partial| &partial.shown);
        let samples = |shown: &Vec<u8>| shown.iter().map(|&s| f32::from(s) - 128.0).collect();
        let mut plane: Vec<f32> = shown.map_or_else(|| self.plane.clone(), samples);
        self.repeat_ends(&mut plane, picture);
        Self {
            plane,
            levels: Vec::new(),
            exceptions: BTreeMap::new(),
            partial: None,
            ..*self
        }
    }

    /// The intervals of the coefficients of block number `at` with these levels and steps.
    #[inline(always)]
    pub fn cells(
        &self,
        at: usize,
        (levels, steps): (&Levels, &QuantSteps),
        slack: Slack,
    ) -> Bounds {
        match &self.partial {
            Some(partial) => partial::bounds(levels, partial.profile(at), steps, slack),
            None => cell::bounds(levels, steps, slack),
        }
    }

    /// The effective steps of what is known: the component's own if it is complete.
    pub fn coarser_steps(&self) -> QuantSteps {
        let partial = self.partial.as_ref();
        partial.map_or(self.steps, |partial| partial.coarser(&self.steps))
    }

    /// Samples in a row.
    pub fn width(&self) -> usize {
        8 * self.blocks_wide
    }

    /// Levels and steps of block number `at` of the aligned grid, if it is known.
    #[inline(always)]
    pub fn block(&self, at: usize) -> Option<(&Levels, &QuantSteps)> {
        match self.exceptions.get(&at) {
            Some(block) => Some((&block.levels, &block.steps)),
            None => Some((self.levels.get(at)?.as_ref()?, &self.steps)),
        }
    }

    /// The pixels of block number `at` of the aligned grid.
    pub fn place(&self, at: usize) -> Rect {
        let (fx, fy) = self.factors;
        Rect {
            x: 8 * fx * (at % self.blocks_wide),
            y: 8 * fy * (at / self.blocks_wide),
            width: 8 * fx,
            height: 8 * fy,
        }
    }

    /// The pixels that depend on the samples of block number `at`. Smooth chroma reaches one pixel
    /// further if there are two pixels per sample, and a block at the end of the component reaches
    /// to the end of the grid. `picture` is the size of the picture in pixels.
    pub fn reach(&self, at: usize, picture: (usize, usize)) -> Rect {
        let high = self.levels.len() / self.blocks_wide;
        let columns = reach(
            at % self.blocks_wide,
            self.blocks_wide,
            picture.0,
            self.factors.0,
        );
        let rows = reach(at / self.blocks_wide, high, picture.1, self.factors.1);
        Rect {
            x: columns.start,
            y: rows.start,
            width: columns.len(),
            height: rows.len(),
        }
    }

    /// Decodes the known levels; `picture` is the size of the picture in pixels.
    pub(crate) fn draw(&mut self, picture: (usize, usize)) {
        self.plane = vec![0.0; 64 * self.levels.len()];
        let all = vec![true; self.levels.len()];
        self.draw_again(picture, &all);
    }

    /// Decodes the blocks in `others` again from their levels; the plane must already be drawn.
    pub fn draw_again(&mut self, picture: (usize, usize), others: &[bool]) {
        let mut plane = mem::take(&mut self.plane);
        self.redraw_in(&mut plane, picture, |at| {
            let known = self.block(at).filter(|_| others[at]);
            known.map(|(levels, steps)| dequantise(levels, steps))
        });
        self.plane = plane;
    }

    /// Redraws the blocks for which `known` has coefficients, by block number; the others do not
    /// change. `picture` is the size of the picture in pixels: the grid beyond the component's last
    /// block repeats the last sample.
    pub fn redraw(
        &mut self,
        picture: (usize, usize),
        known: impl Fn(usize) -> Option<Block> + Sync,
    ) {
        let mut plane = mem::take(&mut self.plane);
        self.redraw_in(&mut plane, picture, known);
        self.plane = plane;
    }

    fn redraw_in(
        &self,
        plane: &mut [f32],
        picture: (usize, usize),
        known: impl Fn(usize) -> Option<Block> + Sync,
    ) {
        let (wide, stride) = (self.blocks_wide, self.width());
        crew::each(plane.chunks_exact_mut(8 * stride), |y, row| {
            simd::run(DrawnRow {
                row,
                wide,
                first: y * wide,
                known: &known,
            });
        });
        self.repeat_ends(plane, picture);
    }

    /// The grid beyond the component's last block repeats the last sample.
    fn repeat_ends(&self, plane: &mut [f32], picture: (usize, usize)) {
        let stride = self.width();
        let end = 8 * coded(picture.0, self.factors.0).min(self.blocks_wide);
        let lines = plane.chunks_exact_mut(stride);
        for line in lines.take_while(|_| end < stride) {
            let last = line[end - 1];
            line[end..].fill(last);
        }
        let bottom = 8 * coded(picture.1, self.factors.1) * stride;
        let bottom = bottom.min(plane.len());
        let (above, below) = plane.split_at_mut(bottom);
        for line in below.chunks_exact_mut(stride) {
            line.copy_from_slice(&above[bottom - stride..]);
        }
    }

    /// The samples of `rect` of the picture at full size, row by row.
    pub(crate) fn part(&self, rect: Rect) -> Vec<f32> {
        let (fx, fy) = self.factors;
        let (width, height) = (self.width(), self.plane.len() / self.width());
        if self.factors == (1, 1) {
            return cut(&self.plane, width, rect);
        }
        // The smooth filter reads one more sample on every side.
        let span = |from: usize, length: usize, factor: usize, limit: usize| {
            let first = (from / factor).saturating_sub(1);
            (first, ((from + length).div_ceil(factor) + 1).min(limit))
        };
        let (left, right) = span(rect.x, rect.width, fx, width);
        let (top, low) = span(rect.y, rect.height, fy, height);
        let around = Rect {
            x: left,
            y: top,
            width: right - left,
            height: low - top,
        };
        let few = cut(&self.plane, width, around);
        let many = sampling::smooth(&few, around.width, self.factors);
        let inner = Rect {
            x: rect.x - fx * left,
            y: rect.y - fy * top,
            ..rect
        };
        cut(&many, fx * around.width, inner)
    }

    /// Whether any block is known.
    pub fn is_measured(&self) -> bool {
        self.levels.iter().any(Option::is_some)
    }
}

/// The samples of `rect` of a plane.
fn cut(plane: &[f32], width: usize, rect: Rect) -> Vec<f32> {
    let mut out = Vec::with_capacity(rect.width * rect.height);
    for y in rect.y..rect.y + rect.height {
        out.extend_from_slice(&plane[y * width + rect.x..][..rect.width]);
    }
    out
}

/// A row of blocks, some of which are drawn.
struct DrawnRow<'a, F> {
    row: &'a mut [f32],
    wide: usize,
    /// Index of the first block.
    first: usize,
    known: &'a F,
}

impl<F: Fn(usize) -> Option<Block>> Kernel for DrawnRow<'_, F> {
    #[inline(always)]
    fn run(self) {
        for x in 0..self.wide {
            if let Some(coefficients) = (self.known)(self.first + x) {
                let samples = dct::inverse_within(&coefficients);
                let samples = samples.map(|s| s.clamp(-128.0, 127.0));
                store(self.row, 8 * self.wide, x, &samples);
            }
        }
    }
}

/// The number of blocks in a file for this many pixels.
fn coded(pixels: usize, factor: usize) -> usize {
    pixels.div_ceil(factor).div_ceil(8)
}

/// The pixels that depend on block number `at` in a row or column of `blocks`.
fn reach(at: usize, blocks: usize, pixels: usize, factor: usize) -> Range<usize> {
    let beyond = usize::from(factor == 2);
    let (block, end) = (8 * factor, 8 * factor * blocks);
    let to = match at + 1 == coded(pixels, factor) {
        true => end,
        false => ((at + 1) * block + beyond).min(end),
    };
    (at * block).saturating_sub(beyond)..to
}

/// Levels times steps.
#[inline(always)]
pub fn dequantise(levels: &Levels, steps: &QuantSteps) -> Block {
    std::array::from_fn(|i| f32::from(levels[i]) * f32::from(steps[i]))
}

/// The block number `x` of a row of blocks, `stride` samples wide.
#[inline(always)]
pub(crate) fn fetch(row: &[f32], stride: usize, x: usize) -> Block {
    let mut block = [0.0; 64];
    for (to, line) in block.chunks_exact_mut(8).zip(row.chunks_exact(stride)) {
        to.copy_from_slice(&line[8 * x..8 * x + 8]);
    }
    block
}

/// Writes the block number `x` of a row of blocks.
#[inline(always)]
pub(crate) fn store(row: &mut [f32], stride: usize, x: usize, samples: &Block) {
    for (line, values) in row.chunks_exact_mut(stride).zip(samples.chunks_exact(8)) {
        line[8 * x..8 * x + 8].copy_from_slice(values);
    }
}
