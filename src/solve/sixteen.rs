//! A picture on the aligned grid to samples of 16 bits, as two pictures of bytes: the upper ones
//! and the lower ones.
//!
//! Luma, grey and RGB are 257 times the 8-bit level. Chroma is 257 times what it is off the middle,
//! around 32,768: the full range of 16 bits in ITU-T H.273. Parts are laid out as
//! `output` does it, which rounds to 8 bits.

use crate::frame::{Picture, PixelModel, Planar8};
use crate::jpeg::Observation;
use crate::jpeg::grid::{color, sampling};
use crate::solve::output::Layout;

/// The visible part of `picture` in `layout`.
pub(crate) fn laid_out(picture: &Picture, seen: &Observation, layout: Layout) -> [Planar8; 2] {
    part(picture, seen.model, (seen.width, seen.height), layout)
}

/// The top left `size` pixels of a picture that came from one of this model.
pub(crate) fn part(
    picture: &Picture,
    model: PixelModel,
    size: (usize, usize),
    layout: Layout,
) -> [Planar8; 2] {
    let grey = model == PixelModel::Grey;
    let model = match (layout, model) {
        (Layout::YCbCr(_), _) => PixelModel::YCbCr,
        (Layout::Grey, _) | (Layout::AsFile, PixelModel::Grey) => PixelModel::Grey,
        (Layout::Rgb | Layout::AsFile, _) => PixelModel::Rgb,
    };
    let subsampling = match layout {
        Layout::YCbCr(subsampling) => subsampling,
        _ => (1, 1),
    };
    let mut out = [(); 2].map(|()| Planar8::new(model, size.0, size.1, subsampling));
    let levels = match (model, grey) {
        // All channels are the same.
        (PixelModel::Grey, true) => vec![channel(picture, 0).collect()],
        _ => levels(picture, model, subsampling),
    };
    for (c, levels) in levels.into_iter().enumerate() {
        let (zero, row) = match c {
            1 | 2 if model == PixelModel::YCbCr => (32_768.0, picture.width / subsampling.0),
            _ => (0.0, picture.width),
        };
        fill(&mut out, c, levels.chunks_exact(row), zero);
    }
    out
}

/// Each component in 8-bit levels, not rounded, chroma around 0 and averaged down. The sides of
/// `picture` are multiples of the factors.
fn levels(picture: &Picture, model: PixelModel, subsampling: (usize, usize)) -> Vec<Vec<f32>> {
    if model == PixelModel::Rgb {
        return (0..3).map(|c| channel(picture, c).collect()).collect();
    }
    let mut planes = [(); 3].map(|()| Vec::with_capacity(picture.plane_len()));
    let [red, green, blue] = [0, 1, 2].map(|c| channel(picture, c));
    for ((r, g), b) in red.zip(green).zip(blue) {
        let ycc = color::rgb_to_ycc([r, g, b]);
        planes
            .iter_mut()
            .zip(ycc)
            .for_each(|(plane, x)| plane.push(x));
    }
    let [y, cb, cr] = planes;
    if model == PixelModel::Grey {
        return vec![y];
    }
    let small = |plane: Vec<f32>| sampling::mean(&plane, picture.width, subsampling);
    vec![y, small(cb), small(cr)]
}

fn channel(picture: &Picture, c: usize) -> impl Iterator<Item = f32> {
    picture.plane(c).iter().map(|&x| color::to_level(x))
}

/// Writes the visible part of `rows` as component `c`.
fn fill<'a>(out: &mut [Planar8; 2], c: usize, rows: impl Iterator<Item = &'a [f32]>, zero: f64) {
    let [upper, lower] = out;
    let (upper, lower) = (&mut upper.planes[c], &mut lower.planes[c]);
    let width = upper.width;
    let lines = upper.data.chunks_exact_mut(width);
    let lines = lines.zip(lower.data.chunks_exact_mut(width));
    for ((upper, lower), row) in lines.zip(rows) {
        for ((upper, lower), &level) in upper.iter_mut().zip(lower).zip(row) {
            // The nearest; the cast saturates.
            let sample = (f64::from(level) * 257.0 + zero).round() as u16;
            [*upper, *lower] = sample.to_be_bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::solve::output;

    /// A picture of slopes whose sides are multiples of the factors, and more than is visible.
    fn slopes() -> Picture {
        let data = (0..3 * 20 * 12).map(|i| ((i * 37 % 1001) as f32 / 500.0 - 1.0) * 1.1);
        Picture::from_data(3, 20, 12, data.collect()).unwrap()
    }

    /// Divided by 257 and rounded, each sample is what 8-bit output is.
    #[test]
    fn sixteen_bits_round_to_the_bytes_of_every_layout() {
        let picture = slopes();
        let layouts = [(1, 1), (2, 1), (2, 2)].map(Layout::YCbCr);
        for layout in [&[Layout::AsFile, Layout::Rgb, Layout::Grey], &layouts[..]].concat() {
            let seen = Observation {
                width: 19,
                height: 11,
                padded_width: 20,
                padded_height: 12,
                mcu_rows: 4,
                model: PixelModel::Rgb,
                components: Vec::new(),
                lost: Vec::new(),
            };
            let rounded = output::laid_out(&picture, &seen, layout);
            let [upper, lower] = laid_out(&picture, &seen, layout);
            assert_eq!(
                (upper.model, upper.subsampling),
                (rounded.model, rounded.subsampling)
            );
            for (c, plane) in rounded.planes.iter().enumerate() {
                let halves = upper.planes[c].data.iter().zip(&lower.planes[c].data);
                let chroma = rounded.model == PixelModel::YCbCr && c > 0;
                let zero = if chroma { 32_768.0 } else { 0.0 };
                let bytes = halves.map(|(&upper, &lower)| {
                    let sample = f64::from(u16::from_be_bytes([upper, lower]));
                    ((sample - zero) / 257.0 + zero / 256.0).round() as u8
                });
                assert_eq!(bytes.collect::<Vec<_>>(), plane.data, "{layout:?} {c}");
            }
        }
    }

    #[test]
    fn a_grey_picture_is_one_plane_of_multiples_of_257() {
        let picture = Picture::from_data(3, 2, 1, [[-1.0, 1.0]; 3].concat()).unwrap();
        let [upper, lower] = part(&picture, PixelModel::Grey, (2, 1), Layout::AsFile);
        assert_eq!(
            (upper.planes.len(), &upper.planes[0].data[..]),
            (1, &[0, 255][..])
        );
        assert_eq!(lower.planes[0].data, [0, 255]);
    }
}
