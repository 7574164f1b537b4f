//! The eight ways in which a picture can be turned and mirrored without a change of any sample.
//!
//! Used by `source`, for frames that were turned since they were decoded.

use crate::frame::{Planar8, Plane8};

/// What was done to a picture: transposed first, or not, then mirrored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orientation {
    /// Rows and columns have changed places.
    pub transposed: bool,
    /// Left and right have.
    pub mirrored_x: bool,
    /// Top and bottom have.
    pub mirrored_y: bool,
}

impl Orientation {
    /// All of them, that of a picture as it was first.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..8).map(|n| Self {
            transposed: n & 4 != 0,
            mirrored_x: n & 1 != 0,
            mirrored_y: n & 2 != 0,
        })
    }

    /// Whether nothing was done.
    pub fn is_upright(self) -> bool {
        self == Self::default()
    }

    /// What undoes it.
    pub fn inverse(self) -> Self {
        match self.transposed {
            true => Self {
                mirrored_x: self.mirrored_y,
                mirrored_y: self.mirrored_x,
                ..self
            },
            false => self,
        }
    }

    /// What belongs to width and height of a picture, of one so turned.
    pub fn size<T>(self, (width, height): (T, T)) -> (T, T) {
        match self.transposed {
            true => (height, width),
            false => (width, height),
        }
    }

    /// `plane` so turned.
    pub fn plane(self, plane: &Plane8) -> Plane8 {
        let (width, height) = self.size((plane.width, plane.height));
        let mut out = Plane8::new(width, height);
        self.turn(&plane.data, plane.width, &mut out.data);
        out
    }

    /// Writes the samples `from` of a plane of this `width`, so turned, to `out`.
    pub(crate) fn turn<T: Copy>(self, from: &[T], width: usize, out: &mut [T]) {
        let height = from.len() / width.max(1);
        let (wide, high) = self.size((width, height));
        for (y, row) in out.chunks_exact_mut(wide.max(1)).enumerate() {
            let y = if self.mirrored_y { high - 1 - y } else { y };
            for (x, sample) in row.iter_mut().enumerate() {
                let x = if self.mirrored_x { wide - 1 - x } else { x };
                *sample = from[match self.transposed {
                    true => x * width + y,
                    false => y * width + x,
                }];
            }
        }
    }

    /// `picture` so turned, each plane by itself, and its subsampling with it.
    pub fn picture(self, picture: &Planar8) -> Planar8 {
        Planar8 {
            model: picture.model,
            planes: picture
                .planes
                .iter()
                .map(|plane| self.plane(plane))
                .collect(),
            subsampling: self.size(picture.subsampling),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Picture, PixelModel};

    #[test]
    fn each_of_the_eight_is_another_and_can_be_undone() {
        let mut picture = Planar8::new(PixelModel::YCbCr, 5, 3, (2, 1));
        let samples = picture.planes.iter_mut().flat_map(|plane| &mut plane.data);
        samples.zip(0u8..).for_each(|(sample, n)| *sample = n);
        let turned: Vec<Planar8> = Orientation::all().map(|o| o.picture(&picture)).collect();
        for (n, (orientation, one)) in Orientation::all().zip(&turned).enumerate() {
            assert_eq!(orientation.is_upright(), n == 0);
            assert_eq!(
                orientation.inverse().picture(one),
                picture,
                "{orientation:?}"
            );
            assert!(turned[..n].iter().all(|other| other != one));
            assert_eq!((one.width(), one.height()), orientation.size((5, 3)));
            let floats = |plane: &Plane8| {
                let data = plane.data.iter().map(|&sample| f32::from(sample));
                Picture::from_data(1, plane.width, plane.height, data.collect()).unwrap()
            };
            let unrounded = floats(&picture.planes[0]).turned(orientation);
            assert_eq!(unrounded, floats(&one.planes[0]));
        }
        assert_eq!(turned[0], picture);
        // To the right by a quarter: the first row becomes the last column.
        let right = Orientation {
            transposed: true,
            mirrored_x: true,
            mirrored_y: false,
        };
        let plane = right.plane(&picture.planes[0]);
        assert_eq!(plane.data[..6], [10, 5, 0, 11, 6, 1]);
    }
}
