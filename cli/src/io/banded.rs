//! Reads pictures that are not JPEG files, for `restore --degradation quant=Nbit` and
//! `restore --was-jpeg`: 8 bits per channel, RGB or grey, without transparency, with their ICC
//! profile, EXIF and XMP.

use std::io::Cursor;

use anyhow::{Context, Result, bail};
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg::file::Metadata;
use ddrmjpeg::options::Limits;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader};

use crate::io::format::minimal_exif;

/// The flag that a picture is read for; messages name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// `--degradation quant=Nbit`
    Quant,
    /// `--was-jpeg`
    WasJpeg,
}

impl Flag {
    fn name(self) -> &'static str {
        match self {
            Self::Quant => "--degradation quant",
            Self::WasJpeg => "--was-jpeg",
        }
    }
}

/// The picture in `bytes`, and its metadata.
///
/// 16 bits per channel are refused, because neither the levels of `quant` nor a JPEG have them. So
/// is transparency, because a restored picture cannot hold it; an opaque alpha channel is dropped.
pub fn read(bytes: &[u8], flag: Flag, limits: &Limits) -> Result<(Planar8, Metadata)> {
    let name = flag.name();
    if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        bail!("a JPEG file: {name} is for other pictures; restore reads JPEG without it");
    }
    let mut decoder = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()?
        .into_decoder()
        .context("not a picture that can be read")?;
    let (width, height) = decoder.dimensions();
    limits.check_size(width as usize, height as usize)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let lies = orientation != Orientation::NoTransforms;
    let exif = decoder.exif_metadata().unwrap_or_default();
    let metadata = Metadata {
        icc: decoder.icc_profile().unwrap_or_default(),
        // TIFF stores the orientation in a tag of its own.
        exif: exif.or_else(|| lies.then(|| minimal_exif(orientation))),
        xmp: decoder.xmp_metadata().unwrap_or_default(),
        ..Metadata::default()
    };
    let decoded = DynamicImage::from_decoder(decoder)?;
    let color = decoded.color();
    if color.bytes_per_pixel() != color.channel_count() {
        let bits = 8 * u16::from(color.bytes_per_pixel()) / u16::from(color.channel_count());
        bail!("{bits} bits per channel: {name} reads pictures of 8");
    }
    if color.has_alpha() && decoded.to_rgba8().pixels().any(|pixel| pixel.0[3] != 255) {
        bail!("a picture with transparency: flatten it first");
    }
    Ok((Planar8::from(decoded), metadata))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddrmjpeg::frame::PixelModel;
    use image::ImageFormat;

    fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture
            .into()
            .write_to(&mut bytes, ImageFormat::Png)
            .unwrap();
        bytes.into_inner()
    }

    fn refusal(bytes: &[u8]) -> String {
        read(bytes, Flag::Quant, &Limits::default())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn depth_and_transparency_are_refused_by_name() {
        let deep = png(image::ImageBuffer::from_pixel(
            4,
            4,
            image::Rgb([7u16, 8, 9]),
        ));
        assert!(refusal(&deep).contains("16 bits per channel"));
        let clear = png(image::RgbaImage::from_pixel(
            4,
            4,
            image::Rgba([1, 2, 3, 254]),
        ));
        assert!(refusal(&clear).contains("transparency"));
        assert!(refusal(&[0xFF, 0xD8, 0xFF, 0xE0]).contains("JPEG"));
        assert!(refusal(b"text").contains("not a picture"));
    }

    #[test]
    fn an_opaque_alpha_is_left_out() {
        let opaque = png(image::RgbaImage::from_pixel(
            4,
            4,
            image::Rgba([1, 2, 3, 255]),
        ));
        let (picture, _) = read(&opaque, Flag::Quant, &Limits::default()).unwrap();
        assert_eq!(
            (picture.model, picture.planes[2].data[0]),
            (PixelModel::Rgb, 3)
        );
    }

    #[test]
    fn the_size_is_checked_before_the_pixels_are_read() {
        let limits = Limits::default().with_pixels(Some(15));
        let message = read(&png(image::GrayImage::new(4, 4)), Flag::Quant, &limits).unwrap_err();
        assert!(message.to_string().contains("the limit is 15"));
    }
}
