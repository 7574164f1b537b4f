//! Earlier saves: what happened to a picture before it became the JPEG to restore.
//!
//! Pictures from the web, messengers and editors have been saved before, at another quality, on
//! another grid, at another size. The operators are the library's own encoder and the resampling of
//! the crate `image`. Called by `degrade`.

use image::RgbImage;
use image::imageops::{self, FilterType};

use crate::train::examples::degrade::{MARGIN_PX, Sampling, grey};
use crate::train::examples::random::Draws;
use ddrmjpeg::error::Result;
use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::file::pixels;
use ddrmjpeg::options::Limits;

/// Qualities of earlier saves: coarse ones in half of the chains.
const COARSE: (usize, usize) = (5, 40);
const FINE: (usize, usize) = (40, 95);
/// Range of the scale: size after divided by size before.
pub(crate) const SCALES: (f64, f64) = (0.4, 1.5);
/// Shares of the chains that stay on their grid, and that are shifted to another one; the others
/// are scaled.
const SAME_GRID: f64 = 0.25;
const SHIFTED: f64 = 0.3;
/// Share with two earlier saves.
const THRICE: f64 = 0.2;
/// Share that is sharpened before the last save.
const SHARPENED: f64 = 0.15;

/// The resampling filters that programs use most.
const FILTERS: [FilterType; 3] = [
    FilterType::Triangle,
    FilterType::CatmullRom,
    FilterType::Lanczos3,
];

/// The steps before the last save.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chain {
    /// IJG qualities of the earlier saves, first to last.
    pub qualities: Vec<u8>,
    /// Size after over size before; 1: not scaled.
    pub scale: f64,
    filter: FilterType,
    /// Origin of the last save's grid.
    pub corner: (usize, usize),
    /// Radius and strength of an unsharp mask.
    sharpened: Option<f32>,
}

impl Chain {
    /// A chain whose pictures are scaled to `least_scale` of their size or more.
    pub fn draw(least_scale: f64, draws: &mut Draws) -> Self {
        let count = if draws.chance(THRICE) { 2 } else { 1 };
        let qualities = (0..count).map(|_| quality(draws)).collect();
        let kind = draws.unit();
        let mut anywhere = || (draws.below(MARGIN_PX), draws.below(MARGIN_PX));
        let corner = match kind < SAME_GRID {
            true => (0, 0),
            false => anywhere(),
        };
        let scale = match kind < SAME_GRID + SHIFTED {
            true => 1.0,
            false => draws.between(SCALES.0.max(least_scale), SCALES.1),
        };
        Self {
            qualities,
            scale,
            filter: FILTERS[draws.below(FILTERS.len())],
            corner,
            sharpened: draws
                .chance(SHARPENED)
                .then(|| draws.between(0.5, 1.5) as f32),
        }
    }

    /// The coarsest of the earlier saves.
    pub fn worst_quality(&self) -> u8 {
        self.qualities.iter().copied().min().unwrap_or(100)
    }

    /// `clean` as the last save gets it, and the clean picture at that size, both at least
    /// `side_px` on a side.
    ///
    /// # Errors
    /// None for pictures of at least 16 x 16 pixels.
    pub fn run(
        &self,
        clean: &Planar8,
        sampling: Sampling,
        side_px: usize,
    ) -> Result<(Planar8, Planar8)> {
        let mut damaged = clean.clone();
        for &quality in &self.qualities {
            let bytes = jpeg::encode(&damaged, quality, sampling.unwrap_or((1, 1)))?;
            let decoded = pixels::decode(&bytes, &Limits::default())?;
            damaged = match sampling {
                None => grey(&decoded),
                Some(_) => decoded,
            };
        }
        if self.scale == 1.0 && self.sharpened.is_none() {
            return Ok((damaged, clean.clone()));
        }
        Ok((
            self.reworked(&damaged, side_px),
            self.reworked(clean, side_px),
        ))
    }

    /// Scaled to `side_px` squared if this chain scales, sharpened if it sharpens.
    fn reworked(&self, picture: &Planar8, side_px: usize) -> Planar8 {
        let mut pixels = to_image(picture);
        if self.scale != 1.0 {
            pixels = imageops::resize(&pixels, side_px as u32, side_px as u32, self.filter);
        }
        if let Some(radius) = self.sharpened {
            pixels = imageops::unsharpen(&pixels, radius, 0);
        }
        from_image(&pixels, picture.model)
    }
}

fn quality(draws: &mut Draws) -> u8 {
    let (low, high) = if draws.chance(0.5) { COARSE } else { FINE };
    (low + draws.below(high - low + 1)) as u8
}

/// `picture`, a square, scaled to `side_px` squared.
pub(crate) fn resized(picture: &Planar8, side_px: usize, draws: &mut Draws) -> Planar8 {
    let filter = FILTERS[draws.below(FILTERS.len())];
    let side = side_px as u32;
    let pixels = imageops::resize(&to_image(picture), side, side, filter);
    from_image(&pixels, picture.model)
}

/// RGB pixels of `picture`; grey is repeated three times.
fn to_image(picture: &Planar8) -> RgbImage {
    let last = picture.planes.len() - 1;
    let width = picture.width();
    RgbImage::from_fn(width as u32, picture.height() as u32, |x, y| {
        let place = y as usize * width + x as usize;
        image::Rgb([0, 1, 2].map(|c: usize| picture.planes[c.min(last)].data[place]))
    })
}

fn from_image(pixels: &RgbImage, model: PixelModel) -> Planar8 {
    let (width, height) = pixels.dimensions();
    let mut out = Planar8::new(model, width as usize, height as usize, (1, 1));
    for (c, plane) in out.planes.iter_mut().enumerate() {
        for (to, pixel) in plane.data.iter_mut().zip(pixels.pixels()) {
            *to = pixel.0[c];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::examples::scene::scene;

    /// Every kind of chain gives two pictures of the requested size, and the saved one differs from
    /// the clean one.
    #[test]
    fn chains_keep_sizes_and_do_damage() {
        for index in 0..40 {
            let draws = &mut Draws::new(5, 0, index);
            let chain = Chain::draw(0.5, draws);
            let side = 80;
            let before = (side as f64 / chain.scale).ceil() as usize;
            let clean = scene(before, draws);
            let (damaged, wanted) = chain.run(&clean, Some((2, 2)), side).unwrap();
            for picture in [&damaged, &wanted] {
                assert_eq!(
                    (picture.width(), picture.height()),
                    (side, side),
                    "{chain:?}"
                );
            }
            assert_ne!(damaged, wanted, "{chain:?}");
        }
    }

    #[test]
    fn a_grey_chain_stays_grey() {
        let chain = Chain {
            qualities: vec![20, 60],
            scale: 0.5,
            filter: FilterType::Triangle,
            corner: (0, 0),
            sharpened: Some(1.0),
        };
        let clean = grey(&scene(96, &mut Draws::new(5, 0, 0)));
        let (damaged, wanted) = chain.run(&clean, None, 48).unwrap();
        assert_eq!(damaged.planes.len(), 1);
        assert_eq!(wanted.planes.len(), 1);
        assert_eq!(chain.worst_quality(), 20);
    }
}
