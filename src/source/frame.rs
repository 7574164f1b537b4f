//! Decoded frames: 8-bit planes as a JPEG decoder put them out, and what is known of their file.

use std::sync::Arc;

use crate::contract::QuantSteps;
use crate::error::{Error, Result};
use crate::frame::{Picture, PixelModel, Planar8};
use crate::jpeg::Header;
use crate::jpeg::grid::color;
use crate::jpeg::grid::tables::ijg_pair;
use crate::report::{Estimated, Report, Restored};
use crate::solve::{Request, Solver};
use crate::source;
use crate::source::{
    Sight, estimated, header_frame, lay_out_deep, named, restore as restore_seen, solve, unchanged,
};

/// Luma and chroma steps.
pub(crate) type Steps = (QuantSteps, QuantSteps);

/// Where a frame's quantisation tables are known from.
#[expect(
    clippy::large_enum_variant,
    reason = "one per frame, handed on by reference"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameTables {
    /// IJG tables of this quality, 1..=100.
    Quality(u8),
    /// Tables read from the stream.
    Known {
        /// Steps of Y, natural order.
        luma: QuantSteps,
        /// Steps of Cb and Cr, natural order.
        chroma: QuantSteps,
    },
    /// To be found from the pixels.
    Estimate,
    /// Not known, and not to be looked for either: the frame comes back unchanged.
    Unknown,
}

/// All that is known of a frame. Each is tried in turn, until the pixels do not contradict it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FrameInfo {
    /// The header that came with the frame. It is used for each component
    /// that can still hold the file's levels.
    pub header: Option<Box<Header>>,
    /// What an earlier frame of the same stream showed (its [`crate::report::Report::estimated`]). Whether it still
    /// holds is seen at a small part of the cost of finding it.
    pub earlier: Option<Arc<Estimated>>,
    /// The tables, or how to come by them.
    pub tables: FrameTables,
}

impl FrameInfo {
    /// With a header that is tried first.
    #[must_use]
    pub fn with_header(mut self, header: Header) -> Self {
        self.header = Some(Box::new(header));
        self
    }

    /// With what an earlier frame showed, which is tried before the tables.
    #[must_use]
    pub fn with_earlier(mut self, earlier: Arc<Estimated>) -> Self {
        self.earlier = Some(earlier);
        self
    }
}

impl From<FrameTables> for FrameInfo {
    fn from(tables: FrameTables) -> Self {
        Self {
            header: None,
            earlier: None,
            tables,
        }
    }
}

/// Restores `frame` in its own layout; unchanged, with a note, if nothing of its tables is known.
///
/// # Errors
/// [`Error::Options`], [`Error::Input`] and those of the solver.
pub(crate) fn restore(
    solver: &mut dyn Solver,
    frame: &Planar8,
    info: &FrameInfo,
    request: Request<'_>,
) -> Result<Restored> {
    match see(frame, info)? {
        Sight::Seen(seen) => restore_seen(solver, *seen, None, request),
        Sight::Nothing(why, report) => Ok(unchanged(frame, why, *report)),
    }
}

/// The same in samples of 16 bits. A frame that comes back unchanged has none of the lower bytes.
///
/// # Errors
/// As [`restore`].
pub(crate) fn deep(
    solver: &mut dyn Solver,
    frame: &Planar8,
    info: &FrameInfo,
    request: Request<'_>,
) -> Result<Restored> {
    match see(frame, info)? {
        Sight::Seen(mut seen) => {
            let solved = solve(solver, &mut seen, request)?;
            Ok(lay_out_deep(&seen, solved))
        }
        Sight::Nothing(why, report) => Ok(unchanged(frame, why, *report)),
    }
}

/// The same, not rounded, of a frame that is RGB or grey.
///
/// # Errors
/// As [`restore`]; [`Error::Unsupported`] for YCbCr.
pub(crate) fn unrounded(
    solver: &mut dyn Solver,
    frame: &Planar8,
    info: &FrameInfo,
    request: Request<'_>,
) -> Result<(Picture, Report)> {
    if frame.model == PixelModel::YCbCr {
        return Err(Error::Unsupported(
            "a frame of YCbCr without rounding: only RGB and grey are returned so".into(),
        ));
    }
    match see(frame, info)? {
        Sight::Seen(seen) => source::unrounded(solver, *seen, request),
        Sight::Nothing(why, report) => {
            let Restored { frame, report, .. } = unchanged(frame, why, *report);
            Ok((as_picture(&frame), report))
        }
    }
}

/// The pixels of a frame whose planes have one size.
fn as_picture(frame: &Planar8) -> Picture {
    let samples = frame.planes.iter().flat_map(|plane| &plane.data);
    Picture {
        channels: frame.planes.len(),
        width: frame.width(),
        height: frame.height(),
        data: samples
            .map(|&byte| color::from_level(f32::from(byte)))
            .collect(),
    }
}

/// What `frame` says by `info`.
fn see<'a>(frame: &'a Planar8, info: &FrameInfo) -> Result<Sight<'a>> {
    let Some(header) = &info.header else {
        return without_header(frame, info);
    };
    match header_frame::see(frame, header)? {
        Ok(seen) => Ok(seen.into()),
        Err(refusal) => {
            let mut sight = without_header(frame, info)?;
            sight.origin().refusal = Some(refusal);
            Ok(sight)
        }
    }
}

fn without_header<'a>(frame: &'a Planar8, info: &FrameInfo) -> Result<Sight<'a>> {
    if let Some(earlier) = &info.earlier
        && earlier.still_holds(frame)?
    {
        return Ok(estimated::see(frame, Arc::clone(earlier))?.into());
    }
    match &info.tables {
        FrameTables::Quality(quality @ 1..=100) => {
            named::see(frame, &ijg_pair(*quality), Some(*quality))
        }
        FrameTables::Quality(quality) => Err(Error::option("qf", quality, "in 1..100")),
        FrameTables::Known { luma, chroma } => {
            if luma.iter().chain(chroma).any(|&step| step == 0) {
                return Err(Error::Input("a quantisation step of 0".into()));
            }
            named::see(frame, &(*luma, *chroma), None)
        }
        FrameTables::Estimate => searched(frame),
        FrameTables::Unknown => Ok(Sight::Nothing(
            "the quantisation tables are not known",
            Box::default(),
        )),
    }
}

fn searched(frame: &Planar8) -> Result<Sight<'_>> {
    let mut sight: Sight<'_> = match estimated::tell(frame)? {
        Some(told) => estimated::see(frame, Arc::new(told))?.into(),
        None => Sight::Nothing("the quantisation tables cannot be told", Box::default()),
    };
    sight.origin().searched = true;
    Ok(sight)
}
