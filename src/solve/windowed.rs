//! Pictures of any size under a prior that sees squares of one size: the estimates of
//! overlapping windows, averaged under smooth weights.
//!
//! The average is taken inside every call of the denoiser, so a sampler walks one state of the
//! whole picture and no border is ever frozen in. `tiling::windows` says where the windows are.

use crate::contract::Hint;
use crate::error::Result;
use crate::frame::{Picture, Rect};
use crate::solve::tiling::windows;
use crate::solve::tiling::windows::{Axis, Span};

/// One square of a picture, and the hint's part there.
pub(crate) struct Window {
    pub x: Picture,
    pub hint: Option<Hint>,
}

/// The estimate for `x` `[3, H, W]`, made of `estimate` of squares of `side_px`, each with its part
/// of the hint. `estimate` is given up to `at_once` squares together. Smaller pictures are padded by
/// repeating their last column and row.
///
/// Neighbouring windows share half a side or more. Norms and attention make windows disagree
/// everywhere, not just at their edges, and it takes width to fade one into the other: with a
/// quarter, the borders of tests/window_seams.rs are 1.8 times as rough as other lines.
pub(crate) fn average(
    x: &Picture,
    hint: Option<&Hint>,
    side_px: usize,
    at_once: usize,
    estimate: impl Fn(&[Window]) -> Result<Vec<Picture>>,
) -> Result<Picture> {
    let overlap = side_px / 2;
    let columns = windows::cover(x.width, side_px, overlap);
    let rows = windows::cover(x.height, side_px, overlap);
    let padded = pad(x, &columns, &rows);
    let decoded = hint.map(|hint| pad(&hint.decoded, &columns, &rows));
    let mut sum = Picture::new(x.channels, columns.padded, rows.padded);
    let window = |&(row, column): &(&Span, &Span)| {
        let rect = Rect {
            x: column.start,
            y: row.start,
            width: side_px,
            height: side_px,
        };
        let hint = hint.zip(decoded.as_ref()).map(|(hint, decoded)| Hint {
            decoded: decoded.crop(rect),
            ..*hint
        });
        Window {
            x: padded.crop(rect),
            hint,
        }
    };
    let columns_of = |row| columns.spans.iter().map(move |column| (row, column));
    let places: Vec<(&Span, &Span)> = rows.spans.iter().flat_map(columns_of).collect();
    for group in places.chunks(at_once.max(1)) {
        let windows: Vec<Window> = group.iter().map(window).collect();
        for (part, (row, column)) in estimate(&windows)?.iter().zip(group) {
            add(&mut sum, part, column, row);
        }
    }
    Ok(sum.crop(Rect {
        x: 0,
        y: 0,
        width: x.width,
        height: x.height,
    }))
}

fn pad(picture: &Picture, columns: &Axis, rows: &Axis) -> Picture {
    match (columns.padded, rows.padded) {
        (width, height) if (width, height) == (picture.width, picture.height) => picture.clone(),
        (width, height) => picture.pad_to(width, height),
    }
}

/// Adds `part`, weighted by column and row, where it belongs.
fn add(sum: &mut Picture, part: &Picture, column: &Span, row: &Span) {
    let width = sum.width;
    for c in 0..sum.channels {
        let plane = sum.plane_mut(c);
        let lines = part.plane(c).chunks_exact(part.width);
        for ((y, line), weight) in lines.enumerate().zip(&row.weights) {
            let out = &mut plane[(row.start + y) * width + column.start..];
            for ((out, value), across) in out.iter_mut().zip(line).zip(&column.weights) {
                *out += weight * across * value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: usize, height: usize) -> Picture {
        let data = (0..3 * width * height).map(|i| (i as f32 * 0.37).sin());
        Picture::from_data(3, width, height, data.collect()).unwrap()
    }

    /// The average of equal values under weights that add up to 1, in f32.
    #[test]
    fn windows_that_agree_give_the_whole_picture() {
        for (width, height) in [(200, 72), (64, 64), (40, 24), (65, 130)] {
            let x = picture(width, height);
            let hint = Hint {
                decoded: x.clone(),
                luma: [1; 64],
                chroma: [1; 64],
                subsampling: (1, 1),
            };
            let estimate = |at_once| {
                average(&x, Some(&hint), 64, at_once, |windows| {
                    assert!(windows.len() <= at_once);
                    let part = |window: &Window| {
                        assert_eq!((window.x.width, window.x.height), (64, 64));
                        assert_eq!(window.hint.as_ref().unwrap().decoded, window.x);
                        window.x.clone()
                    };
                    Ok(windows.iter().map(part).collect())
                })
            };
            let out = estimate(1).unwrap();
            assert_eq!(estimate(4).unwrap(), out);
            let pairs = out.data.iter().zip(&x.data);
            assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-5));
        }
    }

    #[test]
    fn a_picture_of_the_trained_size_is_one_call_and_its_very_numbers() {
        let x = picture(64, 64);
        let out = average(&x, None, 64, 1, |windows| Ok(vec![windows[0].x.clone()])).unwrap();
        assert_eq!(out, x);
    }
}
