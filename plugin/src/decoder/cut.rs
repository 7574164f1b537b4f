//! Frames out of a stream that nobody has parsed: what lies between is dropped, and a frame
//! ends where its markers say, or where another begins.
//!
//! Called by the virtual functions when upstream does not hand over whole frames.

use ddrmjpeg::jpeg::segments::splitter;
use gst::subclass::prelude::*;
use gst::{FlowError, FlowSuccess};
use gst_video::VIDEO_DECODER_FLOW_NEED_DATA;
use gst_video::prelude::*;

use super::imp::DdrmJpegDec;

/// The shortest frame: its two markers. Shorter ones are junk.
const SHORTEST: usize = 4;

impl DdrmJpegDec {
    /// Hands the next frame in `adapter` to the base class, if all of it is there.
    pub(super) fn cut(
        &self,
        adapter: &gst_base::Adapter,
        at_end: bool,
    ) -> Result<FlowSuccess, FlowError> {
        self.state().bytes |= adapter.available() > 0;
        loop {
            let Some(length) = self.next_length(adapter, at_end)? else {
                return Ok(VIDEO_DECODER_FLOW_NEED_DATA);
            };
            self.state().begin_length();
            if length < SHORTEST {
                adapter.flush(length);
                continue;
            }
            let length = i32::try_from(length).map_err(|_| FlowError::Error)?;
            self.obj().add_to_frame(length);
            return self.obj().have_frame();
        }
    }

    /// The length of the frame that `adapter` begins with; junk before it goes. `None` when
    /// more data are needed to tell.
    fn next_length(
        &self,
        adapter: &gst_base::Adapter,
        at_end: bool,
    ) -> Result<Option<usize>, FlowError> {
        let mut state = self.state();
        if state.length.seen() == 0 && !drop_junk(adapter)? {
            return Ok(None);
        }
        let seen = state.length.seen();
        let more = bytes(adapter, seen)?;
        let found = state.length.push(&more);
        Ok(found.or_else(|| at_end.then(|| state.length.at_end())))
    }
}

/// Drops what lies before the next start of a picture; whether there is one.
fn drop_junk(adapter: &gst_base::Adapter) -> Result<bool, FlowError> {
    let data = bytes(adapter, 0)?;
    let start = splitter::find_start(&data);
    // The last byte may be the first half of a marker.
    let kept = usize::from(data.last() == Some(&0xFF));
    adapter.flush(start.unwrap_or(data.len() - kept));
    Ok(start.is_some())
}

/// What `adapter` holds behind its first `skip` bytes.
fn bytes(adapter: &gst_base::Adapter, skip: usize) -> Result<glib::Bytes, FlowError> {
    let length = adapter.available().saturating_sub(skip);
    if length == 0 {
        return Ok(glib::Bytes::from_static(&[]));
    }
    adapter
        .copy_bytes(skip, length)
        .map_err(|_| FlowError::Error)
}
