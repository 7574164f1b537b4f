//! Counts the DCT coefficients of a decoded plane: one histogram of magnitudes for each of the 64
//! frequencies, on a grid of blocks with any offset.
//!
//! Blocks with clipped samples are left out, because clipping changes every coefficient of a block;
//! so are flat ones, whose rounding errors are all the same. Called by the other modules of this
//! folder.

use crate::frame::Plane8;
use crate::jpeg::grid::dct;
use crate::jpeg::grid::dct::Block;

/// Bins per unit of the quantisation table.
pub const BINS_PER_UNIT: f32 = 8.0;
/// Largest magnitude that is counted; in an 8-bit block none is above 1024.
const LARGEST: f32 = 1040.0;
/// Number of blocks used, spread evenly over the plane.
const BLOCKS: usize = 16_384;
/// A block whose samples span less than this is flat.
const LEAST_SPAN: u8 = 8;

/// Offset of the first whole block of a grid, 0..=7 in both directions.
pub type Offset = (usize, usize);

/// Magnitudes of one frequency: (bin, how many), ascending, none empty.
pub type Counts = Vec<(u32, u32)>;

/// What was counted.
#[derive(Clone, Debug)]
pub struct Spectrum {
    /// One histogram for each frequency, natural order.
    pub counts: Vec<Counts>,
    /// Blocks that were counted.
    pub blocks: usize,
}

impl Spectrum {
    /// Counts the blocks of `planes`, which share a table, on the grid at `offset`.
    pub fn of(planes: &[&Plane8], offset: Offset) -> Self {
        let bins = (LARGEST * BINS_PER_UNIT) as usize;
        let mut dense = vec![0u32; 64 * bins];
        let mut blocks = 0;
        let every = planes
            .iter()
            .flat_map(|plane| sound_blocks(plane, offset, BLOCKS));
        for samples in every {
            for (i, c) in dct::forward(&samples).into_iter().enumerate() {
                let bin = ((c.abs() * BINS_PER_UNIT).round() as usize).min(bins - 1);
                dense[i * bins + bin] += 1;
            }
            blocks += 1;
        }
        let counts = dense.chunks_exact(bins).map(|row| {
            let filled = row.iter().enumerate().filter(|(_, n)| **n > 0);
            filled.map(|(bin, &n)| (bin as u32, n)).collect()
        });
        Self {
            counts: counts.collect(),
            blocks,
        }
    }
}

/// Level-shifted samples of up to about `wanted` whole blocks that are neither clipped nor flat.
pub fn sound_blocks(
    plane: &Plane8,
    offset: Offset,
    wanted: usize,
) -> impl Iterator<Item = Block> + '_ {
    let wide = plane.width.saturating_sub(offset.0) / 8;
    let high = plane.height.saturating_sub(offset.1) / 8;
    let stride = (wide * high).div_ceil(wanted).max(1);
    (0..wide * high)
        .step_by(stride)
        .filter_map(move |n| sound(plane, offset.0 + 8 * (n % wide), offset.1 + 8 * (n / wide)))
}

/// The block whose corner is at (`x`, `y`), unless it is clipped or flat.
fn sound(plane: &Plane8, x: usize, y: usize) -> Option<Block> {
    let mut samples = [0.0; 64];
    let (mut low, mut high) = (255, 0);
    let rows = plane.data.chunks_exact(plane.width).skip(y);
    for (out, row) in samples.chunks_exact_mut(8).zip(rows) {
        for (sample, &byte) in out.iter_mut().zip(row.get(x..x + 8)?) {
            (low, high) = (byte.min(low), byte.max(high));
            *sample = f32::from(byte) - 128.0;
        }
    }
    let clipped = low == 0 || high == 255;
    (!clipped && high - low >= LEAST_SPAN).then_some(samples)
}
