//! Makes an [`Observation`] from a decoded frame and the header of its file.
//!
//! The header may be wrong for the frame, because filters after the decoder may have changed the
//! frame. A contradiction is a [`Refusal`]. Called by `source`.

use crate::error::Result;
use crate::frame::{PixelModel, Planar8};
use crate::jpeg::grid::Observation;
use crate::jpeg::recover;
use crate::jpeg::recover::Claim;
use crate::jpeg::recover::comb_fit;
use crate::jpeg::recover::comb_fit::Fit;
use crate::jpeg::segments::header::Header;

/// Why a header is not accepted for a frame.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The sizes differ.
    #[error("the frame is {}x{}, its file was {}x{}", .frame.0, .frame.1, .file.0, .file.1)]
    Size {
        /// Width and height of the frame in pixels.
        frame: (usize, usize),
        /// Width and height in the header.
        file: (usize, usize),
    },
    /// The file is one field of the frame, so the frame does not have a single grid.
    #[error("the file is interlaced: each field has a grid of its own")]
    Interlaced,
    /// The colour models of frame and file do not match.
    #[error("a {frame:?} frame cannot hold the levels of a {file:?} file")]
    Model {
        /// Colour model of the frame.
        frame: PixelModel,
        /// Colour model of the file.
        file: PixelModel,
    },
    /// The file's luma is subsampled more than its chroma, so it was resampled.
    #[error("the file's luma is sampled more coarsely than its chroma")]
    Sampling,
    /// The coefficients are not near multiples of the steps: the frame was changed since it was
    /// decoded, or the decoder was not exact enough for such fine steps.
    #[error(
        "the frame's coefficients are not near multiples of the file's steps: it was changed \
         since it was decoded, or decoded too coarsely"
    )]
    Levels(#[doc(hidden)] Fit),
}

/// The observation from a frame and the header of its file, or why they contradict each other.
///
/// Luma is measured, or the header is refused. Chroma is measured if frame and file have the same
/// subsampling and its coefficients fit. If it was resampled (`jpegdec` converts 4:2:2 and 4:4:4 to
/// 4:2:0) or the frame is RGB, only its pixels are known. If both file and frame are RGB, all three
/// components are measured.
///
/// # Errors
/// [`crate::Error::Input`] if the planes do not have the sizes of the frame's model, or if the
/// header is invalid.
pub fn from_header(
    frame: &Planar8,
    header: &Header,
) -> Result<std::result::Result<Observation, Refusal>> {
    header.validate()?;
    recover::check_planes(frame)?;
    if let Some(refusal) = at_a_glance(frame, header) {
        return Ok(Err(refusal));
    }
    let planes = match header.model {
        PixelModel::Rgb => recover::level_shifted_as_is(frame),
        _ => recover::level_shifted(frame),
    };
    let mut claims = Vec::new();
    for (c, plane) in planes.iter().enumerate() {
        let steps = header
            .components
            .get(c)
            .unwrap_or(&header.components[0])
            .steps;
        let fit = possible(frame, header, c).then(|| comb_fit::of(plane, &steps));
        if let (0, Some(fit)) = (c, fit.filter(|fit| !fit.holds())) {
            return Ok(Err(Refusal::Levels(fit)));
        }
        let measured = fit.is_some_and(|fit| fit.holds());
        claims.push(Claim { steps, measured });
    }
    Ok(Ok(recover::assemble(
        frame,
        header.model,
        &planes,
        &claims,
        (0, 0),
    )))
}

/// Contradictions that are visible without the pixels.
fn at_a_glance(frame: &Planar8, header: &Header) -> Option<Refusal> {
    let (seen, said) = (
        (frame.width(), frame.height()),
        (header.width, header.height),
    );
    // A field with all rows of the frame is not a field, whatever the header says.
    if seen != said && header.field.is_some() {
        return Some(Refusal::Interlaced);
    }
    if seen != said {
        return Some(Refusal::Size {
            frame: seen,
            file: said,
        });
    }
    if header.factors(0) != (1, 1) {
        return Some(Refusal::Sampling);
    }
    let goes = header.model != PixelModel::Rgb || frame.model == PixelModel::Rgb;
    (!goes).then_some(Refusal::Model {
        frame: frame.model,
        file: header.model,
    })
}

/// Whether component `c` of the frame may still hold the file's levels.
fn possible(frame: &Planar8, header: &Header, c: usize) -> bool {
    match (frame.model, header.model) {
        (_, _) if c == 0 => true,
        (PixelModel::Rgb, PixelModel::Rgb) => header.factors(c) == (1, 1),
        (PixelModel::Rgb, _) => false,
        // A grey file decoded to colour: chroma is flat and should stay flat.
        (_, PixelModel::Grey) => true,
        _ => header.factors(c) == frame.subsampling,
    }
}
