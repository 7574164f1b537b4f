//! Makes an [`Observation`] from a decoded frame: the levels are recovered from the pixels.
//!
//! A decoder rounds each sample to 8 bits, which changes a coefficient by about 0.3; with a step of
//! 3 or more the level can still be recovered. Blocks that are not on multiples of the steps
//! (clipped, drawn over, cropped off the grid) are left unknown rather than guessed.

pub mod by_header;
pub mod comb_fit;
pub mod decoded;
pub mod estimate;
pub mod moved;
pub mod resaved;

use std::collections::BTreeMap;

use crate::contract::QuantSteps;
use crate::error::{Error, Result};
use crate::frame::{Picture, PixelModel, Planar8, Plane8};
use crate::jpeg::file::Levels;
use crate::jpeg::grid::Observation;
use crate::jpeg::grid::color;
use crate::jpeg::grid::component::{Observed, fetch};
use crate::jpeg::grid::dct;
use crate::jpeg::grid::dct::Block;

/// Largest root mean square distance, in coefficient units, of a block from the nearest multiples
/// of its steps. Rounding a plane to 8 bits gives 0.29, rounding RGB about 0.35.
pub(crate) const MAX_RESIDUAL: f32 = 0.6;

/// Share of the whole, unclipped blocks that must fit before a component's levels are used: in a
/// frame that is not a decoded JPEG with these tables, a few fit by chance.
pub(crate) const MIN_SHARE: f64 = 0.5;

/// The observation of a frame, given the tables of its JPEG.
///
/// In YCbCr every plane is measured if it fits; in RGB only luma, because the file's chroma grid is
/// lost.
///
/// # Errors
/// [`Error::Input`] if the planes do not have the sizes of the frame's model.
pub fn from_frame(frame: &Planar8, luma: &QuantSteps, chroma: &QuantSteps) -> Result<Observation> {
    from_margined(frame, (0, 0), luma, chroma)
}

/// [`from_frame`] for a frame whose first `margin` columns and rows only complete the grid: blocks
/// that reach into them are not measured.
///
/// # Errors
/// As [`from_frame`].
pub fn from_margined(
    frame: &Planar8,
    margin: (usize, usize),
    luma: &QuantSteps,
    chroma: &QuantSteps,
) -> Result<Observation> {
    check_planes(frame)?;
    let planes = level_shifted(frame);
    let claims: Vec<Claim> = (0..planes.len())
        .map(|c| Claim {
            steps: if c == 0 { *luma } else { *chroma },
            measured: c == 0 || frame.model != PixelModel::Rgb,
        })
        .collect();
    Ok(assemble(frame, PixelModel::YCbCr, &planes, &claims, margin))
}

/// What is known of a component in addition to its pixels.
pub(crate) struct Claim {
    /// Its quantisation steps.
    pub steps: QuantSteps,
    /// Whether its levels may be recovered from the pixels.
    pub measured: bool,
}

/// Planes of a frame, level-shifted, with a claim for each, on an MCU-aligned grid. `model` is
/// that of the file; a frame of one plane is grey whatever the file was. `margin` as in
/// [`from_margined`].
pub(crate) fn assemble(
    frame: &Planar8,
    model: PixelModel,
    planes: &[Picture],
    claims: &[Claim],
    margin: (usize, usize),
) -> Observation {
    let subsampling = match frame.model {
        PixelModel::YCbCr => frame.subsampling,
        _ => (1, 1),
    };
    let mcu = (16.max(8 * subsampling.0), 16.max(8 * subsampling.1));
    let size = (frame.width(), frame.height());
    let padded = (
        size.0.next_multiple_of(mcu.0),
        size.1.next_multiple_of(mcu.1),
    );
    let components = planes.iter().zip(claims).enumerate();
    let components = components.map(|(c, (plane, claim))| {
        let factors = if c == 0 { (1, 1) } else { subsampling };
        let margin = (margin.0.div_ceil(factors.0), margin.1.div_ceil(factors.1));
        component(plane, factors, padded, margin, claim)
    });
    Observation {
        width: size.0,
        height: size.1,
        padded_width: padded.0,
        padded_height: padded.1,
        mcu_rows: mcu.1,
        model: match (frame.model, model) {
            (PixelModel::Grey, _) => PixelModel::Grey,
            (PixelModel::Rgb, PixelModel::Rgb) => PixelModel::Rgb,
            _ => PixelModel::YCbCr,
        },
        components: components.collect(),
        lost: Vec::new(),
    }
}

/// The luma plane of a frame, for estimating tables. From RGB it is rounded to 8 bits, as the
/// decoder's was, and is 0 if a channel is clipped, because luma is then no longer the decoder's.
///
/// # Errors
/// As [`from_frame`].
pub fn luma(frame: &Planar8) -> Result<Plane8> {
    check_planes(frame)?;
    if frame.model != PixelModel::Rgb {
        return Ok(frame.planes[0].clone());
    }
    let mut out = Plane8::new(frame.width(), frame.height());
    let luma = level_shifted(frame).swap_remove(0);
    for (i, (byte, level)) in out.data.iter_mut().zip(&luma.data).enumerate() {
        let clipped = frame
            .planes
            .iter()
            .any(|plane| matches!(plane.data[i], 0 | 255));
        *byte = if clipped {
            0
        } else {
            (level + 128.0).round() as u8
        };
    }
    Ok(out)
}

pub(crate) fn check_planes(frame: &Planar8) -> Result<()> {
    let first = frame
        .planes
        .first()
        .filter(|plane| plane.width > 0 && plane.height > 0)
        .ok_or_else(|| Error::Input("a frame without pixels".into()))?;
    let (fx, fy) = frame.subsampling;
    if !(1..=4).contains(&fx) || !(1..=4).contains(&fy) {
        return Err(Error::Input(format!(
            "subsampling {fx}x{fy}: factors are 1..4"
        )));
    }
    let wanted = Planar8::new(frame.model, first.width, first.height, frame.subsampling);
    let fits = |(plane, like): (&Plane8, &Plane8)| {
        (plane.width, plane.height, plane.data.len()) == (like.width, like.height, like.data.len())
    };
    let same = frame.planes.len() == wanted.planes.len();
    if !same || !frame.planes.iter().zip(&wanted.planes).all(fits) {
        return Err(Error::Input(format!(
            "the planes of a {} x {} {:?} frame have the wrong sizes",
            first.width, first.height, frame.model
        )));
    }
    Ok(())
}

/// The frame's planes as level-shifted f32: grey, or Y, Cb, Cr.
pub(crate) fn level_shifted(frame: &Planar8) -> Vec<Picture> {
    let mut planes = level_shifted_as_is(frame);
    if let (PixelModel::Rgb, [r, g, b]) = (frame.model, planes.as_mut_slice()) {
        for ((r, g), b) in r.data.iter_mut().zip(&mut g.data).zip(&mut b.data) {
            // The matrix is linear and preserves grey, so it commutes with the level shift.
            [*r, *g, *b] = color::rgb_to_ycc([*r, *g, *b]);
        }
    }
    planes
}

/// The frame's planes as level-shifted f32, in its own colours.
pub(crate) fn level_shifted_as_is(frame: &Planar8) -> Vec<Picture> {
    let shifted = |plane: &Plane8| {
        let mut out = Picture::new(1, plane.width, plane.height);
        for (sample, &byte) in out.data.iter_mut().zip(&plane.data) {
            *sample = f32::from(byte) - 128.0;
        }
        out
    };
    frame.planes.iter().map(shifted).collect()
}

/// Puts one plane on the grid. Blocks that are completely inside it, past `margin` samples from the
/// left and the top, are measured if that is allowed.
pub(crate) fn component(
    plane: &Picture,
    factors: (usize, usize),
    padded: (usize, usize),
    margin: (usize, usize),
    claim: &Claim,
) -> Observed {
    let (wide, high) = (padded.0 / (8 * factors.0), padded.1 / (8 * factors.1));
    let grid = plane.pad_to(8 * wide, 8 * high);
    let mut levels = Vec::new();
    if claim.measured {
        let first = (margin.0.div_ceil(8), margin.1.div_ceil(8));
        let whole = (plane.width / 8, plane.height / 8);
        levels = find_levels(&grid, first, whole, &claim.steps);
    }
    Observed {
        factors,
        blocks_wide: wide,
        steps: claim.steps,
        plane: grid.data,
        levels,
        exceptions: BTreeMap::new(),
        partial: None,
    }
}

/// Levels of the blocks that are completely inside the visible plane and fit; empty if too few do.
/// Clipped blocks may fit or not; they are not evidence either way.
fn find_levels(
    grid: &Picture,
    first: (usize, usize),
    whole: (usize, usize),
    steps: &QuantSteps,
) -> Vec<Option<Levels>> {
    let wide = grid.width / 8;
    let mut levels = vec![None; wide * (grid.height / 8)];
    let (mut fitting, mut sound) = (0, 0);
    for y in first.1..whole.1 {
        let row = &grid.data[8 * y * grid.width..8 * (y + 1) * grid.width];
        for x in first.0..whole.0 {
            let samples = fetch(row, grid.width, x);
            let block = block_levels(&dct::forward(&samples), steps);
            if !samples.iter().any(|s| *s <= -128.0 || *s >= 127.0) {
                sound += 1;
                fitting += usize::from(block.is_some());
            }
            levels[y * wide + x] = block;
        }
    }
    if (fitting as f64) < MIN_SHARE * f64::from(sound.max(1)) {
        return Vec::new();
    }
    levels
}

fn block_levels(coefficients: &Block, steps: &QuantSteps) -> Option<Levels> {
    let mut levels = [0i16; 64];
    let mut squares = 0.0;
    for i in 0..64 {
        let step = f32::from(steps[i]);
        let level = (coefficients[i] / step).round_ties_even();
        squares += (coefficients[i] - level * step).powi(2);
        levels[i] = level as i16;
    }
    (squares <= 64.0 * MAX_RESIDUAL * MAX_RESIDUAL).then_some(levels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::file::write;
    use crate::jpeg::grid;
    use crate::jpeg::grid::tables;
    use crate::jpeg::read;
    use crate::options::Limits;

    /// Smooth ramps with some texture, away from 0 and 255 so that nothing is clipped.
    fn scene(width: usize, height: usize) -> Planar8 {
        let mut out = Planar8::new(PixelModel::Grey, width, height, (1, 1));
        for (i, value) in out.planes[0].data.iter_mut().enumerate() {
            let (x, y) = (i % width, i / width);
            *value = (70 + x + y + (x * y) % 23) as u8;
        }
        out
    }

    fn decoded(bytes: &[u8]) -> (Planar8, crate::jpeg::JpegFile) {
        let file = read(bytes, &Limits::default()).unwrap();
        let seen = grid::from_file(&file);
        let mut frame = Planar8::new(PixelModel::Grey, file.width, file.height, (1, 1));
        let picture = seen.decode();
        for y in 0..file.height {
            for x in 0..file.width {
                let level = color::to_level(picture.data[y * picture.width + x]);
                frame.planes[0].data[y * file.width + x] = level.round() as u8;
            }
        }
        (frame, file)
    }

    #[test]
    fn levels_of_whole_blocks_come_back_from_the_pixels() {
        let jpeg = write::encode(&scene(60, 43), 50, (1, 1)).unwrap();
        let (frame, file) = decoded(&jpeg);
        let steps = tables::ijg(&tables::BASE_LUMA, 50);
        let seen = from_frame(&frame, &steps, &steps).unwrap();
        let component = &seen.components[0];
        for y in 0..5 {
            for x in 0..7 {
                let known = component.levels[y * component.blocks_wide + x];
                assert_eq!(known, Some(file.components[0].levels[y * 8 + x]), "{x} {y}");
            }
        }
        // The last column and row are cropped: 60 and 43 are not multiples of 8.
        assert_eq!(component.levels[7], None);
    }

    #[test]
    fn a_frame_that_is_no_jpeg_of_these_tables_is_not_measured() {
        let steps = tables::ijg(&tables::BASE_LUMA, 30);
        let seen = from_frame(&scene(64, 64), &steps, &steps).unwrap();
        assert!(!seen.components[0].is_measured());
    }

    #[test]
    fn planes_of_the_wrong_size_are_refused() {
        let mut frame = Planar8::new(PixelModel::YCbCr, 16, 16, (2, 2));
        frame.planes[2].data.pop();
        assert!(from_frame(&frame, &[1; 64], &[1; 64]).is_err());
    }
}
