//! The clean pictures in memory: which are held out, and crops of the others.

use crate::train::examples::random::Draws;
use ddrmjpeg::error::{Error, Result};
use ddrmjpeg::frame::{PixelModel, Planar8, Plane8};

/// Pictures above this number of pixels are not drawn more often than those of this size.
const FULL_WEIGHT_PX: usize = 1_000_000;

/// Side of the square in the middle of a held-out picture that is used for validation.
const HELD_OUT_PX: usize = 512;

/// Clean pictures, RGB.
#[derive(Clone, Debug)]
pub struct Pictures {
    kept: Vec<Planar8>,
    weights: Vec<f64>,
    drawings: Vec<Planar8>,
    held_out: Vec<Planar8>,
    least_px: usize,
}

impl Pictures {
    /// Takes photographs and drawings (RGB or grey), reserves `held_out` of the photographs, evenly
    /// spaced in their order, and drops pictures smaller than `crop_px`.
    ///
    /// # Errors
    /// [`Error::Input`] if nothing is left to train on, or if there are YCbCr planes.
    pub fn new(
        photographs: Vec<Planar8>,
        drawings: Vec<Planar8>,
        held_out: usize,
        crop_px: usize,
    ) -> Result<Self> {
        let usable = large_enough(photographs, crop_px)?;
        let drawings = large_enough(drawings, crop_px)?;
        if usable.len() <= held_out {
            return Err(Error::Input(format!(
                "{} pictures of at least {crop_px} x {crop_px} pixels: more than the {held_out} \
                 held out are needed",
                usable.len()
            )));
        }
        let total = usable.len();
        let apart: Vec<usize> = (0..held_out)
            .map(|i| (2 * i + 1) * total / (2 * held_out))
            .collect();
        let (mut kept, mut validation) = (Vec::new(), Vec::new());
        for (place, picture) in usable.into_iter().enumerate() {
            match apart.contains(&place) {
                true => validation.push(middle(&picture)),
                false => kept.push(picture),
            }
        }
        let weight = |p: &Planar8| (p.width() * p.height()).min(FULL_WEIGHT_PX) as f64;
        let least_px = kept.iter().chain(&drawings).map(side_px).min();
        Ok(Self {
            weights: kept.iter().map(weight).collect(),
            kept,
            drawings,
            held_out: validation,
            least_px: least_px.unwrap_or(crop_px),
        })
    }

    /// Pictures to train on.
    pub fn count(&self) -> usize {
        self.kept.len() + self.drawings.len()
    }

    /// The shortest side of all pictures: each contains squares of this size.
    pub(crate) fn least_px(&self) -> usize {
        self.least_px
    }

    /// Whether there are drawings.
    pub(crate) fn has_drawings(&self) -> bool {
        !self.drawings.is_empty()
    }

    /// A square of `side_px` from any of the drawings, in one of eight orientations.
    pub(crate) fn drawing(&self, side_px: usize, draws: &mut Draws) -> Planar8 {
        square(
            &self.drawings[draws.below(self.drawings.len())],
            side_px,
            draws,
        )
    }

    /// Pictures for validation: at most 512 x 512 pixels of each, sides multiples of 16.
    pub fn held_out(&self) -> &[Planar8] {
        &self.held_out
    }

    /// A square of `side_px` from a picture drawn in proportion to its area, in one of eight
    /// orientations.
    pub(crate) fn crop(&self, side_px: usize, draws: &mut Draws) -> Planar8 {
        square(&self.kept[draws.pick(&self.weights)], side_px, draws)
    }
}

/// A square of `side_px` from anywhere in `picture`, in one of eight orientations.
fn square(picture: &Planar8, side_px: usize, draws: &mut Draws) -> Planar8 {
    let left = draws.below(picture.width() - side_px + 1);
    let top = draws.below(picture.height() - side_px + 1);
    let part = cut(picture, (left, top), (side_px, side_px));
    turned(&part, draws.below(8))
}

/// Those of `pictures` that contain squares of `least_px`, as RGB.
fn large_enough(pictures: Vec<Planar8>, least_px: usize) -> Result<Vec<Planar8>> {
    pictures
        .into_iter()
        .filter(|picture| side_px(picture) >= least_px)
        .map(rgb)
        .collect()
}

/// The shorter side.
fn side_px(picture: &Planar8) -> usize {
    picture.width().min(picture.height())
}

fn rgb(picture: Planar8) -> Result<Planar8> {
    match picture.model {
        PixelModel::Rgb => Ok(picture),
        PixelModel::Grey => {
            let plane = picture.planes[0].clone();
            Ok(Planar8 {
                model: PixelModel::Rgb,
                planes: vec![plane.clone(), plane.clone(), plane],
                subsampling: (1, 1),
            })
        }
        PixelModel::YCbCr => Err(Error::Input(
            "YCbCr planes: pictures to train on must be RGB or grey".into(),
        )),
    }
}

/// The middle of `picture`, sides multiples of 16.
fn middle(picture: &Planar8) -> Planar8 {
    let side = |length: usize| length.min(HELD_OUT_PX) / 16 * 16;
    let size = (side(picture.width()), side(picture.height()));
    let corner = (
        (picture.width() - size.0) / 2,
        (picture.height() - size.1) / 2,
    );
    cut(picture, corner, size)
}

/// The rectangle of `size` at `corner`, which lies inside.
pub(crate) fn cut(picture: &Planar8, corner: (usize, usize), size: (usize, usize)) -> Planar8 {
    let plane = |from: &Plane8| {
        let mut out = Plane8::new(size.0, size.1);
        for (y, row) in out.data.chunks_exact_mut(size.0).enumerate() {
            let start = (corner.1 + y) * from.width + corner.0;
            row.copy_from_slice(&from.data[start..start + size.0]);
        }
        out
    };
    Planar8 {
        model: picture.model,
        planes: picture.planes.iter().map(plane).collect(),
        subsampling: (1, 1),
    }
}

/// The square `picture`, transposed for bit 0 of `way`, mirrored across for bit 1 and upside
/// down for bit 2.
fn turned(picture: &Planar8, way: usize) -> Planar8 {
    let mut out = picture.clone();
    let side = picture.width();
    for (to, from) in out.planes.iter_mut().zip(&picture.planes) {
        for y in 0..side {
            for x in 0..side {
                let (u, v) = if way & 1 == 0 { (x, y) } else { (y, x) };
                let u = if way & 2 == 0 { u } else { side - 1 - u };
                let v = if way & 4 == 0 { v } else { side - 1 - v };
                to.data[y * side + x] = from.data[v * side + u];
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(value: u8, side: usize) -> Planar8 {
        let mut picture = Planar8::new(PixelModel::Grey, side, side, (1, 1));
        picture.planes[0].data.fill(value);
        picture
    }

    #[test]
    fn held_out_pictures_are_never_drawn() {
        let all = (0..20).map(|i| marked(i, 64)).collect();
        let pictures = Pictures::new(all, Vec::new(), 3, 48).unwrap();
        let apart: Vec<u8> = pictures
            .held_out()
            .iter()
            .map(|p| p.planes[0].data[0])
            .collect();
        assert_eq!(apart, [3, 10, 16]);
        assert_eq!(pictures.count(), 17);
        for i in 0..500 {
            let crop = pictures.crop(48, &mut Draws::new(1, i, 0));
            assert!(!apart.contains(&crop.planes[2].data[0]));
        }
    }

    #[test]
    fn too_few_and_too_small_pictures_are_refused() {
        let all = vec![marked(1, 64), marked(2, 40)];
        let message = Pictures::new(all, Vec::new(), 1, 48)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("1 pictures of at least 48 x 48"),
            "{message}"
        );
    }

    #[test]
    fn the_eight_ways_differ_and_keep_every_pixel() {
        let mut picture = Planar8::new(PixelModel::Grey, 3, 3, (1, 1));
        picture.planes[0].data = (1..=9).collect();
        let ways: std::collections::HashSet<Vec<u8>> = (0..8)
            .map(|way| turned(&picture, way).planes[0].data.clone())
            .collect();
        assert_eq!(ways.len(), 8);
        for mut pixels in ways {
            pixels.sort_unstable();
            assert_eq!(pixels, (1..=9).collect::<Vec<u8>>());
        }
    }
}
