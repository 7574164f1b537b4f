//! Messages about a whole stream: that its fields come one by one, or that none of its frames could
//! be decoded.
//!
//! Called by the work on frames, and at the end of the stream.

use ddrmjpeg::jpeg::segments::splitter::Field;
use gst::subclass::prelude::*;

use super::imp::DdrmJpegDec;
use crate::element::Restoring;

impl DdrmJpegDec {
    /// Reports once that fields come one by one, if they do.
    pub(super) fn tell_of_field(&self, field: Option<Field>) {
        let news = self.state().warned.field_alone(field);
        if news {
            gst::element_imp_warning!(
                self,
                gst::StreamError::Format,
                ("Each buffer holds one field, so frames have half the height: leave out \
                     jpegparse"),
                ["the decoder finds frames in a stream by itself, and puts fields together"]
            );
        }
    }

    /// Posts an ERROR at the end of the stream if none of its frames could be decoded, because
    /// downstream has received nothing.
    pub(super) fn judge_stream(&self) {
        let reason = {
            let state = self.state();
            let counts = &state.stats.counts;
            let none = counts.restored + counts.passed_through + counts.dropped == 0;
            match counts.frames {
                0 => state.bytes.then(|| "it holds no picture".into()),
                _ => state
                    .warned
                    .last()
                    .filter(|_| none && state.stats.errors > 0),
            }
        };
        if let Some(reason) = reason {
            self.post(gst::error_msg!(
                gst::StreamError::Decode,
                ("No frame of the stream can be decoded: {reason}"),
                ["{} frames failed", self.state().stats.errors]
            ));
        }
    }
}
