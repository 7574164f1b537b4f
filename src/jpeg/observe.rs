//! [`Observation`]: what is known of a picture, from whichever source, on an MCU-aligned grid.
//!
//! Holds each component's decoded plane, its tables, and, where they are known, its levels.
//! It decodes to the picture that a viewer shows; `measure` turns it into constraints.

use std::borrow::Cow;
use std::ops::Range;

use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};
use rayon::slice::{ParallelSlice, ParallelSliceMut};

use super::color;
use super::dct::{self, Block};
use super::file::{Component, JpegFile, Levels};
use super::sampling;
use crate::contract::{Hint, QuantSteps};
use crate::frame::{Picture, PixelModel};
use crate::simd;

/// One component of an [`Observation`].
#[derive(Clone, Debug)]
pub struct Observed {
    /// Picture pixels per sample, horizontally and vertically.
    pub factors: (usize, usize),
    /// Blocks in a row of the aligned grid.
    pub blocks_wide: usize,
    /// Quantisation steps.
    pub steps: QuantSteps,
    /// Decoded samples on the aligned grid, level-shifted: 8-bit level − 128. Empty once
    /// [`Observation::take_hint`] was called.
    pub plane: Vec<f32>,
    /// Levels per block of the aligned grid; `None` where a block is not known. Empty when
    /// nothing of the component is.
    pub levels: Vec<Option<Levels>>,
}

impl Observed {
    /// Samples in a row.
    pub fn width(&self) -> usize {
        8 * self.blocks_wide
    }

    /// Draws some blocks anew from the coefficients that `known` has for them, by their number;
    /// the others stay. `size` is that of the component in samples: the grid beyond its last
    /// block repeats the last sample, as before.
    pub fn redraw<'a>(
        &mut self,
        size: (usize, usize),
        known: impl Fn(usize) -> Option<&'a Block> + Sync,
    ) {
        let (wide, stride) = (self.blocks_wide, self.width());
        let end = 8 * size.0.div_ceil(8).min(wide);
        let rows = self.plane.par_chunks_exact_mut(8 * stride).enumerate();
        rows.for_each(|(y, row)| {
            for x in 0..wide {
                if let Some(coefficients) = known(y * wide + x) {
                    let samples = dct::inverse(coefficients).map(|s| s.clamp(-128.0, 127.0));
                    store(row, stride, x, &samples);
                }
            }
            for line in row.chunks_exact_mut(stride) {
                let last = line[end - 1];
                line[end..].fill(last);
            }
        });
        let bottom = (8 * size.1.div_ceil(8) * stride).min(self.plane.len());
        let (above, below) = self.plane.split_at_mut(bottom);
        for line in below.chunks_exact_mut(stride) {
            line.copy_from_slice(&above[bottom - stride..]);
        }
    }

    /// Whether any block is known.
    pub fn is_measured(&self) -> bool {
        self.levels.iter().any(Option::is_some)
    }
}

/// What is known of a picture.
#[derive(Clone, Debug)]
pub struct Observation {
    /// Visible width in pixels.
    pub width: usize,
    /// Visible height in pixels.
    pub height: usize,
    /// Width of the aligned grid: whole MCUs, a multiple of 8.
    pub padded_width: usize,
    /// Height of the aligned grid.
    pub padded_height: usize,
    /// Rows of the grid in one MCU.
    pub mcu_rows: usize,
    /// What the components mean.
    pub model: PixelModel,
    /// One for grey, three else.
    pub components: Vec<Observed>,
    /// Rows of pixels that cannot be trusted and are not restored: whole rows of MCUs.
    pub damaged: Vec<Range<usize>>,
}

/// The observation that a file makes: all of its levels, exactly.
pub fn from_file(file: &JpegFile) -> Observation {
    let (max_h, max_v) = file.max_sampling();
    let mcu = (8 * max_h, 8 * max_v);
    let padded_width = file.width.next_multiple_of(mcu.0);
    let padded_height = file.height.next_multiple_of(mcu.1);
    let damaged = file.damage.as_ref().map(|damage| damage.rows.clone());
    let damaged = damaged.unwrap_or_default();
    let components: Vec<Observed> = file
        .components
        .iter()
        .map(|component| {
            let factors = (max_h / component.sampling.0, max_v / component.sampling.1);
            let wide = padded_width / (8 * factors.0);
            let high = padded_height / (8 * factors.1);
            observe(component, factors, (wide, high), &damaged)
        })
        .collect();
    Observation {
        width: file.width,
        height: file.height,
        padded_width,
        padded_height,
        mcu_rows: mcu.1,
        model: file.model,
        components,
        damaged,
    }
}

/// Lays a component's blocks on the aligned grid and decodes them.
fn observe(
    component: &Component,
    factors: (usize, usize),
    (wide, high): (usize, usize),
    damaged: &[Range<usize>],
) -> Observed {
    let mut levels = vec![None; wide * high];
    let known = |y: &usize| {
        !damaged
            .iter()
            .any(|rows| rows.contains(&(8 * factors.1 * y)))
    };
    for y in (0..high.min(component.blocks_high)).filter(known) {
        for x in 0..wide.min(component.blocks_wide) {
            levels[y * wide + x] = Some(component.levels[y * component.blocks_wide + x]);
        }
    }
    Observed {
        factors,
        blocks_wide: wide,
        steps: component.steps,
        plane: decode_plane(component, wide, high),
        levels,
    }
}

/// Dequantises and transforms; the grid beyond the file's blocks repeats the last sample.
fn decode_plane(component: &Component, wide: usize, high: usize) -> Vec<f32> {
    let coded_width = 8 * component.blocks_wide;
    let mut coded = Picture::new(1, coded_width, 8 * component.blocks_high);
    let rows = coded.data.par_chunks_exact_mut(8 * coded_width);
    let blocks = component.levels.par_chunks_exact(component.blocks_wide);
    rows.zip(blocks).for_each(|(row, blocks)| {
        for (x, levels) in blocks.iter().enumerate() {
            let samples = dct::inverse(&dequantise(levels, &component.steps));
            let samples = samples.map(|s| s.clamp(-128.0, 127.0));
            store(row, coded_width, x, &samples);
        }
    });
    if (8 * wide, 8 * high) == (coded.width, coded.height) {
        return coded.data;
    }
    coded.pad_to(8 * wide, 8 * high).data
}

/// Levels times steps.
pub fn dequantise(levels: &Levels, steps: &QuantSteps) -> Block {
    std::array::from_fn(|i| f32::from(levels[i]) * f32::from(steps[i]))
}

/// The block number `x` of a row of blocks, `stride` samples wide.
pub(super) fn fetch(row: &[f32], stride: usize, x: usize) -> Block {
    std::array::from_fn(|i| row[(i / 8) * stride + 8 * x + i % 8])
}

/// Writes the block number `x` of a row of blocks.
pub(super) fn store(row: &mut [f32], stride: usize, x: usize, samples: &Block) {
    for (line, values) in row.chunks_exact_mut(stride).zip(samples.chunks_exact(8)) {
        line[8 * x..8 * x + 8].copy_from_slice(values);
    }
}

impl Observation {
    /// Visible rows of pixels that can be trusted.
    pub fn intact_rows(&self) -> usize {
        self.height
            - self
                .damaged
                .iter()
                .map(ExactSizeIterator::len)
                .sum::<usize>()
    }

    /// The picture that a decoder with smooth chroma shows: RGB `[3, H, W]` in `[-1, 1]`, on
    /// the aligned grid, clamped but not rounded.
    pub fn decode(&self) -> Picture {
        // A plane of full size is looked at where it is.
        let planes: Vec<Cow<'_, [f32]>> = self
            .components
            .par_iter()
            .map(|c| match c.factors {
                (1, 1) => Cow::Borrowed(&c.plane[..]),
                factors => Cow::Owned(sampling::smooth(&c.plane, c.width(), factors)),
            })
            .collect();
        let mut out = Picture::new(3, self.padded_width, self.padded_height);
        let (width, n) = (out.width, out.plane_len());
        let (red, rest) = out.data.split_at_mut(n);
        let (green, blue) = rest.split_at_mut(n);
        red.par_chunks_exact_mut(width)
            .zip(green.par_chunks_exact_mut(width))
            .zip(blue.par_chunks_exact_mut(width))
            .enumerate()
            .for_each(|(row, ((r, g), b))| {
                let rows = planes.iter().map(|plane| &plane[row * width..][..width]);
                self.decode_row(&rows.collect::<Vec<_>>(), [r, g, b]);
            });
        out
    }

    /// One row of the components at full size to R, G, B.
    fn decode_row(&self, planes: &[&[f32]], rgb: [&mut [f32]; 3]) {
        let shown = |level: f32| color::from_level(level.clamp(0.0, 255.0));
        let from = match planes {
            [a, b, c] => [*a, *b, *c],
            _ => [planes[0]; 3],
        };
        match self.model {
            PixelModel::YCbCr => simd::rows(from, rgb, |[y, cb, cr]| {
                color::ycc_to_rgb([y + 128.0, cb, cr]).map(shown)
            }),
            _ => simd::rows(from, rgb, |x| x.map(|x| shown(x + 128.0))),
        }
    }

    /// [`Self::hint`], and the end of the decoded planes, which nothing else is made from.
    pub fn take_hint(&mut self) -> Hint {
        let hint = self.hint();
        for component in &mut self.components {
            component.plane = Vec::new();
        }
        hint
    }

    /// What a prior may be told: the decoded picture, the tables, the sampling.
    pub fn hint(&self) -> Hint {
        let luma = self.components[0].steps;
        let chroma = self.components.get(1);
        Hint {
            decoded: self.decode(),
            luma,
            chroma: chroma.map_or(luma, |c| c.steps),
            subsampling: chroma.map_or((1, 1), |c| c.factors),
        }
    }
}
