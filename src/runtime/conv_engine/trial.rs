//! A picture and a case with which an engine is tried out.

use crate::frame::Picture;
use crate::runtime::conv_net::conditioning;
use crate::runtime::conv_net::edm::Case;

/// A case with all inputs set.
pub(crate) fn case(sigma: f64) -> Case {
    let mut tables = [0.5; conditioning::LENGTH];
    tables[0] = 1.0;
    Case { sigma, tables }
}

/// A square picture with energy at every frequency, and no randomness.
pub(crate) fn picture(side: usize, seed: usize) -> Picture {
    let mut picture = Picture::new(3, side, side);
    for (i, sample) in picture.data.iter_mut().enumerate() {
        let hash = (i + seed * 7919).wrapping_mul(0x9e37_79b9) % 1000;
        *sample = hash as f32 / 1000.0 - 0.5 + 0.5 * (i as f32 / 300.0).sin();
    }
    picture
}
