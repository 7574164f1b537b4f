//! The element `ddrmjpeg`: restores `video/x-raw`.
//!
//! - `imp`: the virtual functions of GStreamer, and the properties
//! - `work`: restores one frame, and handles failures
//! - `halves`: the pictures in a frame: the frame itself, or its two fields
//! - `state`: the state from start to stop
//! - `stats`: the figures of the property `stats`
//! - `caps`: the caps of one side, given the other's
//! - `colour`: whether a stream's colorimetry shows that the levels of a JPEG are intact

mod caps;
mod colour;
mod halves;
mod imp;
mod memory;
mod state;
mod stats;
#[cfg(test)]
mod tests;
mod work;

use gst::prelude::*;

glib::wrapper! {
    /// Restores the output of a JPEG decoder.
    ///
    /// Put it right behind the decoder, before anything that scales, crops or converts:
    ///
    /// ```sh
    /// gst-launch-1.0 filesrc location=clip.mjpeg ! jpegparse ! jpegdec idct-method=islow \
    ///     ! ddrmjpeg qf=20 ! videoconvert ! autovideosink
    /// ```
    ///
    /// `jpegdec` decodes with a fast and inexact DCT unless `idct-method=islow` is set; above
    /// quality 85 the levels are approximate even then.
    ///
    /// - Frames are restored in place. Their size, format, alpha, time stamps and metadata stay. A
    ///   frame with a crop meta is restored whole.
    /// - Frames of 10 to 16 bits must have been widened from 8 since they were decoded, as
    ///   `videoconvert` does it: the upper 8 bits are the levels. The result is not rounded to 8.
    /// - Frames are in system memory, DMABuf memory included if it can be mapped. Caps of other
    ///   memory (`memory:DMABuf`) are refused, with one WARNING.
    /// - YCbCr must be full range with the BT.601 matrix, as JPEG decoders mark it (`1:4:0:0`);
    ///   grey and RGB must be full range, or of a range that is not known. A stream with another
    ///   colorimetry has been converted and its levels are lost: it passes through unchanged, with
    ///   one WARNING.
    /// - With `ddrmjpegtables` before the decoder, every frame carries the tables and sampling of
    ///   its file. They take precedence over `qf` and estimation, unless the frame contradicts
    ///   them: its size differs, or its coefficients are not near multiples of the steps because a
    ///   filter in between changed it. The property `stats` counts which tables were used. The meta
    ///   is removed.
    /// - Frames of two fields (`interlace-mode=interleaved`, or `mixed` if a buffer says so) are
    ///   restored field by field, each on its own grid of blocks, unless the header of their file
    ///   says that it was a whole frame.
    /// - With `qf=0` and without such tables, they are estimated from the pixels. If that fails,
    ///   frames pass through unchanged, with one WARNING per stream.
    /// - A frame that cannot be restored passes through with a WARNING. A failing device or library
    ///   is an ERROR and ends the stream.
    /// - With `strength=0` buffers pass through unchanged, without a copy.
    /// - The model is opened on a thread of its own when the element changes from NULL to READY,
    ///   with PROGRESS messages. It is shared with every other element of the process that uses the
    ///   same model, device and precision. The first frame waits for it. It is closed at NULL.
    /// - Quality of service is on, as in every video filter. If the sink keeps time, `late-policy`
    ///   decides about a frame that is late or would be: it is restored with less work if that is
    ///   in time; otherwise it is dropped, or passes through unrestored; with a QOS message. Set
    ///   `late-policy=process` or `qos=false` to restore every frame. If no sink keeps time (files,
    ///   `sync=false`), no frame is late, and all are restored as requested.
    /// - Restoring takes time: the element reports one and a half times the cost of a frame as
    ///   latency.
    /// - With `temporal=reuse` what has not changed since the last frame is not computed again.
    /// - With `compare=side-by-side` output frames are twice as wide as input frames.
    pub struct DdrmJpeg(ObjectSubclass<imp::DdrmJpeg>)
        @extends gst_video::VideoFilter, gst_base::BaseTransform, gst::Element, gst::Object;
}

/// Registers the element as `ddrmjpeg` with rank NONE: it is never plugged automatically.
pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    crate::enums::mark_as_api();
    gst::Element::register(
        Some(plugin),
        "ddrmjpeg",
        gst::Rank::NONE,
        DdrmJpeg::static_type(),
    )
}
