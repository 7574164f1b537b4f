//! Frames by tables that the caller names.

use crate::error::Result;
use crate::frame::Planar8;
use crate::jpeg::grid::cell::Slack;
use crate::jpeg::recover;
use crate::report::{Report, TablesFrom};
use crate::source::frame::Steps;
use crate::source::turned::Place;
use crate::source::{Out, Seen, Sight, on_its_grid, turned};

/// By steps of luma and chroma, which are libjpeg's of a quality, or not. A frame that does not hold
/// their levels as it is may have been turned or cropped.
pub(crate) fn see<'a>(frame: &'a Planar8, steps: &Steps, quality: Option<u8>) -> Result<Sight<'a>> {
    let (luma, chroma) = steps;
    let Place {
        orientation,
        margin,
    } = turned::place(frame, luma, chroma)?.unwrap_or_default();
    let grown = on_its_grid(frame, margin, orientation);
    let observation = recover::from_margined(&grown, margin, luma, chroma)?;
    let mut notes = Vec::new();
    if !observation.components.iter().any(|c| c.is_measured()) {
        notes.push("the pixels do not hold the levels of these tables".into());
    }
    let seen = Seen {
        observation,
        slack: Slack::ROUNDING,
        origin: Report {
            quality,
            tables_from: Some(TablesFrom::Caller),
            orientation,
            notes,
            ..Report::default()
        },
        out: Out::Pixels {
            frame: Some(grown),
            margin,
            orientation,
        },
    };
    Ok(seen.into())
}
