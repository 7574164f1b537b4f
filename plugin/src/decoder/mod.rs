//! The element `ddrmjpegdec`: `image/jpeg` in, `video/x-raw` restored from the file's own
//! coefficients out.
//!
//! - `imp`: the virtual functions of GStreamer, and the properties
//! - `cut`: frames out of a stream that nobody has parsed
//! - `coded`: what a buffer holds, a picture or two fields, and its restoration
//! - `format`: which video format a picture is put out in
//! - `agree`: what downstream takes
//! - `work`: one frame through the core, and what happens when that fails
//! - `remarks`: what is said of a whole stream
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
    /// The exact coefficients and tables of each frame reach the restoration, whatever the
    /// sampling: nothing has to be estimated, and no chroma is lost on the way. The pixels in
    /// RGB are those of the command `ddrmjpeg restore` with the same options.
    ///
    /// - Any baseline or progressive 8-bit JPEG of one or three components, of any sampling and
    ///   size; restart markers; no Huffman tables (the standard ones apply); tables that change
    ///   from frame to frame, of 8 or 16 bits.
    /// - Out comes I420 for 4:2:0, Y42B for 4:2:2, GRAY8 for grey, RGB for RGB, and Y444 for
    ///   everything else; another of these when downstream takes no other. In Y444 and RGB
    ///   chroma keeps the full size at which it was restored; else it is averaged down.
    /// - YCbCr is full range BT.601 (`1:4:0:0`) with the chroma siting of JPEG.
    /// - A buffer with two fields (APP0 "AVI1", or caps of more rows than a picture has) is
    ///   restored field by field and woven into one interleaved frame. A field that comes in a
    ///   buffer of its own is a frame of its own, as with `jpegdec`; an unparsed stream is put
    ///   together to pairs here. `jpegparse` 1.22 takes pairs apart: leave it out of interlaced streams.
    /// - What "AVI1" says is not believed against the size: with caps of as many rows as a picture has it is
    ///   a whole frame, and in a stream without caps one that is not twice as wide as high is.
    /// - Pictures without tables have those that the stream gave before, up to a flush or new caps.
    /// - Input may be parsed or not. Caps with `parsed=true` or a frame rate say that each
    ///   buffer holds a frame.
    /// - Of a damaged frame, what can be decoded is kept and marked CORRUPTED; parts that the
    ///   damage reached are not restored. So is a progressive frame that is not complete, which is
    ///   restored from what it holds. Stray bytes before a marker and a missing end marker are no
    ///   damage. A frame that cannot be decoded at all is dropped and counts as an error:
    ///   `max-errors` says how many may follow each other. A stream of which no frame could be
    ///   decoded ends with an ERROR.
    /// - The model is opened on a thread of its own when the element goes from NULL to READY, with
    ///   PROGRESS messages, and shared with every other element of the process that names the
    ///   same model, device and precision. The first frame waits for it. It is closed at NULL.
    /// - Quality of service is on, as in every decoder. Behind a sink that keeps time
    ///   `late-policy` says what becomes of a frame that is late or would be: with less work if
    ///   that is in time, else it is dropped, or put out as decoded; with a QOS message. Set
    ///   `late-policy=process` or `qos=false` to have every frame restored. Where no sink keeps
    ///   time (files, `sync=false`) no frame is late, and all are restored with all that was asked for.
    /// - A frame costs time: half as much again is claimed as latency.
    /// - `temporal=reuse` does not compute again what has not changed since the last frame.
    /// - With `compare=side-by-side` frames are twice as wide as the pictures.
    pub struct DdrmJpegDec(ObjectSubclass<imp::DdrmJpegDec>)
        @extends gst_video::VideoDecoder, gst::Element, gst::Object;
}

/// Makes the element known under the name `ddrmjpegdec`, with no rank: it is chosen by name,
/// or by raising its rank, never plugged in unasked.
pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(
        Some(plugin),
        "ddrmjpegdec",
        gst::Rank::NONE,
        DdrmJpegDec::static_type(),
    )
}
