//! [`Pixels`]: a picture of 8 or 16 bits, as pictures of bytes.
//!
//! Fields are woven and views are put together byte by byte, so that one way does for both depths.
//! Called by the elements.

use ddrmjpeg::Result;
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::restore::{Report, Restored};

use crate::compare::View;

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// Samples of 8 bits, or the upper bytes of samples of 16.
    pub upper: Planar8,
    /// The lower bytes of samples of 16 bits.
    pub lower: Option<Planar8>,
}

impl From<Planar8> for Pixels {
    fn from(upper: Planar8) -> Self {
        let lower = None;
        Self { upper, lower }
    }
}

impl Pixels {
    /// What the core has made, and its report.
    pub fn of(restored: Restored) -> (Self, Report) {
        let pixels = Self {
            upper: restored.frame,
            lower: restored.lower,
        };
        (pixels, restored.report)
    }

    /// The lower bytes. If there are none, they repeat the upper ones: 255 becomes 65,535.
    pub fn lower(&self) -> &Planar8 {
        self.lower.as_ref().unwrap_or(&self.upper)
    }

    /// Two fields as one picture of `height` rows; see [`Planar8::weave`].
    ///
    /// # Errors
    /// If the fields do not fit together.
    pub fn weave(top: &Self, bottom: &Self, height: usize) -> Result<Self> {
        top.with(bottom, |top, bottom| Planar8::weave(top, bottom, height))
    }

    /// The decoded picture with `restored`; see [`View::show`].
    ///
    /// # Errors
    /// If they differ in size or sampling.
    pub fn shown(&self, restored: Self, view: View) -> Result<Self> {
        if view == View::Plain {
            return Ok(restored);
        }
        self.with(&restored, |decoded, restored| {
            view.show(decoded, restored.clone())
        })
    }

    /// The part at (`x`, `y`) of `width` x `height` pixels, all multiples of the subsampling or the
    /// end of the picture.
    pub fn cropped(&self, (x, y): (usize, usize), size: (usize, usize)) -> Self {
        let crop = |whole: &Planar8| cropped(whole, (x, y), size);
        Self {
            upper: crop(&self.upper),
            lower: self.lower.as_ref().map(crop),
        }
    }

    /// Both, put together byte by byte.
    fn with(
        &self,
        other: &Self,
        join: impl Fn(&Planar8, &Planar8) -> Result<Planar8>,
    ) -> Result<Self> {
        let deep = self.lower.is_some() || other.lower.is_some();
        let lower = deep.then(|| join(self.lower(), other.lower()));
        Ok(Self {
            upper: join(&self.upper, &other.upper)?,
            lower: lower.transpose()?,
        })
    }
}

fn cropped(whole: &Planar8, (x, y): (usize, usize), (width, height): (usize, usize)) -> Planar8 {
    let mut out = Planar8::new(whole.model, width, height, whole.subsampling);
    let (fx, fy) = whole.subsampling;
    for (c, (part, plane)) in out.planes.iter_mut().zip(&whole.planes).enumerate() {
        let (x, y) = match c {
            0 => (x, y),
            _ => (x / fx, y / fy),
        };
        let rows = plane.data.chunks_exact(plane.width).skip(y);
        for (to, from) in part.data.chunks_exact_mut(part.width).zip(rows) {
            let from = &from[x.min(from.len())..];
            let length = to.len().min(from.len());
            to[..length].copy_from_slice(&from[..length]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use ddrmjpeg::frame::PixelModel;

    use super::*;

    fn flat(value: u8) -> Planar8 {
        let mut picture = Planar8::new(PixelModel::Grey, 16, 2, (1, 1));
        picture.planes[0].data.fill(value);
        picture
    }

    /// A field that was not restored has 8 bits beside one of 16.
    #[test]
    fn both_bytes_are_woven_and_shown_and_missing_ones_repeat_the_upper() {
        let deep = Pixels {
            upper: flat(1),
            lower: Some(flat(2)),
        };
        let plain = Pixels::from(flat(7));
        let woven = Pixels::weave(&deep, &plain, 4).unwrap();
        let rows = |picture: &Planar8| [0, 16, 32, 48].map(|at| picture.planes[0].data[at]);
        assert_eq!(rows(&woven.upper), [1, 7, 1, 7]);
        assert_eq!(rows(woven.lower()), [2, 7, 2, 7]);
        let shown = plain.shown(deep, View::Split).unwrap();
        let row = |picture: &Planar8| [0, 8, 15].map(|at| picture.planes[0].data[at]);
        assert_eq!(row(&shown.upper), [7, 255, 1]);
        assert_eq!(row(shown.lower()), [7, 255, 2]);
        let both = [Pixels::from(flat(1)), Pixels::from(flat(2))];
        assert_eq!(Pixels::weave(&both[0], &both[1], 4).unwrap().lower, None);
    }

    #[test]
    fn a_part_has_the_chroma_of_its_place() {
        let mut whole = Planar8::new(PixelModel::YCbCr, 8, 6, (2, 2));
        for plane in &mut whole.planes {
            plane.data.iter_mut().zip(0u8..).for_each(|(to, n)| *to = n);
        }
        let part = Pixels::from(whole).cropped((2, 4), (5, 2)).upper;
        assert_eq!(part.planes[0].data[..6], [34, 35, 36, 37, 38, 42]);
        assert_eq!(part.planes[1].data, [9, 10, 11]);
    }
}
