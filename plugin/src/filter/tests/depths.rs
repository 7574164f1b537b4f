//! Frames of 10 to 16 bits, and alpha. GStreamer's own converter makes the frames and reads the
//! results, so that order, shift and endianness of samples are its.

use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg;
use gst::prelude::*;
use gst_video::prelude::*;
use gst_video::{VideoConverter, VideoConverterConfig, VideoFormat, VideoFrame, VideoInfo};

use super::{harness, marked, share};
use crate::planes::formats;

/// Each format of more than 8 bits, one of 8 bits with the same components, and its planes' marks.
const PAIRS: [(VideoFormat, VideoFormat); 13] = [
    (VideoFormat::Y44410le, VideoFormat::Y444),
    (VideoFormat::I42210le, VideoFormat::Y42b),
    (VideoFormat::I42010le, VideoFormat::I420),
    (VideoFormat::P01010le, VideoFormat::Nv12),
    (VideoFormat::Gbr10le, VideoFormat::Gbr),
    (VideoFormat::Y44412le, VideoFormat::Y444),
    (VideoFormat::I42212le, VideoFormat::Y42b),
    (VideoFormat::I42012le, VideoFormat::I420),
    (VideoFormat::P012Le, VideoFormat::Nv12),
    (VideoFormat::Gbr12le, VideoFormat::Gbr),
    (VideoFormat::Argb64, VideoFormat::Argb),
    (VideoFormat::Gray16Le, VideoFormat::Gray8),
    (VideoFormat::Gray16Be, VideoFormat::Gray8),
];

fn info(format: VideoFormat, (width, height): (u32, u32)) -> VideoInfo {
    let rgb = formats::model(format) == Some(PixelModel::Rgb);
    let colorimetry = if rgb { "sRGB" } else { "1:4:0:0" };
    let builder = VideoInfo::builder(format, width, height).fps(gst::Fraction::new(25, 1));
    builder
        .colorimetry(&colorimetry.parse().unwrap())
        .build()
        .unwrap()
}

/// `buffer` in another depth.
fn converted(buffer: gst::Buffer, from: &VideoInfo, to: &VideoInfo) -> gst::Buffer {
    let mut config = VideoConverterConfig::new();
    config.set_dither_method(gst_video::VideoDitherMethod::None);
    let converter = VideoConverter::new(from, to, Some(config)).unwrap();
    let source = VideoFrame::from_buffer_readable(buffer, from).unwrap();
    let out = gst::Buffer::with_size(to.size()).unwrap();
    let mut out = VideoFrame::from_buffer_writable(out, to).unwrap();
    converter.frame(&source, &mut out);
    out.into_buffer()
}

/// The samples of each component, alpha too.
fn components(buffer: &gst::Buffer, info: &VideoInfo) -> Vec<Vec<u8>> {
    let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, info).unwrap();
    let component = |c: u32| {
        let bytes = frame.comp_data(c).unwrap();
        let (stride, step) = (
            frame.comp_stride(c) as usize,
            frame.comp_pstride(c) as usize,
        );
        let (width, height) = (frame.comp_width(c) as usize, frame.comp_height(c) as usize);
        let row = |y: usize| (0..width).map(move |x| bytes[y * stride + x * step]);
        (0..height).flat_map(row).collect()
    };
    (0..frame.n_components()).map(component).collect()
}

/// A buffer of 8 bits whose bytes leave room for marks.
fn bytes(info: &VideoInfo) -> gst::Buffer {
    let bytes = (0..info.size()).map(|i| (i * 73 % 211) as u8);
    gst::Buffer::from_mut_slice(bytes.collect::<Vec<u8>>())
}

#[test]
fn every_depth_is_in_the_table() {
    super::init();
    let deep = formats::all().filter(|&format| formats::is_deep(format));
    assert!(deep.eq(PAIRS.iter().map(|&(deep, _)| deep)));
}

#[test]
fn every_component_changes_and_alpha_stays() {
    let _core = share("marks-deep", |frame, _, _| Ok(marked(frame)));
    for (deep, plain) in PAIRS {
        for size in [(16, 8), (17, 13), (2, 2)] {
            let (deep, plain) = (info(deep, size), info(plain, size));
            let source = bytes(&plain);
            let mut expected = components(&source, &plain);
            for (plane, mark) in expected.iter_mut().zip([10, 20, 30, 0]) {
                plane.iter_mut().for_each(|sample| *sample += mark);
            }
            let caps = deep.to_caps().unwrap().to_string();
            let (mut harness, _bus) = harness("marks-deep", &caps);
            let out = harness
                .push_and_pull(converted(source, &plain, &deep))
                .unwrap();
            let found = components(&converted(out, &deep, &plain), &plain);
            assert_eq!(found, expected, "{caps}");
        }
    }
}

#[test]
fn a_frame_that_is_not_restored_keeps_all_of_its_bits() {
    let _core = share("fails-deep", |_, _, _| {
        Err(ddrmjpeg::Error::Input("torn".into()))
    });
    for (deep, _) in PAIRS {
        let info = info(deep, (17, 13));
        let (mut harness, _bus) = harness("fails-deep", &info.to_caps().unwrap().to_string());
        let bytes: Vec<u8> = (0..info.size()).map(|i| (i * 73 % 251) as u8).collect();
        let out = harness.push_and_pull(gst::Buffer::from_mut_slice(bytes.clone()));
        assert_eq!(out.unwrap().map_readable().unwrap().as_slice(), bytes);
    }
}

/// A grey slope, as a JPEG of quality 20 shows it.
fn slope() -> Planar8 {
    let mut scene = Planar8::new(PixelModel::Grey, 64, 32, (1, 1));
    for (i, sample) in scene.planes[0].data.iter_mut().enumerate() {
        *sample = (60 + i % 64 + i / 64) as u8;
    }
    let coded = jpeg::encode(&scene, 20, (1, 1)).unwrap();
    let shown = jpeg::file::pixels::decode(&coded, &ddrmjpeg::options::Limits::default());
    shown.unwrap()
}

fn restored(format: VideoFormat, bytes: Vec<u8>) -> Vec<u8> {
    let caps = info(format, (64, 32)).to_caps().unwrap().to_string();
    let (mut harness, bus) = harness("nano", &caps);
    let out = harness
        .push_and_pull(gst::Buffer::from_mut_slice(bytes))
        .unwrap();
    assert_eq!(super::texts(&bus, gst::MessageType::Warning), [""; 0]);
    out.map_readable().unwrap().to_vec()
}

/// What the core computes is not rounded to 8 bits: rounded, it is what frames of 8 bits become.
#[test]
fn sixteen_bits_hold_what_lies_between_the_levels() {
    super::init();
    let levels = slope().planes.remove(0).data;
    let words: Vec<u8> = levels.iter().flat_map(|&level| [level, level]).collect();
    let deep = restored(VideoFormat::Gray16Le, words);
    let deep = deep
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let plain = restored(VideoFormat::Gray8, levels);
    let rounded = deep
        .clone()
        .map(|sample| (f64::from(sample) / 257.0).round() as u8);
    assert_eq!(rounded.collect::<Vec<_>>(), plain);
    let between = deep.filter(|sample| sample % 257 != 0).count();
    assert!(between > plain.len() / 2, "{between}");
}

/// Side by side the frame is another buffer, whose alpha nobody has written yet.
#[test]
fn both_halves_have_the_alpha_of_the_frame() {
    let _core = share("marks-alpha", |frame, _, _| Ok(marked(frame)));
    for format in [VideoFormat::Rgba, VideoFormat::Ayuv, VideoFormat::Argb64] {
        let narrow = info(format, (6, 3));
        let (mut harness, _bus) = harness("marks-alpha", &narrow.to_caps().unwrap().to_string());
        let element = harness.element().unwrap();
        element.set_property_from_str("compare", "side-by-side");
        let bytes: Vec<u8> = (0..narrow.size()).map(|i| (i * 73 % 251) as u8).collect();
        let source = gst::Buffer::from_mut_slice(bytes);
        // 8 bits of alpha do to compare.
        let alpha = |buffer: gst::Buffer, from: &VideoInfo| {
            let to = info(VideoFormat::Argb, (from.width(), from.height()));
            components(&converted(buffer, from, &to), &to).remove(3)
        };
        let expected = alpha(source.copy(), &narrow);
        let wide = info(format, (12, 3));
        let found = alpha(harness.push_and_pull(source).unwrap(), &wide);
        for (found, expected) in found.chunks_exact(12).zip(expected.chunks_exact(6)) {
            assert_eq!(found, [expected, expected].concat(), "{format}");
        }
    }
}
