//! The element `ddrmjpegtables`: passes `image/jpeg` through and attaches the header of each JPEG
//! as a meta.
//!
//! - `imp`: the virtual functions of GStreamer
//! - `stats`: the figures of the property `stats`

mod imp;
mod stats;

use gst::prelude::*;

glib::wrapper! {
    /// Gives the filter after the decoder the tables of each JPEG.
    ///
    /// Put it directly before the decoder, so that nothing between them drops the meta:
    ///
    /// ```sh
    /// gst-launch-1.0 v4l2src ! image/jpeg ! ddrmjpegtables ! jpegdec idct-method=islow \
    ///     ! queue ! ddrmjpeg ! videoconvert ! autovideosink
    /// ```
    ///
    /// - Only the header is read, up to the first scan; the bytes of the buffer are neither changed
    ///   nor copied. The meta is `DdrmJpegTablesMeta`, with the tags `video` and `size`: decoders
    ///   pass it on, and elements that scale, crop or convert frames drop it.
    /// - A buffer whose header cannot be read passes without the meta, with one WARNING until a
    ///   buffer succeeds. It is not an error, because the decoder will report one.
    /// - In an interlaced pair (AVI1) the first field is read, and the meta says so.
    pub struct DdrmJpegTables(ObjectSubclass<imp::DdrmJpegTables>)
        @extends gst_base::BaseTransform, gst::Element, gst::Object;
}

/// Registers the element as `ddrmjpegtables` with rank NONE: it is never plugged automatically.
pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(
        Some(plugin),
        "ddrmjpegtables",
        gst::Rank::NONE,
        DdrmJpegTables::static_type(),
    )
}
