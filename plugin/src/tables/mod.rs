//! The element `ddrmjpegtables`: `image/jpeg` in, the same out, with a meta that says what the
//! header of each JPEG says.
//!
//! - `imp`: the virtual functions of GStreamer
//! - `stats`: what came through

mod imp;
mod stats;

use gst::prelude::*;

glib::wrapper! {
    /// Tells the filter behind the decoder what each JPEG's tables are.
    ///
    /// Put it right before the decoder, so that nothing between them drops the meta:
    ///
    /// ```sh
    /// gst-launch-1.0 v4l2src ! image/jpeg ! ddrmjpegtables ! jpegdec idct-method=islow \
    ///     ! queue ! ddrmjpeg ! videoconvert ! autovideosink
    /// ```
    ///
    /// - Only the header is read, up to the first scan; the bytes of the buffer are neither
    ///   changed nor copied. The meta is `DdrmJpegTablesMeta`, with the tags `video` and `size`:
    ///   decoders hand it on, and what scales, crops or converts frames drops it.
    /// - A buffer whose header cannot be read passes on without the meta, with one WARNING until
    ///   a buffer succeeds. It is not an error: the decoder will have its say.
    /// - Of an interlaced pair (AVI1) the first field is read, and the meta says so.
    pub struct DdrmJpegTables(ObjectSubclass<imp::DdrmJpegTables>)
        @extends gst_base::BaseTransform, gst::Element, gst::Object;
}

/// Makes the element known under the name `ddrmjpegtables`, with no rank: it is never put into
/// a pipeline that did not ask for it.
pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(
        Some(plugin),
        "ddrmjpegtables",
        gst::Rank::NONE,
        DdrmJpegTables::static_type(),
    )
}
