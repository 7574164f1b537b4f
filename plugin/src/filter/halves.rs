//! The pictures in a frame: the frame itself, or two fields, each a JPEG with its own grid of
//! blocks.
//!
//! Called by the work on frames.

use std::borrow::Cow;

use ddrmjpeg::Result;
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg::Header;
use ddrmjpeg::restore::{Report, Restored};
use gst_video::prelude::*;
use gst_video::{VideoBufferFlags, VideoInterlaceMode};

use crate::fields;
use crate::pixels::Pixels;

/// Whether a buffer in a stream of this mode holds two fields.
pub fn is_interlaced(mode: VideoInterlaceMode, buffer: &gst::BufferRef) -> bool {
    match mode {
        VideoInterlaceMode::Interleaved => true,
        VideoInterlaceMode::Mixed => buffer.video_flags().contains(VideoBufferFlags::INTERLACED),
        _ => false,
    }
}

/// The pictures of a frame, one or two, and the header that came with it, adapted to each. The
/// header takes precedence over the stream, because it gives the height of the file.
pub fn parts(
    frame: &Planar8,
    header: Option<Header>,
    interlaced: bool,
) -> (Vec<Cow<'_, Planar8>>, Option<Header>) {
    let rows = frame.height();
    let said = header.as_ref().map(|header| header.height);
    let wide = header
        .as_ref()
        .is_some_and(|header| header.width == frame.width());
    // If the file has half the rows, the frame was woven from fields.
    let half = rows > 1 && wide && said == Some(rows.div_ceil(2));
    let fields = half || (interlaced && said != Some(rows) && rows > 1);
    if !fields {
        return (vec![Cow::Borrowed(frame)], header);
    }
    let header = header.map(|header| Header {
        field: header.field.filter(|_| !half),
        ..header
    });
    (Vec::from(frame.fields().map(Cow::Owned)), header)
}

/// Puts the frame of `height` rows together from its restored pictures.
///
/// # Errors
/// [`ddrmjpeg::Error::Input`] if the fields do not fit together; fields from [`parts`] do.
pub fn together(made: Vec<Restored>, height: usize) -> Result<Option<(Pixels, Report)>> {
    let mut made = made.into_iter().map(Pixels::of);
    Ok(match (made.next(), made.next()) {
        (Some((top, first)), Some((bottom, second))) => Some((
            Pixels::weave(&top, &bottom, height)?,
            fields::both(first, second),
        )),
        (one, _) => one,
    })
}

#[cfg(test)]
mod tests {
    use ddrmjpeg::frame::PixelModel;
    use ddrmjpeg::jpeg;
    use ddrmjpeg::jpeg::segments::splitter::Field;

    use super::*;

    fn header(height: usize, field: Option<Field>) -> Header {
        let picture = Planar8::new(PixelModel::Grey, 16, height, (1, 1));
        let bytes = jpeg::encode(&picture, 50, (1, 1)).unwrap();
        let header = jpeg::segments::header::parse(&bytes).unwrap();
        Header { field, ..header }
    }

    #[test]
    fn the_size_of_the_file_decides_where_it_is_known_and_the_stream_where_it_is_not() {
        let frame = Planar8::new(PixelModel::Grey, 16, 24, (1, 1));
        let top = Some(Field::Top);
        for (header, interlaced, pictures) in [
            (None, false, 1),
            (None, true, 2),
            (Some(header(24, None)), true, 1),
            // A camera that writes a field polarity into whole frames.
            (Some(header(24, top)), true, 1),
            (Some(header(12, top)), true, 2),
            (Some(header(12, None)), true, 2),
            (Some(header(12, top)), false, 2),
            (Some(header(12, None)), false, 2),
            // The header of another frame.
            (Some(header(10, top)), true, 2),
        ] {
            let text = format!("{header:?} {interlaced}");
            let (found, header) = parts(&frame, header, interlaced);
            assert_eq!(found.len(), pictures, "{text}");
            if pictures == 2 && header.as_ref().is_some_and(|header| header.height == 12) {
                assert_eq!(header.unwrap().field, None, "{text}");
            }
        }
        let line = Planar8::new(PixelModel::Grey, 16, 1, (1, 1));
        assert_eq!(parts(&line, None, true).0.len(), 1);
    }

    #[test]
    fn buffers_of_mixed_streams_say_what_they_are() {
        gst::init().unwrap();
        let mut buffer = gst::Buffer::new();
        let mixed = VideoInterlaceMode::Mixed;
        assert!(!is_interlaced(mixed, &buffer));
        let writable = buffer.get_mut().unwrap();
        writable.set_video_flags(VideoBufferFlags::INTERLACED);
        assert!(is_interlaced(mixed, &buffer));
        assert!(!is_interlaced(VideoInterlaceMode::Progressive, &buffer));
    }
}
