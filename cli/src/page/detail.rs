//! What the page shows of a picture: a small one of it, and at 100 % the part that changed most,
//! before and after.

use anyhow::{Context, Result};
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg;
use image::{DynamicImage, imageops};

/// Largest side of the part, in pixels.
const PART_PX: usize = 320;

/// Largest side of the small picture, in pixels.
const SMALL_PX: u32 = 160;

/// Side of the squares whose changes are added up to find the part.
const SQUARE_PX: usize = 16;

/// Qualities of the JPEGs in the page: 0.1 MB for a picture, most of it the two parts.
const PART_QUALITY: u8 = 90;
const SMALL_QUALITY: u8 = 75;

/// JPEGs for the page.
pub struct Detail {
    /// Width and height of the whole picture.
    pub size: (usize, usize),
    /// Where the part begins in it.
    pub at: (usize, usize),
    /// Width and height of the part.
    pub part: (usize, usize),
    /// The part as decoded.
    pub before: Vec<u8>,
    /// The part restored.
    pub after: Vec<u8>,
    /// The whole restored picture, small.
    pub small: Vec<u8>,
}

impl Detail {
    /// Of one picture, as decoded and restored.
    ///
    /// # Errors
    /// Those of the encoder.
    pub fn of(before: &Planar8, after: &Planar8) -> Result<Self> {
        let size = (after.width(), after.height());
        let part = (size.0.min(PART_PX), size.1.min(PART_PX));
        let at = most_changed(before, after, part);
        let cut = |picture: &Planar8| -> Result<Vec<u8>> {
            let picture = DynamicImage::try_from(picture)?;
            let [x, y, width, height] = [at.0, at.1, part.0, part.1].map(|side| side as u32);
            let part = picture.crop_imm(x, y, width, height);
            Ok(jpeg::encode(&Planar8::from(part), PART_QUALITY, (1, 1))?)
        };
        let small = DynamicImage::try_from(after)?;
        let small = small.resize(SMALL_PX, SMALL_PX, imageops::FilterType::Triangle);
        Ok(Self {
            size,
            at,
            part,
            before: cut(before).context("the part before")?,
            after: cut(after).context("the part after")?,
            small: jpeg::encode(&Planar8::from(small), SMALL_QUALITY, (2, 2))?,
        })
    }
}

/// Where the part of this size begins in which the first plane changed most, in whole squares.
fn most_changed(before: &Planar8, after: &Planar8, part: (usize, usize)) -> (usize, usize) {
    let (a, b) = (&before.planes[0], &after.planes[0]);
    let squares = |side: usize| side.div_ceil(SQUARE_PX);
    let (wide, high) = (squares(b.width), squares(b.height));
    let mut changes = vec![0_u64; wide * high];
    let rows = a.data.chunks(a.width).zip(b.data.chunks(b.width));
    for (y, (a, b)) in rows.enumerate() {
        for (x, (a, b)) in a.iter().zip(b).enumerate() {
            changes[y / SQUARE_PX * wide + x / SQUARE_PX] += u64::from(a.abs_diff(*b));
        }
    }
    // Sums over everything left of and above a corner, so that a part costs four of them.
    let mut sums = vec![0_u64; (wide + 1) * (high + 1)];
    for y in 0..high {
        for x in 0..wide {
            let above = sums[y * (wide + 1) + x + 1] - sums[y * (wide + 1) + x];
            let left = sums[(y + 1) * (wide + 1) + x];
            sums[(y + 1) * (wide + 1) + x + 1] = changes[y * wide + x] + above + left;
        }
    }
    let sum = |x: usize, y: usize| sums[y * (wide + 1) + x];
    let (across, down) = (squares(part.0), squares(part.1));
    let places = (0..=high - down).flat_map(|y| (0..=wide - across).map(move |x| (x, y)));
    let of = |(x, y): (usize, usize)| {
        sum(x + across, y + down) + sum(x, y) - sum(x + across, y) - sum(x, y + down)
    };
    // The first of several.
    let best = places
        .rev()
        .max_by_key(|&place| of(place))
        .unwrap_or((0, 0));
    let begin = |square: usize, side: usize, whole: usize| (square * SQUARE_PX).min(whole - side);
    (
        begin(best.0, part.0, b.width),
        begin(best.1, part.1, b.height),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddrmjpeg::frame::PixelModel;

    fn grey(width: usize, height: usize) -> Planar8 {
        Planar8::new(PixelModel::Grey, width, height, (1, 1))
    }

    #[test]
    fn the_part_holds_what_changed() {
        let before = grey(1000, 700);
        for (x, y) in [(0, 0), (999, 699), (500, 300), (340, 10)] {
            let mut after = before.clone();
            after.planes[0].data[y * 1000 + x] = 200;
            let (left, top) = most_changed(&before, &after, (320, 320));
            assert!((left..left + 320).contains(&x) && (top..top + 320).contains(&y));
            assert!(left + 320 <= 1000 && top + 320 <= 700);
        }
        assert_eq!(most_changed(&before, &before, (320, 320)), (0, 0));
    }

    #[test]
    fn a_small_picture_is_shown_whole() {
        let picture = grey(70, 9);
        let detail = Detail::of(&picture, &picture).unwrap();
        assert_eq!(
            (detail.at, detail.part, detail.size),
            ((0, 0), (70, 9), (70, 9))
        );
        let part = jpeg::file::pixels::decode(&detail.after, &Default::default()).unwrap();
        assert_eq!((part.width(), part.height()), (70, 9));
    }
}
