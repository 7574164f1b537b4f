//! Restores decoded frames by tables that the caller names.

use crate::contract::Control;
use crate::error::Result;
use crate::frame::Planar8;
use crate::jpeg::grid::cell::Slack;
use crate::jpeg::recover;
use crate::options::Options;
use crate::restore::{Restored, Restorer, Steps, TablesFrom};
use crate::solve::output;
use crate::source::turned;
use crate::source::turned::Place;

impl Restorer {
    /// By steps of luma and chroma, which are libjpeg's of a quality, or not. A frame that does not hold their
    /// levels as it is may have been turned or cropped.
    pub(crate) fn restore_named(
        &self,
        frame: &Planar8,
        steps: &Steps,
        quality: Option<u8>,
        options: &Options,
        control: Control<'_>,
    ) -> Result<Restored> {
        let (luma, chroma) = steps;
        let place = turned::place(frame, luma, chroma)?;
        let Place {
            orientation,
            margin,
        } = place.unwrap_or_default();
        let grown = orientation.inverse().picture(frame).with_margin(margin);
        let mut seen = recover::from_margined(&grown, margin, luma, chroma)?;
        let solved = self.solve(&mut seen, Slack::ROUNDING, options, control)?;
        let (picture, mut report) = (solved.picture, solved.report);
        report.quality = quality;
        report.tables_from = Some(TablesFrom::Caller);
        report.orientation = orientation;
        if !report.measured.contains(&true) {
            let note = "the pixels do not hold the levels of these tables";
            report.notes.push(note.into());
        }
        let frame = output::like(&grown, &picture, &seen).without_margin(margin);
        Ok(Restored {
            frame: orientation.picture(&frame),
            report,
        })
    }
}
