//! How a picture becomes a square of the network's size: one function per published recipe.

use crate::datasets::resample::{Filter, resize};
use ddrmjpeg::frame::{Planar8, Plane8};

/// A published recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transform {
    /// guided-diffusion's: halve by a box filter while at least twice too large, bicubic to the
    /// shorter side, crop the centre.
    AdmCentreCrop,
    /// The thousand of ImageNet: crop the largest centred square, resize it.
    SquareThenResize,
    /// LSUN: resize to the shorter side, crop the centre.
    ResizeThenCrop,
    /// CelebA-HQ: resize to a square, whatever the shape.
    Squash,
}

impl Transform {
    /// `picture` (without subsampling) as a square of `side_px`.
    pub fn apply(self, picture: &Planar8, side_px: usize) -> Planar8 {
        match self {
            Self::AdmCentreCrop => adm_centre_crop(picture, side_px),
            Self::SquareThenResize => {
                let square = centre(picture, shorter(picture));
                resize(&square, side_px, side_px, Filter::Bilinear)
            }
            Self::ResizeThenCrop => centre(&to_shorter(picture, side_px), side_px),
            Self::Squash => resize(picture, side_px, side_px, Filter::Bilinear),
        }
    }
}

fn shorter(picture: &Planar8) -> usize {
    picture.width().min(picture.height())
}

fn adm_centre_crop(picture: &Planar8, side_px: usize) -> Planar8 {
    let mut picture = picture.clone();
    while shorter(&picture) >= 2 * side_px {
        let (width, height) = (picture.width() / 2, picture.height() / 2);
        picture = resize(&picture, width, height, Filter::Box);
    }
    let scale = side_px as f64 / shorter(&picture) as f64;
    let scaled = |side: usize| (side as f64 * scale).round_ties_even() as usize;
    let (width, height) = (scaled(picture.width()), scaled(picture.height()));
    let picture = resize(&picture, width, height, Filter::Bicubic);
    let (x, y) = ((width - side_px) / 2, (height - side_px) / 2);
    crop(&picture, x, y, side_px)
}

/// torchvision's `Resize` of one number: the longer side is rounded down.
fn to_shorter(picture: &Planar8, side_px: usize) -> Planar8 {
    let short = shorter(picture);
    let scaled = |side: usize| side_px * side / short;
    let (width, height) = (scaled(picture.width()), scaled(picture.height()));
    resize(picture, width, height, Filter::Bilinear)
}

/// torchvision's `CenterCrop`: half a pixel is rounded to even.
fn centre(picture: &Planar8, side_px: usize) -> Planar8 {
    let offset = |side: usize| ((side - side_px) as f64 / 2.0).round_ties_even() as usize;
    let (x, y) = (offset(picture.width()), offset(picture.height()));
    crop(picture, x, y, side_px)
}

/// The square of `side_px` at (`x`, `y`), which lies inside.
fn crop(picture: &Planar8, x: usize, y: usize, side_px: usize) -> Planar8 {
    let planes = picture.planes.iter().map(|plane| {
        let rows = plane.data.chunks_exact(plane.width).skip(y).take(side_px);
        Plane8 {
            width: side_px,
            height: side_px,
            data: rows.flat_map(|row| row[x..x + side_px].to_vec()).collect(),
        }
    });
    Planar8 {
        planes: planes.collect(),
        ..picture.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddrmjpeg::frame::PixelModel;

    #[test]
    fn every_recipe_makes_the_square() {
        for (width, height) in [(64, 64), (40, 30), (301, 67), (65, 400), (1, 9)] {
            let picture = Planar8::new(PixelModel::Rgb, width, height, (1, 1));
            for transform in [
                Transform::AdmCentreCrop,
                Transform::SquareThenResize,
                Transform::ResizeThenCrop,
                Transform::Squash,
            ] {
                let out = transform.apply(&picture, 32);
                let size = (out.width(), out.height());
                assert_eq!(size, (32, 32), "{transform:?} of {width} x {height}");
            }
        }
    }

    /// Python's round: 0.5 to 0, 1.5 to 2; guided-diffusion's crop rounds down.
    #[test]
    fn centres_are_pythons() {
        let mut picture = Planar8::new(PixelModel::Grey, 7, 4, (1, 1));
        picture.planes[0].data = (0..28).map(|i| i % 7).collect();
        assert_eq!(centre(&picture, 4).planes[0].data[0], 2);
        let first = adm_centre_crop(&picture, 4).planes[0].data[0];
        assert_eq!(first, 1);
    }
}
