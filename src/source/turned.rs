//! How a frame was turned, mirrored or cropped since it was decoded, by tables that are known to be its own.
//!
//! A picture mirrored is a JPEG on the grid mirrored; transposed, it is one of transposed tables. So
//! the frame is turned back, and what comes out is turned as the frame was. Called by `header_frame` and
//! `named`; `estimated` knows no tables to go by.

use crate::contract::QuantSteps;
use crate::error::Result;
use crate::frame::{Orientation, PixelModel, Planar8, Plane8};
use crate::jpeg::recover::by_header::Refusal;
use crate::jpeg::recover::{comb_fit, estimate};
use crate::jpeg::{Header, recover};
use crate::source::frame::Steps;

/// Grids of a cropped frame that are looked at, the likeliest first.
const GRIDS: usize = 3;

/// Where a frame lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// How it was turned.
    pub orientation: Orientation,
    /// Columns and rows that were cropped from before it once it is turned back, up to whole MCUs.
    pub margin: (usize, usize),
}

/// What was done to `frame`, if it does not sit on this header's grid as it is, for the reason in
/// `refusal`; `None` if that cannot be recognised.
///
/// # Errors
/// [`crate::Error::Input`] when the planes do not have the sizes that the model says.
pub(crate) fn by_header(
    frame: &Planar8,
    header: &Header,
    refusal: &Refusal,
) -> Result<Option<Orientation>> {
    let turnable = matches!(refusal, Refusal::Levels(_) | Refusal::Size { .. });
    let Some(first) = header.components.first().filter(|_| turnable) else {
        return Ok(None);
    };
    if header.model == PixelModel::Rgb || header.factors(0) != (1, 1) {
        return Ok(None);
    }
    let luma = recover::luma(frame)?;
    let size = (header.width, header.height);
    let fits = |orientation: &Orientation| {
        let back = orientation.inverse();
        back.size((luma.width, luma.height)) == size
            && sits(&back.plane(&luma), (0, 0), &first.steps)
    };
    Ok(Orientation::all().skip(1).find(fits))
}

/// Where `frame` lies, so that its levels are of these tables; `None` where it lies as it was, or where
/// that cannot be told.
///
/// # Errors
/// [`crate::Error::Input`] when the planes do not have the sizes that the model says.
pub(crate) fn place(
    frame: &Planar8,
    luma: &QuantSteps,
    chroma: &QuantSteps,
) -> Result<Option<Place>> {
    let plane = recover::luma(frame)?;
    let fit = comb_fit::of_bytes(&plane, (0, 0), luma);
    // Of tables too fine to be told no other place would be either.
    if fit.holds() || !fit.tells() {
        return Ok(None);
    }
    let turned =
        |orientation: &Orientation| sits(&orientation.inverse().plane(&plane), (0, 0), luma);
    if let Some(orientation) = Orientation::all().skip(1).find(turned) {
        let margin = (0, 0);
        return Ok(Some(Place {
            orientation,
            margin,
        }));
    }
    let steps = (*luma, *chroma);
    let cropped = [false, true].map(|transposed| Orientation {
        transposed,
        ..Orientation::default()
    });
    Ok(cropped.into_iter().find_map(|orientation| {
        let margin = crop(
            &orientation.inverse().picture(frame),
            &orientation.inverse().plane(&plane),
            &steps,
        )?;
        Some(Place {
            orientation,
            margin,
        })
    }))
}

/// What was cropped from before `frame`, whose luma is `plane`.
fn crop(frame: &Planar8, plane: &Plane8, steps: &Steps) -> Option<(usize, usize)> {
    let (fx, fy) = frame.subsampling;
    let mut likely = estimate::likely_offsets(plane).into_iter().take(GRIDS);
    let offset = likely.find(|&offset| sits(plane, offset, &steps.0))?;
    let least = ((8 - offset.0) % 8, (8 - offset.1) % 8);
    // Else the crop is within a chroma sample.
    if !least.0.is_multiple_of(fx) || !least.1.is_multiple_of(fy) {
        return None;
    }
    let margins = (0..fx * fy).map(|n| (least.0 + 8 * (n % fx), least.1 + 8 * (n / fx)));
    let chroma_sits = |margin: &(usize, usize)| {
        let first = |margin: usize, factor: usize| (8 - margin / factor % 8) % 8;
        let offset = (first(margin.0, fx), first(margin.1, fy));
        let planes = frame.planes.iter().skip(1);
        frame.model == PixelModel::YCbCr
            && planes.clone().all(|plane| sits(plane, offset, &steps.1))
    };
    Some(margins.clone().find(chroma_sits).unwrap_or(least))
}

fn sits(plane: &Plane8, offset: estimate::Offset, steps: &QuantSteps) -> bool {
    comb_fit::of_bytes(plane, offset, steps).is_of_this_table()
}
