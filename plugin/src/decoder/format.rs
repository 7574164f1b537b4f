//! The video format of the output for a picture, and its caps.
//!
//! Pure functions. Called by the work on frames.

use ddrmjpeg::frame::PixelModel;
use ddrmjpeg::jpeg::segments::splitter::Field;
use ddrmjpeg::restore::Layout;
use gst_video::{
    VideoChromaSite, VideoColorMatrix, VideoColorPrimaries, VideoColorRange, VideoColorimetry,
    VideoFieldOrder, VideoFormat, VideoInfo, VideoInterlaceMode, VideoTransferFunction,
};

use crate::planes::formats;

/// The output formats that are tried after a picture's own, sorted by how much they keep. All others
/// of the table come after them, so that what is negotiated does not change when one is added.
const FIRST: [VideoFormat; 5] = [
    VideoFormat::Y444,
    VideoFormat::Rgb,
    VideoFormat::Y42b,
    VideoFormat::I420,
    VideoFormat::Gray8,
];

/// Every output format: [`FIRST`], then the rest of the table.
pub fn all() -> impl Iterator<Item = VideoFormat> {
    let rest = formats::all().filter(|format| !FIRST.contains(format));
    FIRST.into_iter().chain(rest)
}

/// What the output depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels, of both fields together.
    pub height: usize,
    /// Meaning of its components.
    pub model: PixelModel,
    /// Luma samples per chroma sample.
    pub subsampling: (usize, usize),
    /// The field that comes first; `None` for a progressive picture.
    pub order: Option<Field>,
}

impl Shape {
    /// The same twice as wide.
    pub fn doubled(&self) -> Self {
        Self {
            width: 2 * self.width,
            ..self.clone()
        }
    }

    /// Whether downstream accepts frames of this size.
    pub fn fits(&self, allowed: Option<&gst::Caps>) -> bool {
        let size = gst_video::VideoCapsBuilder::new()
            .width(self.width as i32)
            .height(self.height as i32)
            .build();
        allowed.is_none_or(|allowed| allowed.can_intersect(&size))
    }

    /// The best format for the picture among those that downstream accepts (`None`: all).
    pub fn choose(&self, allowed: Option<&gst::Caps>) -> Option<VideoFormat> {
        let taken = |format: &VideoFormat| {
            let caps = gst_video::VideoCapsBuilder::new().format(*format).build();
            allowed.is_none_or(|allowed| allowed.can_intersect(&caps))
        };
        let first = std::iter::once(self.own_format()).chain(FIRST);
        first.chain(self.rest()).find(taken)
    }

    /// The rest of the table: 8 bits before more, and the file's own sampling before others, which
    /// are better than none.
    fn rest(&self) -> Vec<VideoFormat> {
        let own = formats::output(self.own_format()).layout;
        let mut rest: Vec<VideoFormat> = all().skip(FIRST.len()).collect();
        rest.sort_by_key(|&format| {
            let output = formats::output(format);
            let layout = output.layout;
            (output.deep, layout != own, layout == Layout::Grey)
        });
        rest
    }

    /// The format with the file's own sampling, or else the one that loses nothing.
    fn own_format(&self) -> VideoFormat {
        match (self.model, self.subsampling) {
            (PixelModel::Grey, _) => VideoFormat::Gray8,
            (PixelModel::Rgb, _) => VideoFormat::Rgb,
            (PixelModel::YCbCr, (2, 2)) => VideoFormat::I420,
            (PixelModel::YCbCr, (2, 1)) => VideoFormat::Y42b,
            (PixelModel::YCbCr, _) => VideoFormat::Y444,
        }
    }

    /// How its frames are interlaced.
    pub fn interlace_mode(&self) -> VideoInterlaceMode {
        match self.order {
            Some(_) => VideoInterlaceMode::Interleaved,
            None => VideoInterlaceMode::Progressive,
        }
    }

    /// Frames of `format`; frame rate, pixel aspect ratio, transfer and primaries are those of
    /// `input`.
    ///
    /// # Errors
    /// GStreamer's, for impossible sizes.
    pub fn info(
        &self,
        format: VideoFormat,
        input: Option<&VideoInfo>,
    ) -> Result<VideoInfo, glib::BoolError> {
        let colorimetry = colorimetry(format, input.map(VideoInfo::colorimetry));
        let mut builder = VideoInfo::builder(format, self.width as u32, self.height as u32)
            .colorimetry(&colorimetry)
            .interlace_mode(self.interlace_mode());
        if matches!(formats::output(format).layout, Layout::YCbCr(factors) if factors != (1, 1)) {
            builder = builder.chroma_site(VideoChromaSite::JPEG);
        }
        if let Some(order) = self.order {
            builder = builder.field_order(match order {
                Field::Top => VideoFieldOrder::TopFieldFirst,
                Field::Bottom => VideoFieldOrder::BottomFieldFirst,
            });
        }
        if let Some(input) = input {
            builder = builder.fps(input.fps()).par(input.par());
        }
        builder.build()
    }
}

/// Range and matrix are those of JPEG. A JPEG says nothing about transfer and primaries, so they
/// are taken from upstream. RGB without any information is taken as sRGB.
fn colorimetry(format: VideoFormat, given: Option<VideoColorimetry>) -> VideoColorimetry {
    let transfer = given.as_ref().map(VideoColorimetry::transfer);
    let transfer = transfer.unwrap_or(VideoTransferFunction::Unknown);
    let primaries = given.as_ref().map(VideoColorimetry::primaries);
    let primaries = primaries.unwrap_or(VideoColorPrimaries::Unknown);
    let range = VideoColorRange::Range0_255;
    if formats::model(format) != Some(PixelModel::Rgb) {
        return VideoColorimetry::new(range, VideoColorMatrix::Bt601, transfer, primaries);
    }
    let transfer = match transfer {
        VideoTransferFunction::Unknown => VideoTransferFunction::Srgb,
        known => known,
    };
    let primaries = match primaries {
        VideoColorPrimaries::Unknown => VideoColorPrimaries::Bt709,
        known => known,
    };
    VideoColorimetry::new(range, VideoColorMatrix::Rgb, transfer, primaries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(model: PixelModel, subsampling: (usize, usize)) -> Shape {
        Shape {
            width: 17,
            height: 9,
            model,
            subsampling,
            order: None,
        }
    }

    #[test]
    fn each_sampling_has_its_format() {
        gst::init().unwrap();
        for (model, subsampling, format) in [
            (PixelModel::YCbCr, (2, 2), VideoFormat::I420),
            (PixelModel::YCbCr, (2, 1), VideoFormat::Y42b),
            (PixelModel::YCbCr, (1, 1), VideoFormat::Y444),
            (PixelModel::YCbCr, (1, 2), VideoFormat::Y444),
            (PixelModel::YCbCr, (4, 1), VideoFormat::Y444),
            (PixelModel::Grey, (1, 1), VideoFormat::Gray8),
            (PixelModel::Rgb, (1, 1), VideoFormat::Rgb),
        ] {
            assert_eq!(shape(model, subsampling).choose(None), Some(format));
        }
    }

    #[test]
    fn downstream_decides_where_it_must() {
        gst::init().unwrap();
        let picture = shape(PixelModel::YCbCr, (2, 2));
        for (formats, chosen) in [
            ("{RGB, I420}", Some(VideoFormat::I420)),
            ("{GRAY8, RGB, Y42B}", Some(VideoFormat::Rgb)),
            ("{GRAY8, Y42B}", Some(VideoFormat::Y42b)),
            ("{NV12, BGRx}", Some(VideoFormat::Nv12)),
            ("{BGRx, xRGB}", Some(VideoFormat::Bgrx)),
            ("{GRAY16_LE, Y444_10LE}", Some(VideoFormat::Y44410le)),
            ("{P010_10LE, Y444_10LE}", Some(VideoFormat::P01010le)),
            ("{P010_10LE, GRAY8}", Some(VideoFormat::Gray8)),
            ("{I420_12LE, I420_10LE}", Some(VideoFormat::I42010le)),
            ("{I420_12LE, Y41B}", Some(VideoFormat::Y41b)),
            ("{v308, VUYA}", None),
        ] {
            let caps: gst::Caps = format!("video/x-raw,format={formats}").parse().unwrap();
            assert_eq!(picture.choose(Some(&caps)), chosen, "{formats}");
        }
    }

    #[test]
    fn frames_are_marked_as_jpeg() {
        gst::init().unwrap();
        let fields = Shape {
            order: Some(Field::Bottom),
            ..shape(PixelModel::YCbCr, (2, 2))
        };
        let caps = fields
            .info(VideoFormat::I420, None)
            .unwrap()
            .to_caps()
            .unwrap();
        let text = caps.to_string();
        for field in [
            "colorimetry=(string)1:4:0:0",
            "chroma-site=(string)jpeg",
            "interlace-mode=(string)interleaved",
            "field-order=(string)bottom-field-first",
        ] {
            assert!(text.contains(field), "{text}");
        }
        let rgb = fields.info(VideoFormat::Rgb, None).unwrap();
        assert_eq!(rgb.colorimetry().to_string(), "sRGB");
    }
}
