//! Finds the grid of blocks: a quantised picture has far more coefficients near zero on its own
//! grid than on any other.
//!
//! Ranks the 64 offsets on a sample of the blocks; whether the first one is a JPEG's grid at all is
//! decided by the combs.

use crate::frame::Plane8;
use crate::jpeg::grid::dct;
use crate::jpeg::recover::estimate::spectrum::{Offset, sound_blocks};

/// Number of blocks used for each offset.
const BLOCKS: usize = 400;
/// Coefficients below this are near zero: three times the error from rounding to 8 bits.
const NEAR_ZERO: f32 = 0.9;

/// The 64 offsets, the likeliest first.
pub fn ranked(plane: &Plane8) -> Vec<Offset> {
    let mut found: Vec<(f64, Offset)> = (0..64)
        .map(|n| (n % 8, n / 8))
        .map(|offset| (share_near_zero(plane, offset), offset))
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().map(|(_, offset)| offset).collect()
}

fn share_near_zero(plane: &Plane8, offset: Offset) -> f64 {
    let (mut near, mut all) = (0, 0);
    for samples in sound_blocks(plane, offset, BLOCKS) {
        let block = dct::forward(&samples);
        near += block.iter().filter(|c| c.abs() < NEAR_ZERO).count();
        all += 64;
    }
    near as f64 / f64::from(all.max(1))
}
