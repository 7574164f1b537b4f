//! Decodes a JPEG file to the pixels that every libjpeg-turbo program shows: integer DCT, smooth
//! chroma, rounded to 8 bits.
//!
//! For callers that want the unrestored picture, and for data sets, whose originals the published
//! program decodes that way. Restoration does not use it: it reads coefficients.

use crate::error::Result;
use crate::frame::Planar8;
use crate::jpeg::file::ffi;
use crate::jpeg::file::read;
use crate::jpeg::file::read::classify;
use crate::options::Limits;

/// The RGB pixels of a file, as every program shows them that uses libjpeg-turbo; grey and CMYK
/// become RGB. No model is needed.
///
/// ```
/// use ddrmjpeg::{Limits, Planar8, PixelModel};
///
/// let grey = Planar8::new(PixelModel::Grey, 40, 24, (1, 1));
/// let bytes = ddrmjpeg::encode(&grey, 75, (1, 1))?;
/// let picture = ddrmjpeg::decode(&bytes, &Limits::default())?;
/// assert_eq!((picture.width(), picture.height(), picture.planes.len()), (40, 24, 3));
/// # Ok::<(), ddrmjpeg::Error>(())
/// ```
///
/// # Errors
/// Those of [`crate::jpeg::read()`], and [`crate::Error::Input`] for a file that ends too early.
pub fn decode(data: &[u8], limits: &Limits) -> Result<Planar8> {
    let data = read::amended(data, limits)?;
    let (reader, info) = read::begin(&data, limits)?;
    let (width, height) = (info.width as usize, info.height as usize);
    let channels = if info.components == 4 { 4 } else { 3 };
    let mut pixels = vec![0; channels * width * height];
    // SAFETY: the header has been read, `data` is still there, and `pixels` has room for as many as
    // the header announced.
    if unsafe { ffi::dj_reader_pixels(reader.0, pixels.as_mut_ptr()) } == 0 {
        return Err(classify(reader.message()));
    }
    if channels == 4 {
        pixels = darkened(&pixels);
    }
    Ok(Planar8::from_rgb(width, height, &pixels))
}

/// RGB of CMYK as Adobe's programs store it: how much light each ink leaves.
fn darkened(cmyk: &[u8]) -> Vec<u8> {
    let light = |paint: u8, black: u8| ((u32::from(paint) * u32::from(black) + 127) / 255) as u8;
    let of = |inks: &[u8]| [0, 1, 2].map(|c| light(inks[c], inks[3]));
    cmyk.chunks_exact(4).flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::frame::PixelModel;
    use crate::jpeg;

    fn gradient(model: PixelModel) -> Planar8 {
        let mut picture = Planar8::new(model, 37, 21, (1, 1));
        for (c, plane) in picture.planes.iter_mut().enumerate() {
            for (i, byte) in plane.data.iter_mut().enumerate() {
                *byte = (i % 37 * 3 + i / 37 * 2 + 40 * c) as u8;
            }
        }
        picture
    }

    /// At quality 95 a smooth picture is decoded within a few levels; with swapped channels it
    /// would be off by 40.
    #[test]
    fn colour_and_grey_come_back() {
        for model in [PixelModel::Rgb, PixelModel::Grey] {
            let picture = gradient(model);
            let bytes = jpeg::encode(&picture, 95, (1, 1)).unwrap();
            let found = decode(&bytes, &Limits::default()).unwrap();
            assert_eq!((found.width(), found.height()), (37, 21));
            for c in 0..3 {
                let wanted = &picture.planes[c.min(picture.planes.len() - 1)];
                let pairs = found.planes[c].data.iter().zip(&wanted.data);
                assert!(pairs.into_iter().all(|(a, b)| a.abs_diff(*b) <= 6));
            }
        }
    }

    #[test]
    fn half_a_file_is_refused() {
        let bytes = jpeg::encode(&gradient(PixelModel::Rgb), 95, (1, 1)).unwrap();
        let half = decode(&bytes[..bytes.len() - 60], &Limits::default());
        assert!(matches!(half, Err(Error::Input(_))), "{half:?}");
    }
}
