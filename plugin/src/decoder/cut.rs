//! Cuts an unparsed stream into frames. Bytes between frames are dropped; a frame ends where its
//! markers say, or where the next one starts.
//!
//! Called by the virtual functions if upstream does not send whole frames.

use ddrmjpeg::jpeg::segments::splitter;
use gst::subclass::prelude::*;
use gst::{FlowError, FlowSuccess};
use gst_video::VIDEO_DECODER_FLOW_NEED_DATA;
use gst_video::prelude::*;

use super::imp::DdrmJpegDec;

/// The shortest frame: its two markers. Shorter ones are junk.
const SHORTEST: usize = 4;

impl DdrmJpegDec {
    /// Passes the next frame in `adapter` to the base class, if it is complete.
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

    /// The length of the frame at the start of `adapter`, after dropping junk before it. `None` if
    /// more data are needed.
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

/// Drops everything before the next start of a picture. Returns whether there is one.
fn drop_junk(adapter: &gst_base::Adapter) -> Result<bool, FlowError> {
    let data = bytes(adapter, 0)?;
    let start = splitter::find_start(&data);
    // The last byte may be the first half of a marker.
    let kept = usize::from(data.last() == Some(&0xFF));
    adapter.flush(start.unwrap_or(data.len() - kept));
    Ok(start.is_some())
}

/// What `adapter` holds after its first `skip` bytes.
fn bytes(adapter: &gst_base::Adapter, skip: usize) -> Result<glib::Bytes, FlowError> {
    let length = adapter.available().saturating_sub(skip);
    if length == 0 {
        return Ok(glib::Bytes::from_static(&[]));
    }
    adapter
        .copy_bytes(skip, length)
        .map_err(|_| FlowError::Error)
}
