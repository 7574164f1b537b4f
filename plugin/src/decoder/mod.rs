//! The element `ddrmjpegdec`: `image/jpeg` in, `video/x-raw` restored from the file's own
//! coefficients out.
//!
//! - `imp`: the virtual functions of GStreamer, and the properties
//! - `cut`: cuts an unparsed stream into frames
//! - `coded`: what a buffer holds, a picture or two fields, and its restoration
//! - `format`: the video format of the output
//! - `agree`: negotiation with downstream
//! - `work`: restores one frame, and handles failures
//! - `remarks`: messages about a whole stream
//! - `state`: what lives from start to stop
//! - `stats`: the figures of the property `stats`

mod agree;
mod coded;
mod cut;
mod format;
mod imp;
mod remarks;
mod state;
mod stats;
#[cfg(test)]
mod tests;
mod work;

use gst::prelude::*;

glib::wrapper! {
    /// Decodes JPEG and MJPEG and restores it in one step, from what the file really says.
    ///
    /// ```sh
    /// gst-launch-1.0 v4l2src ! image/jpeg ! ddrmjpegdec ! videoconvert ! autovideosink
    /// ```
    ///
    /// Restoration starts from the exact coefficients and tables of each frame, whatever the
    /// sampling: nothing has to be estimated, and no chroma is lost. The pixels in RGB are those of
    /// the command `ddrmjpeg restore` with the same options.
    ///
    /// - Any baseline or progressive 8-bit JPEG of one or three components, of any sampling and
    ///   size; restart markers; missing Huffman tables (the standard ones apply); tables that
    ///   change from frame to frame, of 8 or 16 bits.
    /// - The output is I420 for 4:2:0, Y42B for 4:2:2, GRAY8 for grey, RGB for RGB, and Y444 for
    ///   everything else; or another of these if downstream does not accept that; or else any format
    ///   that the filter takes. In Y444 and RGB chroma keeps the full size at which it was restored;
    ///   otherwise it is averaged down.
    /// - Samples of 10 to 16 bits hold what was computed, which is not rounded to 8. They are
    ///   chosen only if downstream accepts nothing else. Alpha is opaque.
    /// - YCbCr is full range BT.601 (`1:4:0:0`) with the chroma siting of JPEG, whatever upstream
    ///   says. Transfer and primaries are upstream's.
    /// - A picture of more than `max-megapixels` is dropped and counts as an error.
    /// - A buffer with two fields (APP0 "AVI1", or caps of more rows than a picture has) is
    ///   restored field by field and woven into one interleaved frame. A field in a buffer of its
    ///   own is a frame of its own, as in `jpegdec`; an unparsed stream is grouped into pairs here.
    ///   `jpegparse` 1.22 splits pairs: leave it out of interlaced streams.
    /// - The size overrides "AVI1": if the caps have as many rows as the picture, it is a whole
    ///   frame; in a stream without caps, so is a picture that is not twice as wide as high.
    /// - Pictures without tables use earlier ones of the stream, until a flush or new caps.
    /// - Input may be parsed or not. Caps with `parsed=true` or a frame rate say that each
    ///   buffer holds a frame.
    /// - A damaged frame is decoded as far as possible and marked CORRUPTED; damaged parts are not
    ///   restored. An incomplete progressive frame is marked too, and restored from what it holds.
    ///   Stray bytes before a marker and a missing end marker are not damage. A frame that cannot
    ///   be decoded at all is dropped and counts as an error: `max-errors` says how many may occur
    ///   in a row. If no frame of a stream could be decoded, it ends with an ERROR.
    /// - The model is opened on a thread of its own when the element changes from NULL to READY,
    ///   with PROGRESS messages. It is shared with every other element of the process that uses the
    ///   same model, device and precision. The first frame waits for it. It is closed at NULL.
    /// - Quality of service is on, as in every decoder. If the sink keeps time, `late-policy`
    ///   decides about a frame that is late or would be: it is restored with less work if that is
    ///   in time; otherwise it is dropped, or output as decoded; with a QOS message. Set
    ///   `late-policy=process` or `qos=false` to restore every frame. If no sink keeps time (files,
    ///   `sync=false`), no frame is late, and all are restored as requested.
    /// - Restoring takes time: the element reports one and a half times the cost of a frame as
    ///   latency.
    /// - With `temporal=reuse` what has not changed since the last frame is not computed again.
    /// - With `compare=side-by-side` frames are twice as wide as the pictures.
    pub struct DdrmJpegDec(ObjectSubclass<imp::DdrmJpegDec>)
        @extends gst_video::VideoDecoder, gst::Element, gst::Object;
}

/// Registers the element as `ddrmjpegdec` with rank NONE: it is used if named, or if its rank is
/// raised, but never plugged automatically.
pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(
        Some(plugin),
        "ddrmjpegdec",
        gst::Rank::NONE,
        DdrmJpegDec::static_type(),
    )
}
