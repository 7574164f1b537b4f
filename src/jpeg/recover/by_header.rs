//! A decoded frame and the header of the file that it came from, to an [`Observation`].
//!
//! A header that came beside the frame is a claim: filters between the decoder and here may
//! have changed the frame. What contradicts it is a [`Refusal`]. Called by `restore`.

use crate::error::Result;
use crate::frame::{PixelModel, Planar8};
use crate::jpeg::grid::Observation;
use crate::jpeg::recover;
use crate::jpeg::recover::Claim;
use crate::jpeg::recover::comb_fit;
use crate::jpeg::recover::comb_fit::Fit;
use crate::jpeg::segments::header::Header;

/// Why a header is not taken to be that of a frame's file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The frame is of another size.
    #[error("the frame is {}x{}, its file was {}x{}", .frame.0, .frame.1, .file.0, .file.1)]
    Size {
        /// Width and height of the frame in pixels.
        frame: (usize, usize),
        /// Width and height that the header says.
        file: (usize, usize),
    },
    /// The file is one field of the frame, so the frame is on no one grid.
    #[error("the file is interlaced: each field has a grid of its own")]
    Interlaced,
    /// Frame and file are of colour models that do not go into each other.
    #[error("a {frame:?} frame cannot hold the levels of a {file:?} file")]
    Model {
        /// Of the frame.
        frame: PixelModel,
        /// Of the file.
        file: PixelModel,
    },
    /// The file's luma is coarser than its chroma, and was resampled on the way.
    #[error("the file's luma is sampled more coarsely than its chroma")]
    Sampling,
    /// The coefficients do not sit near multiples of the steps: the frame was changed since
    /// it was decoded, or decoded too coarsely for steps this fine.
    #[error(
        "the frame's coefficients are not near multiples of the file's steps: it was changed \
         since it was decoded, or decoded too coarsely"
    )]
    Levels(#[doc(hidden)] Fit),
}

/// What a frame and the header of its file say together, or why they contradict each other.
///
/// Luma is measured, or the header refused. Chroma is measured where frame and file have the
/// same subsampling and its coefficients fit; where it was resampled on the way (`jpegdec`
/// turns 4:2:2 and 4:4:4 into 4:2:0) or the frame is RGB, it is known as pixels only. Of an
/// RGB file and an RGB frame all three components are measured.
///
/// # Errors
/// [`crate::Error::Input`] when the planes do not have the sizes that the frame's model says,
/// or when the header holds what no file says.
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

/// What contradicts without a look at the pixels.
fn at_a_glance(frame: &Planar8, header: &Header) -> Option<Refusal> {
    let (seen, said) = (
        (frame.width(), frame.height()),
        (header.width, header.height),
    );
    // A field that has all rows of the frame is no field, whatever it says.
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

/// Whether component `c` of the frame can still hold the file's levels.
fn possible(frame: &Planar8, header: &Header, c: usize) -> bool {
    match (frame.model, header.model) {
        (_, _) if c == 0 => true,
        (PixelModel::Rgb, PixelModel::Rgb) => header.factors(c) == (1, 1),
        (PixelModel::Rgb, _) => false,
        // A grey file shown in colour: chroma is flat, and flat it should stay.
        (_, PixelModel::Grey) => true,
        _ => header.factors(c) == frame.subsampling,
    }
}
