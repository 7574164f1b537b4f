//! Frames of 10 to 16 bits, alpha and padding, and the samples of every format of the table.

use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::{Control, ModelOptions, RestoreOptions, Restorer, jpeg};
use gst::prelude::*;
use gst_video::{VideoFormat, VideoFrameRef, VideoInfo};

use super::init;
use crate::pixels::Pixels;
use crate::planes;
use crate::planes::formats;

/// A colour JPEG of slopes.
fn picture(quality: u8, sampling: (usize, usize)) -> Vec<u8> {
    let mut scene = Planar8::new(PixelModel::Rgb, 37, 22, (1, 1));
    for (c, plane) in scene.planes.iter_mut().enumerate() {
        for (i, sample) in plane.data.iter_mut().enumerate() {
            *sample = (30 * c + 4 * (i % 37) + 2 * (i / 37)) as u8;
        }
    }
    jpeg::encode(&scene, quality, sampling).unwrap()
}

fn grey() -> Vec<u8> {
    let mut scene = Planar8::new(PixelModel::Grey, 37, 22, (1, 1));
    let samples = scene.planes[0].data.iter_mut().enumerate();
    samples.for_each(|(i, sample)| *sample = (20 + 4 * (i % 37) + 2 * (i / 37)) as u8);
    jpeg::encode(&scene, 30, (1, 1)).unwrap()
}

/// The frame of `format` that the decoder makes of `bytes`, and its format.
fn frame(bytes: &[u8], format: &str) -> (gst::Buffer, VideoInfo) {
    init();
    let mut harness = gst_check::Harness::new_parse("ddrmjpegdec model=identity");
    harness.set_sink_caps_str(&format!("video/x-raw,format={format}"));
    harness.set_src_caps_str("image/jpeg,framerate=25/1,parsed=true");
    let out = harness
        .push_and_pull(gst::Buffer::from_slice(bytes.to_vec()))
        .unwrap();
    let caps = harness.sinkpad().unwrap().current_caps().unwrap();
    (out, VideoInfo::from_caps(&caps).unwrap())
}

fn decoded(bytes: &[u8], format: &str) -> Pixels {
    let (buffer, info) = frame(bytes, format);
    let frame = VideoFrameRef::from_buffer_ref_readable(&buffer, &info).unwrap();
    planes::read(&frame).unwrap()
}

/// Samples of 16 bits, component by component.
fn samples(pixels: &Pixels) -> Vec<Vec<u16>> {
    let planes = pixels.upper.planes.iter().zip(&pixels.lower().planes);
    let samples = planes.map(|(upper, lower)| {
        let bytes = upper.data.iter().zip(&lower.data);
        bytes
            .map(|(&upper, &lower)| u16::from_be_bytes([upper, lower]))
            .collect()
    });
    samples.collect()
}

/// What the command writes with `--depth 16`.
fn command(bytes: &[u8]) -> Vec<Vec<u16>> {
    let core = Restorer::open(&ModelOptions::default().with_model("identity")).unwrap();
    let options = RestoreOptions::default();
    let file = jpeg::read(bytes, &options.limits).unwrap();
    let (picture, _) = core
        .restore_unrounded(&file, &options, Control::default())
        .unwrap();
    let all = picture.interleaved16();
    let channel = |c| {
        all.iter()
            .skip(c)
            .step_by(picture.channels)
            .copied()
            .collect()
    };
    (0..picture.channels).map(channel).collect()
}

#[test]
fn sixteen_bits_are_those_of_the_command() {
    for sampling in [(1, 1), (2, 2)] {
        let bytes = picture(30, sampling);
        assert_eq!(samples(&decoded(&bytes, "ARGB64")), command(&bytes));
    }
    for format in ["GRAY16_LE", "GRAY16_BE"] {
        assert_eq!(
            samples(&decoded(&grey(), format)),
            command(&grey()),
            "{format}"
        );
    }
}

/// The largest difference in 8-bit levels between samples of `depth` bits and what they are rounded
/// to.
fn apart(deep: &Pixels, depth: u32, plain: &Pixels) -> f64 {
    let mut most: f64 = 0.0;
    let steps = f64::from((1 << depth) - 1) / 255.0;
    for (c, (deep, plain)) in samples(deep).iter().zip(&plain.upper.planes).enumerate() {
        let (zero, middle) = if c > 0 {
            (1 << (depth - 1), 128.0)
        } else {
            (0, 0.0)
        };
        for (&sample, &byte) in deep.iter().zip(&plain.data) {
            let level = f64::from(i32::from(sample >> (16 - depth)) - zero) / steps + middle;
            most = most.max((level - f64::from(byte)).abs());
        }
    }
    most
}

#[test]
fn more_bits_are_nearer_to_what_was_computed() {
    for (deep, depth, plain) in [
        ("Y444_10LE", 10, "Y444"),
        ("I422_10LE", 10, "Y42B"),
        ("I420_10LE", 10, "I420"),
        ("P010_10LE", 10, "NV12"),
        ("I420_12LE", 12, "I420"),
        ("P012_LE", 12, "NV12"),
    ] {
        for sampling in [(1, 1), (2, 1), (2, 2)] {
            let bytes = picture(30, sampling);
            let (deep, plain) = (decoded(&bytes, deep), decoded(&bytes, plain));
            // Half a level, and half of a step of its own.
            let apart = apart(&deep, depth, &plain);
            let step = 255.0 / f64::from((1 << depth) - 1);
            assert!(apart <= 0.5 + step / 2.0 + 1e-6, "{apart}");
            assert!(apart > 0.4, "rounded to 8 bits before: {apart}");
        }
    }
}

/// Formats that hold the same samples in another order.
#[test]
fn every_format_of_8_bits_holds_the_same() {
    init();
    let bytes = picture(50, (2, 2));
    for format in formats::all().filter(|&format| !formats::is_deep(format)) {
        let found = decoded(&bytes, &format.to_string());
        let same = match (formats::model(format).unwrap(), found.upper.subsampling) {
            (PixelModel::Grey, _) => "GRAY8",
            (PixelModel::Rgb, _) => "RGB",
            (PixelModel::YCbCr, (2, 2)) => "I420",
            (PixelModel::YCbCr, (2, 1)) => "Y42B",
            (PixelModel::YCbCr, (1, 1)) => "Y444",
            (_, subsampling) => {
                assert_eq!((format, subsampling), (VideoFormat::Y41b, (4, 1)));
                continue; // It has no other of its kind; a 4:1:1 JPEG is compared with the core's.
            }
        };
        assert_eq!(found, decoded(&bytes, same), "{format}");
    }
}

#[test]
fn frames_are_opaque() {
    let bytes = picture(50, (1, 1));
    let fourths = [
        ("RGBx", 3),
        ("BGRA", 3),
        ("xRGB", 0),
        ("ABGR", 0),
        ("AYUV", 0),
    ];
    for (format, at) in fourths {
        let (buffer, _) = frame(&bytes, format);
        let map = buffer.map_readable().unwrap();
        assert!(
            map.iter().skip(at).step_by(4).all(|&byte| byte == 255),
            "{format}"
        );
    }
    let (buffer, _) = frame(&bytes, "ARGB64");
    let map = buffer.map_readable().unwrap();
    assert!(map.chunks_exact(8).all(|pixel| pixel[..2] == [255; 2]));
}

/// Each field in both bytes of its rows.
#[test]
fn fields_of_16_bits_are_woven() {
    let field = |polarity: u8| {
        let jpeg = grey();
        let app0 = [0xFF, 0xE0, 0, 10, b'A', b'V', b'I', b'1', polarity, 0, 0, 0];
        [&jpeg[..2], &app0, &jpeg[2..]].concat()
    };
    let woven = decoded(&[field(1), field(2)].concat(), "GRAY16_LE");
    let alone = samples(&decoded(&grey(), "GRAY16_LE")).remove(0);
    let woven = samples(&woven).remove(0);
    for (y, row) in woven.chunks_exact(37).enumerate() {
        assert_eq!(row, &alone[y / 2 * 37..][..37]);
    }
}

#[test]
fn the_other_formats_are_marked_as_jpeg_too() {
    for (format, colorimetry, site) in [
        ("P010_10LE", "1:4:0:0", "jpeg"),
        ("NV12", "1:4:0:0", "jpeg"),
        ("GRAY16_LE", "1:4:0:0", ""),
        ("ARGB64", "sRGB", ""),
        ("BGRx", "sRGB", ""),
    ] {
        let (_, info) = frame(&picture(50, (2, 2)), format);
        assert_eq!(info.colorimetry().to_string(), colorimetry, "{format}");
        let caps = info.to_caps().unwrap().to_string();
        assert_eq!(
            caps.contains("chroma-site=(string)jpeg"),
            !site.is_empty(),
            "{caps}"
        );
        assert_ne!(info.format(), VideoFormat::Unknown);
    }
}
