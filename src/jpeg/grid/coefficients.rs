//! The coefficients that a file's components would have for another picture: A·x, transformed.
//!
//! Measures the errors of estimates where samplers correct them. Nothing is quantised.

use crate::frame::Picture;
use crate::jpeg::grid::Observation;
use crate::jpeg::grid::component::fetch;
use crate::jpeg::grid::dct;
use crate::jpeg::grid::dct::Block;
use crate::jpeg::grid::measure::to_components;
use crate::jpeg::grid::sampling;

/// The blocks of each component of `picture`, `[3, H, W]` on the aligned grid of `seen`, row by
/// row; units of the quantisation table.
pub fn of(picture: &Picture, seen: &Observation) -> Vec<Vec<Block>> {
    let mut copy = picture.clone();
    let n = copy.plane_len();
    let (red, rest) = copy.data.split_at_mut(n);
    let (green, blue) = rest.split_at_mut(n);
    let planes = to_components(seen.model, &[red, green, blue]);
    let components = seen.components.iter().zip(&planes);
    components
        .map(|(component, plane)| {
            let small = sampling::mean(plane, seen.padded_width, component.factors);
            blocks(&small, component.width())
        })
        .collect()
}

fn blocks(plane: &[f32], width: usize) -> Vec<Block> {
    let rows = plane.chunks_exact(8 * width);
    rows.flat_map(|row| (0..width / 8).map(move |x| dct::forward(&fetch(row, width, x))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Planar8;
    use crate::jpeg;
    use crate::jpeg::grid;
    use crate::jpeg::grid::color;
    use crate::options::Limits;

    /// The coefficients of a grey picture are near levels times steps: off by half a step at most,
    /// plus the rounding of the encoder.
    #[test]
    fn a_picture_has_the_coefficients_that_it_was_encoded_with() {
        let data: Vec<u8> = (0..64 * 32)
            .flat_map(|i| [(i * 7 % 251) as u8; 3])
            .collect();
        let clean = Planar8::from_rgb(64, 32, &data);
        let bytes = jpeg::encode(&clean, 80, (2, 2)).unwrap();
        let seen = grid::from_file(&jpeg::read(&bytes, &Limits::default()).unwrap());
        let samples = clean.planes.iter().flat_map(|plane| &plane.data);
        let data = samples.map(|&byte| color::from_level(f32::from(byte)));
        let picture = Picture::from_data(3, 64, 32, data.collect()).unwrap();
        let found = of(&picture, &seen);
        let luma = &seen.components[0];
        for (block, levels) in found[0].iter().zip(&luma.levels) {
            let levels = levels.as_ref().unwrap();
            for i in 0..64 {
                let step = f32::from(luma.steps[i]);
                let off = (block[i] - step * f32::from(levels[i])).abs();
                assert!(off < 0.52 * step + 1.0, "{i}: {off} of {step}");
            }
        }
    }
}
