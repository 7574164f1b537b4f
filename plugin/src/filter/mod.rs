//! The element `ddrmjpeg`: `video/x-raw` in, the same restored out.
//!
//! - `imp`: the virtual functions of GStreamer, and the properties
//! - `work`: one frame through the core, and what happens when that fails
//! - `halves`: the pictures that a frame consists of: itself, or its two fields
//! - `state`: what lives from start to stop
//! - `stats`: the figures of the property `stats`
//! - `caps`: the caps of one side, given the other's
//! - `colour`: whether a stream's colorimetry still holds the levels of a JPEG

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
    /// Restores what a JPEG decoder puts out.
    ///
    /// Put it right behind the decoder, before anything that scales, crops or converts:
    ///
    /// ```sh
    /// gst-launch-1.0 filesrc location=clip.mjpeg ! jpegparse ! jpegdec idct-method=islow \
    ///     ! ddrmjpeg qf=20 ! videoconvert ! autovideosink
    /// ```
    ///
    /// `jpegdec` decodes with a fast and inexact DCT unless it is given
    /// `idct-method=islow`; above quality 85 even that leaves the levels approximate.
    ///
    /// - Frames are restored in place. Their size, format, time stamps and metadata stay.
    /// - YCbCr must be full range with the BT.601 matrix, as decoders of JPEG mark it
    ///   (`1:4:0:0`), grey and RGB full range. A stream with another colorimetry has been
    ///   converted and its levels are gone: it passes through unchanged, with one WARNING.
    /// - With `ddrmjpegtables` before the decoder every frame comes with its file's own tables
    ///   and sampling. They are used before `qf` and estimation, unless the frame contradicts
    ///   them: its size is another, or its coefficients are not near
    ///   multiples of the steps because a filter in between changed it. The property `stats`
    ///   counts by which tables frames were restored. The meta is taken off.
    /// - Frames of two fields (`interlace-mode=interleaved`, or `mixed` where a buffer says so) are restored
    ///   field by field, each on its own grid of blocks, unless the header of their file says that
    ///   it was a whole frame.
    /// - With `qf=0` and no such tables they are estimated from the pixels. When they cannot be told,
    ///   frames pass through unchanged, with one WARNING per stream.
    /// - A frame that cannot be restored is a WARNING and passes through. A failing device or
    ///   library is an ERROR and ends the stream.
    /// - With `strength=0` buffers pass untouched and uncopied.
    /// - The model is opened on a thread of its own when the element goes from NULL to READY, with
    ///   PROGRESS messages, and shared with every other element of the process that names the
    ///   same model, device and precision. The first frame waits for it. It is closed at NULL.
    /// - Quality of service is on, as in every video filter. Behind a sink that keeps time
    ///   `late-policy` says what becomes of a frame that is late or would be: with less work if
    ///   that is in time, else it is dropped, or passes through unrestored; with a QOS message. Set
    ///   `late-policy=process` or `qos=false` to have every frame restored. Where no sink keeps
    ///   time (files, `sync=false`) no frame is late, and all are restored with all that was asked for.
    /// - A frame costs time: half as much again is claimed as latency.
    /// - `temporal=reuse` does not compute again what has not changed since the last frame.
    /// - With `compare=side-by-side` frames leave twice as wide as they come.
    pub struct DdrmJpeg(ObjectSubclass<imp::DdrmJpeg>)
        @extends gst_video::VideoFilter, gst_base::BaseTransform, gst::Element, gst::Object;
}

/// Makes the element known under the name `ddrmjpeg`, with no rank: it is never put into a
/// pipeline that did not ask for it.
pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    crate::enums::mark_as_api();
    gst::Element::register(
        Some(plugin),
        "ddrmjpeg",
        gst::Rank::NONE,
        DdrmJpeg::static_type(),
    )
}
