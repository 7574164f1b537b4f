//! Frames that come with the header of their file.

use crate::error::Result;
use crate::frame::{Orientation, Planar8};
use crate::jpeg::Header;
use crate::jpeg::recover::by_header;
use crate::jpeg::recover::by_header::Refusal;
use crate::report::{Report, TablesFrom};
use crate::source::{Out, Seen, on_its_grid, turned};

/// By `header`, however the frame was turned since; why not, if the frame contradicts it.
pub(crate) fn see<'a>(
    frame: &'a Planar8,
    header: &Header,
) -> Result<std::result::Result<Seen<'a>, Refusal>> {
    let refusal = match as_turned(frame, header, Orientation::default())? {
        Ok(seen) => return Ok(Ok(seen)),
        Err(refusal) => refusal,
    };
    if let Some(orientation) = turned::by_header(frame, header, &refusal)?
        && let Ok(seen) = as_turned(frame, header, orientation)?
    {
        return Ok(Ok(seen));
    }
    Ok(Err(refusal))
}

/// By `header`, if the frame was turned so.
fn as_turned<'a>(
    frame: &'a Planar8,
    header: &Header,
    orientation: Orientation,
) -> Result<std::result::Result<Seen<'a>, Refusal>> {
    let upright = on_its_grid(frame, (0, 0), orientation);
    Ok(
        by_header::from_header(&upright, header)?.map(|observation| Seen {
            observation,
            slack: header.family.slack(),
            origin: Report {
                family: Some(header.family.clone()),
                quality: header.ijg_quality(),
                tables_from: Some(TablesFrom::File),
                orientation,
                ..Report::default()
            },
            out: Out::Pixels {
                frame: Some(upright),
                margin: (0, 0),
                orientation,
            },
        }),
    )
}
