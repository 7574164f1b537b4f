//! Restores decoded frames that come with the header of their file.

use crate::contract::Control;
use crate::error::Result;
use crate::frame::Planar8;
use crate::jpeg::recover::by_header;
use crate::jpeg::recover::by_header::Refusal;
use crate::jpeg::{Header, Observation};
use crate::options::Options;
use crate::restore::{FrameTables, Report, Restored, Restorer, TablesFrom};
use crate::solve::output;
use crate::source::turned;

impl Restorer {
    /// By `header`, whichever way the frame was turned since, or, when it contradicts that, by
    /// `otherwise`.
    pub(crate) fn restore_known(
        &self,
        frame: &Planar8,
        header: &Header,
        otherwise: &FrameTables,
        options: &Options,
        control: Control<'_>,
    ) -> Result<Restored> {
        let refusal = match by_header::from_header(frame, header)? {
            Ok(mut seen) => return self.restore_seen(frame, header, &mut seen, options, control),
            Err(refusal) => refusal,
        };
        if let Some(orientation) = turned::by_header(frame, header, &refusal)? {
            let frame = orientation.inverse().picture(frame);
            if let Ok(mut seen) = by_header::from_header(&frame, header)? {
                let restored = self.restore_seen(&frame, header, &mut seen, options, control)?;
                return Ok(turned::as_it_came(restored, orientation));
            }
        }
        let restored = self.restore_frame(frame, otherwise, options, control)?;
        Ok(refused(restored, refusal))
    }

    fn restore_seen(
        &self,
        frame: &Planar8,
        header: &Header,
        seen: &mut Observation,
        options: &Options,
        control: Control<'_>,
    ) -> Result<Restored> {
        let solved = self.solve(seen, header.family.slack(), options, control)?;
        let report = Report {
            family: Some(header.family.clone()),
            quality: header.ijg_quality(),
            tables_from: Some(TablesFrom::File),
            ..solved.report
        };
        let frame = output::like(frame, &solved.picture, seen);
        Ok(Restored { frame, report })
    }
}

/// `restored`, with a word on the header that was not used.
fn refused(mut restored: Restored, refusal: Refusal) -> Restored {
    let note = format!("the tables of the stream are not used: {refusal}");
    restored.report.notes.insert(0, note);
    restored.report.refusal = Some(refusal);
    restored
}
