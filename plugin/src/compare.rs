//! Frames that show the decoded and the restored picture together.
//!
//! Works on planes of any sampling, row by row. Called by the elements when `compare` asks for
//! it.

use ddrmjpeg::frame::{PixelModel, Planar8, Plane8};
use ddrmjpeg::{Error, Result};

use crate::enums::Compare;

/// Width in pixels of the line between two halves.
const LINE_PX: usize = 2;

/// How a frame shows what was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Only the restored picture.
    #[default]
    Plain,
    /// The left half as decoded, a line, the right half restored.
    Split,
    /// The decoded and the restored picture side by side: twice as wide.
    SideBySide,
}

impl View {
    /// The view for `wanted`, depending on whether frames are twice as wide as the picture.
    pub fn of(wanted: Compare, doubled: bool) -> Self {
        match (doubled, wanted) {
            (true, _) => Self::SideBySide,
            (false, Compare::Off) => Self::Plain,
            (false, Compare::Split | Compare::SideBySide) => Self::Split,
        }
    }

    /// Both pictures as one.
    ///
    /// # Errors
    /// [`Error::Backend`] if they differ in size or sampling.
    pub fn show(self, decoded: &Planar8, restored: Planar8) -> Result<Planar8> {
        if self == Self::Plain {
            return Ok(restored);
        }
        if !alike(decoded, &restored) {
            let what = "a result that is not of the decoded picture's planes";
            return Err(Error::Backend(what.into()));
        }
        Ok(match self {
            Self::SideBySide => beside(decoded, &restored),
            _ => split(decoded, restored),
        })
    }
}

fn alike(a: &Planar8, b: &Planar8) -> bool {
    let same = |(a, b): (&Plane8, &Plane8)| {
        (a.width, a.height, a.data.len()) == (b.width, b.height, b.data.len())
            && a.data.len() == a.width * a.height
            && a.width > 0
    };
    a.planes.len() == b.planes.len() && a.planes.iter().zip(&b.planes).all(same)
}

fn split(decoded: &Planar8, mut restored: Planar8) -> Planar8 {
    let width = restored.planes.first().map_or(0, |plane| plane.width);
    // Even, so that the line covers whole samples of subsampled chroma.
    let middle = (width / 2) & !1;
    let model = restored.model;
    let (sub_x, _) = restored.subsampling;
    for (c, (plane, left)) in restored.planes.iter_mut().zip(&decoded.planes).enumerate() {
        let factor = if c == 0 { 1 } else { sub_x };
        let start = middle / factor;
        let end = (start + (LINE_PX / factor).max(1)).min(plane.width);
        let white = if model == PixelModel::YCbCr && c > 0 {
            128
        } else {
            255
        };
        let rows = plane.data.chunks_exact_mut(plane.width);
        for (row, left) in rows.zip(left.data.chunks_exact(left.width)) {
            row[..start].copy_from_slice(&left[..start]);
            row[start..end].fill(white);
        }
    }
    restored
}

fn beside(decoded: &Planar8, restored: &Planar8) -> Planar8 {
    let width = restored.planes.first().map_or(0, |plane| plane.width);
    let (sub_x, _) = restored.subsampling;
    let planes = decoded.planes.iter().zip(&restored.planes).enumerate();
    let planes = planes.map(|(c, (left, right))| {
        let factor = if c == 0 { 1 } else { sub_x };
        let mut out = Plane8::new((2 * width).div_ceil(factor), left.height);
        let rows = out.data.chunks_exact_mut(out.width);
        let sources = left.data.chunks_exact(left.width);
        let sources = sources.zip(right.data.chunks_exact(right.width));
        for (row, (left, right)) in rows.zip(sources) {
            for (x, sample) in row.iter_mut().enumerate() {
                // A column of chroma that crosses the border belongs to the left half.
                let luma_x = x * factor;
                *sample = match luma_x.checked_sub(width) {
                    None => left[x],
                    Some(x) => right[x / factor],
                };
            }
        }
        out
    });
    Planar8 {
        model: restored.model,
        planes: planes.collect(),
        subsampling: restored.subsampling,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(size: (usize, usize), subsampling: (usize, usize), value: u8) -> Planar8 {
        let mut picture = Planar8::new(PixelModel::YCbCr, size.0, size.1, subsampling);
        for plane in &mut picture.planes {
            plane.data.fill(value);
        }
        picture
    }

    /// Shows a decoded picture of ones and a restored one of nines.
    fn shown(view: View, size: (usize, usize), subsampling: (usize, usize)) -> Planar8 {
        let decoded = flat(size, subsampling, 1);
        view.show(&decoded, flat(size, subsampling, 9)).unwrap()
    }

    #[test]
    fn pictures_of_two_sizes_are_refused() {
        for view in [View::Split, View::SideBySide] {
            let shown = view.show(&flat((8, 8), (1, 1), 1), flat((8, 7), (1, 1), 9));
            assert!(matches!(shown, Err(Error::Backend(_))));
        }
    }

    #[test]
    fn halves_and_line_lie_where_they_should_in_every_sampling() {
        for (size, subsampling) in [((16, 2), (1, 1)), ((17, 3), (2, 2)), ((18, 4), (2, 1))] {
            let shown = shown(View::Split, size, subsampling);
            let luma = &shown.planes[0].data[..size.0];
            assert_eq!((luma[7], luma[8], luma[9], luma[10]), (1, 255, 255, 9));
            let chroma = &shown.planes[1];
            let line = 8 / subsampling.0;
            let row = &chroma.data[chroma.width * (chroma.height - 1)..];
            assert_eq!((row[line - 1], row[line]), (1, 128));
            assert_eq!(row.last(), Some(&9));
        }
    }

    #[test]
    fn side_by_side_has_the_planes_of_a_frame_twice_as_wide() {
        for (size, subsampling) in [((16, 2), (1, 1)), ((17, 3), (2, 2)), ((1, 1), (2, 2))] {
            let shown = shown(View::SideBySide, size, subsampling);
            let frame = Planar8::new(PixelModel::YCbCr, 2 * size.0, size.1, subsampling);
            for (plane, expected) in shown.planes.iter().zip(&frame.planes) {
                assert_eq!(
                    (plane.width, plane.height),
                    (expected.width, expected.height)
                );
                assert_eq!(plane.data.len(), expected.data.len());
                assert_eq!(plane.data[0], 1);
            }
            let luma = &shown.planes[0].data;
            assert_eq!((luma[size.0 - 1], luma[size.0]), (1, 9));
        }
    }

    #[test]
    fn a_picture_too_narrow_for_a_line_is_still_one() {
        for width in 1..4 {
            let shown = shown(View::Split, (width, 1), (2, 2));
            assert_eq!(shown.planes[0].data.len(), width);
        }
    }
}
