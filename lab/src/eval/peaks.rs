//! Measures how far the maps of a prior reach, on clean pictures compressed at many qualities: what
//! its eight-bit form has to hold. Called by `model calibrate`.

use ddrmjpeg::error::{Error, Result};
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::grid;
use ddrmjpeg::options::Limits;
use ddrmjpeg::runtime::conv_engine::PeakMeter;

/// Qualities, from the coarsest that is common to one at which little is left to restore.
const QUALITIES: [u8; 6] = [5, 10, 25, 50, 80, 95];
/// Chroma subsamplings.
const SUBSAMPLINGS: [(usize, usize); 2] = [(2, 2), (1, 1)];

/// Shows `meter` all of `pictures`: RGB, sides multiples of 16.
///
/// # Errors
/// [`Error::Input`] without pictures, those of the encoder and of the prior.
pub fn measure(meter: &mut PeakMeter, pictures: &[Planar8]) -> Result<()> {
    if pictures.is_empty() {
        return Err(Error::Input("no pictures to calibrate on".into()));
    }
    for picture in pictures {
        for quality in QUALITIES {
            for subsampling in SUBSAMPLINGS {
                let bytes = jpeg::encode(picture, quality, subsampling)?;
                let seen = grid::from_file(&jpeg::read(&bytes, &Limits::default())?);
                meter.see(&seen.hint())?;
            }
        }
    }
    Ok(())
}
