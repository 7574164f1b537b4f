//! The two fields of an interlaced picture: woven into it, and taken out of it again.
//!
//! Called by the elements.

use crate::error::{Error, Result};
use crate::frame::Planar8;

impl Planar8 {
    /// Two fields of one size and layout woven into a picture of `height` rows, at most as
    /// many as both have: `top` gives row 0 of each plane and every second one after it.
    ///
    /// # Errors
    /// [`Error::Input`] when the fields differ in size or layout, or have too few rows.
    pub fn weave(top: &Self, bottom: &Self, height: usize) -> Result<Self> {
        let shape = |field: &Self| {
            (
                field.model,
                field.subsampling,
                field.width(),
                field.height(),
            )
        };
        if shape(top) != shape(bottom) || height > 2 * top.height() {
            return Err(Error::Input(format!(
                "fields of {} x {} and {} x {} pixels for a picture of {height} rows",
                top.width(),
                top.height(),
                bottom.width(),
                bottom.height()
            )));
        }
        let mut out = Self::new(top.model, top.width(), height, top.subsampling);
        for (c, plane) in out.planes.iter_mut().enumerate() {
            let width = plane.width;
            for (y, row) in plane.data.chunks_exact_mut(width).enumerate() {
                let field = [top, bottom][y % 2];
                row.copy_from_slice(&field.planes[c].data[y / 2 * width..][..width]);
            }
        }
        Ok(out)
    }

    /// The two fields of a picture of two rows or more, top and bottom, of one size: the inverse of
    /// [`Self::weave`]. The bottom one of an odd number of rows has its last row twice.
    pub fn fields(&self) -> [Self; 2] {
        [0, 1].map(|parity| {
            let rows = self.height().div_ceil(2);
            let mut out = Self::new(self.model, self.width(), rows, self.subsampling);
            for (plane, whole) in out.planes.iter_mut().zip(&self.planes) {
                let width = plane.width;
                let last = whole.height.saturating_sub(1);
                // The last row of this field.
                let last = last - usize::from(last % 2 != parity && last > 0);
                for (y, row) in plane.data.chunks_exact_mut(width).enumerate() {
                    let from = (2 * y + parity).min(last) * width;
                    row.copy_from_slice(&whole.data[from..from + width]);
                }
            }
            out
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::PixelModel;

    #[test]
    fn fields_are_woven_plane_by_plane() {
        let field = |value: u8| {
            let mut field = Planar8::new(PixelModel::YCbCr, 3, 3, (2, 2));
            for plane in &mut field.planes {
                plane.data.fill(value);
            }
            field
        };
        let woven = Planar8::weave(&field(1), &field(2), 5).unwrap();
        assert_eq!(woven.planes[0].data[..6], [1, 1, 1, 2, 2, 2]);
        assert_eq!(woven.planes[0].data[12..], [1, 1, 1]);
        assert_eq!(woven.planes[1].data, [1, 1, 2, 2, 1, 1]);
        assert!(Planar8::weave(&field(1), &field(2), 7).is_err());
    }

    #[test]
    fn fields_come_apart_as_they_were_woven() {
        for (height, subsampling) in [
            (2, (1, 1)),
            (5, (1, 1)),
            (16, (2, 2)),
            (26, (2, 2)),
            (9, (2, 2)),
        ] {
            let mut whole = Planar8::new(PixelModel::YCbCr, 6, height, subsampling);
            let samples = whole.planes.iter_mut().flat_map(|plane| &mut plane.data);
            samples.zip(0u8..).for_each(|(sample, n)| *sample = n);
            let [top, bottom] = whole.fields();
            assert_eq!(top.height(), height.div_ceil(2));
            assert_eq!(bottom.planes[0].data[..6], whole.planes[0].data[6..12]);
            let woven = Planar8::weave(&top, &bottom, height).unwrap();
            assert_eq!(woven, whole, "{height}");
        }
    }
}
