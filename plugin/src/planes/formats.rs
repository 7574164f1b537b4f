//! The video formats that the elements take and give: one table for all of them.
//!
//! The filter takes each of them, and the decoder gives each. Alpha and padding bytes belong to no
//! component: the filter leaves them, the decoder makes them opaque. Called by the elements and by
//! `planes`.

use ddrmjpeg::frame::PixelModel;
use ddrmjpeg::frame::PixelModel::{Grey, Rgb, YCbCr};
use ddrmjpeg::restore::Layout;
use gst_video::{VideoFormat, VideoFormatInfo};

use crate::restorer::Output;

/// Every format with the meaning of its components, in the order of the filter's caps: 8 bits
/// first. New ones go to the end of their depth, so that nothing is negotiated differently.
const ROWS: [(VideoFormat, PixelModel); 37] = [
    (VideoFormat::I420, YCbCr),
    (VideoFormat::Y42b, YCbCr),
    (VideoFormat::Y444, YCbCr),
    (VideoFormat::Nv12, YCbCr),
    (VideoFormat::Gray8, Grey),
    (VideoFormat::Rgb, Rgb),
    (VideoFormat::Rgbx, Rgb),
    (VideoFormat::Rgba, Rgb),
    (VideoFormat::Bgr, Rgb),
    (VideoFormat::Bgrx, Rgb),
    (VideoFormat::Bgra, Rgb),
    (VideoFormat::Xrgb, Rgb),
    (VideoFormat::Argb, Rgb),
    (VideoFormat::Xbgr, Rgb),
    (VideoFormat::Abgr, Rgb),
    (VideoFormat::Yv12, YCbCr),
    (VideoFormat::Nv21, YCbCr),
    (VideoFormat::Nv16, YCbCr),
    (VideoFormat::Nv24, YCbCr),
    (VideoFormat::Yuy2, YCbCr),
    (VideoFormat::Uyvy, YCbCr),
    (VideoFormat::Ayuv, YCbCr),
    (VideoFormat::Gbr, Rgb),
    (VideoFormat::Y41b, YCbCr),
    (VideoFormat::Y44410le, YCbCr),
    (VideoFormat::I42210le, YCbCr),
    (VideoFormat::I42010le, YCbCr),
    (VideoFormat::P01010le, YCbCr),
    (VideoFormat::Gbr10le, Rgb),
    (VideoFormat::Y44412le, YCbCr),
    (VideoFormat::I42212le, YCbCr),
    (VideoFormat::I42012le, YCbCr),
    (VideoFormat::P012Le, YCbCr),
    (VideoFormat::Gbr12le, Rgb),
    (VideoFormat::Argb64, Rgb),
    (VideoFormat::Gray16Le, Grey),
    (VideoFormat::Gray16Be, Grey),
];

/// Every format, in the order of the table.
pub fn all() -> impl Iterator<Item = VideoFormat> {
    ROWS.iter().map(|&(format, _)| format)
}

/// What the components of `format` mean; `None` for a format that is not in the table.
pub fn model(format: VideoFormat) -> Option<PixelModel> {
    let row = ROWS.iter().find(|(known, _)| *known == format);
    row.map(|&(_, model)| model)
}

/// Whether the samples of `format` have more than 8 bits.
pub fn is_deep(format: VideoFormat) -> bool {
    VideoFormatInfo::from_format(format).depth()[0] > 8
}

/// Luma samples per chroma sample; (1, 1) without subsampling.
pub fn subsampling(info: &VideoFormatInfo) -> (usize, usize) {
    let of_second = |shifts: &[u32]| 1 << shifts.get(1).copied().unwrap_or(0);
    (of_second(info.w_sub()), of_second(info.h_sub()))
}

/// The core's name for the pixels of `format`, one of the table.
pub fn output(format: VideoFormat) -> Output {
    let layout = match model(format) {
        Some(YCbCr) => Layout::YCbCr(subsampling(&VideoFormatInfo::from_format(format))),
        Some(Grey) => Layout::Grey,
        _ => Layout::Rgb,
    };
    let deep = is_deep(format);
    Output { layout, deep }
}
