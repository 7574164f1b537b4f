//! What a restorer gains on a clean picture: encode, restore, compare.

use crate::eval::metrics;
use ddrmjpeg::contract::Control;
use ddrmjpeg::degradation::Bits;
use ddrmjpeg::error::Result;
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg;
use ddrmjpeg::options::RestoreOptions;
use ddrmjpeg::restore::Restorer;

/// One picture at one quality.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gain {
    /// RGB PSNR in dB of the JPEG as a viewer with smooth chroma shows it, rounded to 8 bits.
    pub jpeg: f64,
    /// RGB PSNR in dB of the restored picture, rounded to 8 bits.
    pub restored: f64,
    /// Seconds that the restoration took.
    pub seconds: f64,
}

/// Encodes `clean` (RGB or grey) as libjpeg does at `quality` with that subsampling, restores
/// it, and measures both against the original.
///
/// # Errors
/// Those of the encoder and of the restorer.
pub fn measure(
    restorer: &Restorer,
    clean: &Planar8,
    quality: u8,
    subsampling: (usize, usize),
    options: &RestoreOptions,
) -> Result<Gain> {
    let bytes = jpeg::encode(clean, quality, subsampling)?;
    let decode = options.clone().with_strength(0.0);
    let decoded = restorer.restore_jpeg(&bytes, &decode, Control::default())?;
    let start = std::time::Instant::now();
    let restored = restorer.restore_jpeg(&bytes, options, Control::default())?;
    Ok(Gain {
        jpeg: metrics::psnr(clean, &decoded.frame)?,
        restored: metrics::psnr(clean, &restored.frame)?,
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// One picture at one number of bits per channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevelsGain {
    /// RGB PSNR in dB of the banded picture, shown at the floor of each bin.
    pub floor: f64,
    /// RGB PSNR in dB of the banded picture, shown at the centre of each bin.
    pub centre: f64,
    /// RGB PSNR in dB of the restored picture, rounded to 8 bits.
    pub restored: f64,
    /// Seconds that the restoration took.
    pub seconds: f64,
}

/// Keeps `bits` per channel of `clean` (RGB or grey), restores it, and measures all against the
/// original. The centre of a bin lies between two bytes; the lower one is used.
///
/// # Errors
/// Those of the restorer.
pub fn measure_levels(
    restorer: &Restorer,
    clean: &Planar8,
    bits: Bits,
    options: &RestoreOptions,
) -> Result<LevelsGain> {
    let step = bits.step();
    let shown = |offset: u8| {
        let mut picture = clean.clone();
        for plane in &mut picture.planes {
            for byte in &mut plane.data {
                *byte = *byte / step * step + offset;
            }
        }
        picture
    };
    let banded = shown(0);
    let start = std::time::Instant::now();
    let restored = restorer.restore_levels(&banded, bits, options, Control::default())?;
    Ok(LevelsGain {
        seconds: start.elapsed().as_secs_f64(),
        floor: metrics::psnr(clean, &banded)?,
        centre: metrics::psnr(clean, &shown((step - 1) / 2))?,
        restored: metrics::psnr(clean, &restored.frame)?,
    })
}
