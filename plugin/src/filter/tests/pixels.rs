//! Which bytes of a buffer change, and how, for every format, odd sizes and any stride.

use gst_video::prelude::*;
use gst_video::{VideoFormat, VideoInfo};

use super::{harness, marked, share};
use crate::planes::formats;

const SIZES: [(u32, u32); 5] = [(1, 1), (2, 2), (17, 13), (16, 8), (3, 40)];

/// A buffer with a gap at its start and `padding` bytes after each row.
fn padded_buffer(info: &VideoInfo, padding: i32) -> (gst::Buffer, Vec<usize>, Vec<i32>) {
    let n_planes = info.n_planes() as usize;
    let strides: Vec<i32> = info.stride()[..n_planes]
        .iter()
        .map(|stride| stride + padding)
        .collect();
    let mut end = padding as usize;
    let mut offsets = Vec::new();
    for (plane, stride) in strides.iter().enumerate() {
        offsets.push(end);
        end += *stride as usize * rows(info, plane);
    }
    let bytes: Vec<u8> = (0..end).map(|i| (i * 73 % 251) as u8).collect();
    let mut buffer = gst::Buffer::from_mut_slice(bytes);
    gst_video::VideoMeta::add_full(
        buffer.get_mut().unwrap(),
        gst_video::VideoFrameFlags::empty(),
        info.format(),
        info.width(),
        info.height(),
        &offsets,
        &strides,
    )
    .unwrap();
    (buffer, offsets, strides)
}

/// Rows of a plane, from the format's name: 4:2:0 halves all planes but the first.
fn rows(info: &VideoInfo, plane: usize) -> usize {
    use VideoFormat::{I420, Nv12, Nv21, Yv12};
    let halved = matches!(info.format(), I420 | Yv12 | Nv12 | Nv21) && plane > 0;
    (info.height() as usize).div_ceil(if halved { 2 } else { 1 })
}

/// What the core adds to the bytes of one row of a plane, from left to right, for the formats as
/// GStreamer documents them. 0 marks a byte that must not change.
fn row_additions(format: VideoFormat, plane: usize, width: usize) -> Vec<u8> {
    let half = width.div_ceil(2);
    // Two bytes per pixel; with an odd width the last pair has no second luma sample.
    let pairs = |luma: usize| {
        let byte = move |i: usize| match (i % 4 / 2, i % 2 == luma) {
            (_, true) if i / 2 < width => 10,
            (_, true) => 0,
            (0, false) => 20,
            (_, false) => 30,
        };
        (0..4 * half).map(byte).collect()
    };
    match (format, plane) {
        (VideoFormat::Xrgb | VideoFormat::Argb | VideoFormat::Ayuv, _) => {
            [0, 10, 20, 30].repeat(width)
        }
        (VideoFormat::Xbgr | VideoFormat::Abgr, _) => [0, 30, 20, 10].repeat(width),
        (VideoFormat::Yuy2, _) => pairs(0),
        (VideoFormat::Uyvy, _) => pairs(1),
        (VideoFormat::Rgb, _) => [10, 20, 30].repeat(width),
        (VideoFormat::Bgr, _) => [30, 20, 10].repeat(width),
        (VideoFormat::Rgbx | VideoFormat::Rgba, _) => [10, 20, 30, 0].repeat(width),
        (VideoFormat::Bgrx | VideoFormat::Bgra, _) => [30, 20, 10, 0].repeat(width),
        // Green, blue, red.
        (VideoFormat::Gbr, plane) => vec![[20, 30, 10][plane]; width],
        (_, 0) => vec![10; width],
        (VideoFormat::Nv12 | VideoFormat::Nv16, _) => [20, 30].repeat(half),
        (VideoFormat::Nv21, _) => [30, 20].repeat(half),
        (VideoFormat::Nv24, _) => [20, 30].repeat(width),
        (VideoFormat::Yv12, plane) => vec![10 * (4 - plane as u8); half],
        (VideoFormat::Y41b, plane) => vec![10 * (plane as u8 + 1); width.div_ceil(4)],
        (VideoFormat::Y444, plane) => vec![10 * (plane as u8 + 1); width],
        (_, plane) => vec![10 * (plane as u8 + 1); half],
    }
}

#[test]
fn every_sample_of_every_format_changes_and_no_other_byte() {
    let _core = share("marks", |frame, _, _| Ok(marked(frame)));
    for format in formats::all().filter(|&format| !formats::is_deep(format)) {
        for (width, height) in SIZES {
            for padding in [0, 5, 64] {
                check(format, width, height, padding);
            }
        }
    }
}

fn check(format: VideoFormat, width: u32, height: u32, padding: i32) {
    let rgb = gst_video::VideoFormatInfo::from_format(format).is_rgb();
    let colorimetry = if rgb { "sRGB" } else { "1:4:0:0" };
    let caps = format!(
        "video/x-raw,format={format},width={width},height={height},framerate=25/1,\
         colorimetry={colorimetry}"
    );
    let (mut harness, _bus) = harness("marks", &caps);
    let info = VideoInfo::builder(format, width, height).build().unwrap();
    let (buffer, offsets, strides) = padded_buffer(&info, padding);
    let mut expected = buffer.map_readable().unwrap().to_vec();
    for (plane, (offset, stride)) in offsets.iter().zip(&strides).enumerate() {
        for y in 0..rows(&info, plane) {
            let additions = row_additions(format, plane, width as usize);
            let line = &mut expected[offset + y * *stride as usize..];
            for (byte, add) in line.iter_mut().zip(additions) {
                *byte = byte.wrapping_add(add);
            }
        }
    }
    let out = harness.push_and_pull(buffer).unwrap();
    assert_eq!(
        out.map_readable().unwrap().as_slice(),
        expected,
        "{format} {width}x{height}, padding {padding}"
    );
}

#[test]
fn a_buffer_that_others_hold_is_copied_before_it_is_changed() {
    let _core = share("marks-shared", |frame, _, _| Ok(marked(frame)));
    let (mut harness, _bus) = harness(
        "marks-shared",
        "video/x-raw,format=GRAY8,width=8,height=8,framerate=25/1",
    );
    let held = gst::Buffer::from_mut_slice(vec![7u8; 64]);
    let out = harness.push_and_pull(held.clone()).unwrap();
    assert_eq!(held.map_readable().unwrap().as_slice(), [7; 64]);
    assert_eq!(out.map_readable().unwrap().as_slice(), [17; 64]);
}

#[test]
fn strength_0_passes_the_very_buffer_and_comes_back_live() {
    let _core = share("marks-live", |frame, _, _| Ok(marked(frame)));
    let (mut harness, _bus) = harness(
        "marks-live",
        "video/x-raw,format=GRAY8,width=8,height=8,framerate=25/1",
    );
    let element = harness.element().unwrap();
    for (strength, value) in [(0.0, 7), (1.0, 17), (0.0, 7), (0.5, 17)] {
        element.set_property("strength", strength);
        let held = gst::Buffer::from_mut_slice(vec![7u8; 64]);
        let out = harness.push_and_pull(held.clone()).unwrap();
        assert_eq!(out.map_readable().unwrap().as_slice(), [value; 64]);
        assert_eq!(out.as_ptr() == held.as_ptr(), strength == 0.0);
    }
    let stats: gst::Structure = element.property("stats");
    assert_eq!(stats.get::<u64>("frames"), Ok(4));
    assert_eq!(stats.get::<u64>("restored"), Ok(2));
    assert_eq!(stats.get::<u64>("passed-through"), Ok(2));
    assert_eq!(stats.get::<u64>("network-calls"), Ok(4));
    assert_eq!(stats.get::<u32>("quality"), Ok(20));
}
