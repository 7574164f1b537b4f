//! Whether a stream's colorimetry shows that the levels of a JPEG are intact.
//!
//! JPEG is full range, and YCbCr with the matrix of BT.601. A frame of anything else has been
//! converted since it was decoded, and its pixels no longer fit any quantisation step. A range that
//! is not known contradicts nothing: decoders leave it out where it is always full, `jpegdec` for
//! RGB, `avdec_mjpeg` for RGB and grey. Called when caps are set.

use gst_video::{VideoColorMatrix, VideoColorRange, VideoInfo};

/// Why frames of these caps cannot be restored; `None` if they can.
pub fn objection(info: &VideoInfo) -> Option<String> {
    let colorimetry = info.colorimetry();
    let full = match colorimetry.range() {
        VideoColorRange::Range0_255 => true,
        VideoColorRange::Unknown => !info.is_yuv(),
        _ => false,
    };
    let matrix = !info.is_yuv() || colorimetry.matrix() == VideoColorMatrix::Bt601;
    if full && matrix {
        return None;
    }
    Some(format!(
        "colorimetry {colorimetry} of {}: a JPEG's levels are left only in full range{}",
        info.format(),
        if info.is_yuv() {
            " BT.601 (1:4:0:0)"
        } else {
            ""
        },
    ))
}

#[cfg(test)]
mod tests {
    use gst_video::VideoFormat;

    use super::*;

    fn info(format: VideoFormat, colorimetry: &str) -> VideoInfo {
        gst::init().unwrap();
        let colorimetry = colorimetry.parse().unwrap();
        VideoInfo::builder(format, 16, 16)
            .colorimetry(&colorimetry)
            .build()
            .unwrap()
    }

    #[test]
    fn what_decoders_of_jpeg_mark_is_accepted() {
        // From jpegdec; V4L2's JPEG colour space; the defaults of grey and RGB; what jpegdec and
        // avdec_mjpeg mark RGB and grey as.
        for (format, colorimetry) in [
            (VideoFormat::I420, "1:4:0:0"),
            (VideoFormat::Y42b, "1:4:7:1"),
            (VideoFormat::Gray8, "1:4:0:0"),
            (VideoFormat::Rgb, "sRGB"),
            (VideoFormat::Rgb, "0:1:0:0"),
            (VideoFormat::Gray8, "0:4:0:0"),
        ] {
            assert_eq!(objection(&info(format, colorimetry)), None, "{colorimetry}");
        }
    }

    #[test]
    fn converted_colours_are_named() {
        for (format, colorimetry) in [
            (VideoFormat::I420, "bt601"),
            (VideoFormat::Nv12, "bt709"),
            (VideoFormat::Y444, "1:3:0:0"),
            (VideoFormat::Gray8, "2:4:0:0"),
        ] {
            let message = objection(&info(format, colorimetry)).unwrap();
            assert!(message.contains(colorimetry), "{message}");
        }
    }
}
