//! A contact sheet: the middles of pictures at 100 %, all methods side by side.

use ddrmjpeg::frame::{PixelModel, Planar8};

/// Pictures on a sheet, and the side of what is shown of each.
const ROWS: usize = 8;
const SIDE_PX: usize = 240;
const GAP_PX: usize = 4;

/// A sheet that grows by rows.
#[derive(Default)]
pub struct Sheet {
    rows: Vec<Vec<Planar8>>,
}

impl Sheet {
    /// Adds the middles of `pictures`, all of one size, as a row; after eight rows it adds no more.
    pub fn add<'a>(&mut self, pictures: impl Iterator<Item = &'a Planar8>) {
        if self.rows.len() < ROWS {
            self.rows.push(pictures.map(middle).collect());
        }
    }

    /// The sheet, in RGB.
    pub fn picture(&self) -> Planar8 {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let rows = self.rows.len().max(1);
        let side = |count: usize| count * (SIDE_PX + GAP_PX) - GAP_PX;
        let mut out = Planar8::new(PixelModel::Rgb, side(columns), side(rows), (1, 1));
        for (y, row) in self.rows.iter().enumerate() {
            for (x, cell) in row.iter().enumerate() {
                let (x, y) = (x * (SIDE_PX + GAP_PX), y * (SIDE_PX + GAP_PX));
                paste(&mut out, cell, x, y);
            }
        }
        out
    }
}

/// Its middle, at most `SIDE_PX` on a side.
fn middle(picture: &Planar8) -> Planar8 {
    let (width, height) = (picture.width(), picture.height());
    let (w, h) = (width.min(SIDE_PX), height.min(SIDE_PX));
    let (left, top) = ((width - w) / 2, (height - h) / 2);
    let mut out = Planar8::new(picture.model, w, h, (1, 1));
    for (from, to) in picture.planes.iter().zip(&mut out.planes) {
        for (y, row) in to.data.chunks_exact_mut(w).enumerate() {
            let start = (top + y) * width + left;
            row.copy_from_slice(&from.data[start..start + w]);
        }
    }
    out
}

/// Copies `cell`, RGB or grey, into `out` with its corner at (x, y).
fn paste(out: &mut Planar8, cell: &Planar8, x: usize, y: usize) {
    for (c, plane) in out.planes.iter_mut().enumerate() {
        let from = cell.planes.get(c).unwrap_or(&cell.planes[0]);
        for (i, row) in from.data.chunks_exact(from.width).enumerate() {
            let start = (y + i) * plane.width + x;
            plane.data[start..start + row.len()].copy_from_slice(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_lie_side_by_side() {
        let mut sheet = Sheet::default();
        let plain = |value: u8| {
            let mut picture = Planar8::new(PixelModel::Grey, 300, 250, (1, 1));
            picture.planes[0].data.fill(value);
            picture
        };
        sheet.add([plain(10), plain(20)].iter());
        let picture = sheet.picture();
        assert_eq!((picture.width(), picture.height()), (484, 240));
        let row = &picture.planes[2].data[..484];
        assert_eq!(
            (row[0], row[239], row[240], row[244], row[483]),
            (10, 10, 0, 20, 20)
        );
    }
}
