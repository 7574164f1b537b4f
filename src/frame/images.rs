//! Conversions between [`Planar8`] and the pictures of the crate `image` (feature `image`).

use image::{DynamicImage, GrayImage, RgbImage};

use crate::error::{Error, Result};
use crate::frame::{PixelModel, Planar8, Plane8};

impl From<&RgbImage> for Planar8 {
    fn from(image: &RgbImage) -> Self {
        Self::from_rgb(image.width() as usize, image.height() as usize, image)
    }
}

impl From<GrayImage> for Planar8 {
    /// The samples are not copied.
    fn from(image: GrayImage) -> Self {
        Self {
            model: PixelModel::Grey,
            planes: vec![Plane8 {
                width: image.width() as usize,
                height: image.height() as usize,
                data: image.into_raw(),
            }],
            subsampling: (1, 1),
        }
    }
}

impl From<DynamicImage> for Planar8 {
    /// As RGB, or as grey when there is no colour; in 8 bits, without alpha.
    fn from(image: DynamicImage) -> Self {
        match image.color().has_color() {
            true => Self::from(&image.into_rgb8()),
            false => Self::from(image.into_luma8()),
        }
    }
}

impl TryFrom<&Planar8> for RgbImage {
    type Error = Error;

    /// RGB, of grey too.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for YCbCr, [`Error::Input`] for planes that contradict each other.
    fn try_from(picture: &Planar8) -> Result<Self> {
        match DynamicImage::try_from(picture)? {
            DynamicImage::ImageRgb8(image) => Ok(image),
            other => Ok(other.into_rgb8()),
        }
    }
}

impl TryFrom<&Planar8> for GrayImage {
    type Error = Error;

    /// # Errors
    /// [`Error::Unsupported`] for colour, [`Error::Input`] for a plane that is not as long as its
    /// size says.
    fn try_from(picture: &Planar8) -> Result<Self> {
        match DynamicImage::try_from(picture)? {
            DynamicImage::ImageLuma8(image) => Ok(image),
            _ => Err(Error::Unsupported(
                "a picture in colour as a grey image".into(),
            )),
        }
    }
}

impl TryFrom<&Planar8> for DynamicImage {
    type Error = Error;

    /// 8-bit grey or RGB.
    ///
    /// # Errors
    /// As for an [`RgbImage`].
    fn try_from(picture: &Planar8) -> Result<Self> {
        picture.view()?;
        let pixels = picture
            .interleaved()
            .ok_or_else(|| Error::Unsupported("YCbCr planes as an image: RGB or grey".into()))?;
        let (width, height) = (picture.width() as u32, picture.height() as u32);
        let image = match picture.model {
            PixelModel::Grey => GrayImage::from_raw(width, height, pixels).map(Self::from),
            _ => RgbImage::from_raw(width, height, pixels).map(Self::from),
        };
        image.ok_or_else(|| Error::Input(format!("{width} x {height}: fewer pixels than that")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_back() {
        let rgb = RgbImage::from_fn(5, 3, |x, y| image::Rgb([x as u8, y as u8, 200]));
        let picture = Planar8::from(&rgb);
        assert_eq!(picture.planes[2].data, [200; 15]);
        assert_eq!(RgbImage::try_from(&picture).unwrap(), rgb);
        assert!(GrayImage::try_from(&picture).is_err());
        let grey = GrayImage::from_fn(5, 3, |x, y| image::Luma([(10 * y + x) as u8]));
        let picture = Planar8::from(DynamicImage::from(grey.clone()));
        assert_eq!(GrayImage::try_from(&picture).unwrap(), grey);
        let spread = RgbImage::try_from(&picture).unwrap();
        assert_eq!(spread.get_pixel(4, 2), &image::Rgb([24; 3]));
    }

    #[test]
    fn what_is_no_image_is_refused() {
        let planes = Planar8::new(PixelModel::YCbCr, 4, 4, (2, 2));
        assert!(matches!(
            RgbImage::try_from(&planes),
            Err(Error::Unsupported(_))
        ));
        let mut short = Planar8::new(PixelModel::Rgb, 4, 4, (1, 1));
        short.planes[1].data.pop();
        assert!(matches!(RgbImage::try_from(&short), Err(Error::Input(_))));
    }
}
