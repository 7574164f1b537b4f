//! Quantises a picture with a file's own tables and sampling, for a JPEG that keeps the file's
//! bitrate.
//!
//! It uses the picture as computed, not rounded to 8 bits, so that coefficients in the cells of the
//! file get its levels again. Called by `source::file`.

use crate::frame::Picture;
use crate::jpeg::file::{Component, JpegFile, Levels};
use crate::jpeg::grid::component::fetch;
use crate::jpeg::grid::dct;
use crate::jpeg::grid::measure;
use crate::jpeg::grid::sampling;

/// `file` with the levels of `picture`, RGB `[3, H, W]` in `[-1, 1]` on the file's aligned grid of
/// whole MCUs. Damaged blocks do not improve. Black is kept, if the file has it.
pub fn requantised(file: &JpegFile, picture: &Picture) -> JpegFile {
    let (max_h, max_v) = file.max_sampling();
    let n = picture.plane_len();
    let mut data = picture.data.clone();
    let (red, rest) = data.split_at_mut(n);
    let (green, blue) = rest.split_at_mut(n);
    let planes = measure::to_components(file.model, &[red, green, blue]);
    let mut out = file.clone();
    out.damage = None;
    for (component, plane) in out.components.iter_mut().zip(&planes) {
        let factors = (max_h / component.sampling.0, max_v / component.sampling.1);
        let small = sampling::mean(plane, picture.width, factors);
        fill(component, &small, picture.width / factors.0);
    }
    out
}

fn fill(component: &mut Component, plane: &[f32], width: usize) {
    let wide = component.blocks_wide;
    let rows = component.levels.chunks_exact_mut(wide);
    for (blocks, samples) in rows.zip(plane.chunks_exact(8 * width)) {
        for (x, levels) in blocks.iter_mut().enumerate() {
            let coefficients = dct::forward(&fetch(samples, width, x));
            *levels = quantise(&coefficients, &component.steps);
        }
    }
}

fn quantise(coefficients: &dct::Block, steps: &[u16; 64]) -> Levels {
    std::array::from_fn(|i| {
        let level = (coefficients[i] / f32::from(steps[i])).round_ties_even();
        // The range of baseline Huffman codes.
        let limit = if i == 0 { 1024.0 } else { 1023.0 };
        level.clamp(-limit, limit) as i16
    })
}
