//! Caps: what is accepted, what is refused, and that buffers come out as they went in.

mod common;

use common::{pipeline, play, stat};
use gst::prelude::*;

const FORMATS: [&str; 37] = [
    "I420",
    "Y42B",
    "Y444",
    "NV12",
    "GRAY8",
    "RGB",
    "RGBx",
    "RGBA",
    "BGR",
    "BGRx",
    "BGRA",
    "xRGB",
    "ARGB",
    "xBGR",
    "ABGR",
    "YV12",
    "NV21",
    "NV16",
    "NV24",
    "YUY2",
    "UYVY",
    "AYUV",
    "GBR",
    "Y41B",
    "Y444_10LE",
    "I422_10LE",
    "I420_10LE",
    "P010_10LE",
    "GBR_10LE",
    "Y444_12LE",
    "I422_12LE",
    "I420_12LE",
    "P012_LE",
    "GBR_12LE",
    "ARGB64",
    "GRAY16_LE",
    "GRAY16_BE",
];

/// Plays three frames of these caps through the element; the frames that came out.
fn frames_of(caps: &str) -> u64 {
    let pipeline = pipeline(&format!(
        "videotestsrc num-buffers=3 ! videoconvert ! {caps} \
         ! ddrmjpeg name=d qf=50 model=identity ! {caps} ! fakesink"
    ));
    let outcome = play(&pipeline);
    assert!(outcome.error.is_none(), "{caps}: {outcome:?}");
    let element = pipeline.by_name("d").unwrap();
    assert_eq!(stat(&element, "frames"), 3);
    stat(&element, "restored") + stat(&element, "passed-through")
}

#[test]
fn every_format_runs_at_odd_and_even_sizes() {
    for format in FORMATS {
        for (width, height) in [(1, 1), (17, 13), (16, 16), (64, 7)] {
            let caps = format!("video/x-raw,format={format},width={width},height={height}");
            assert_eq!(frames_of(&caps), 3, "{caps}");
        }
    }
}

#[test]
fn the_first_format_that_both_sides_take_is_found() {
    let pipeline = pipeline(
        "videotestsrc num-buffers=1 ! videoconvert ! ddrmjpeg model=identity qf=50 \
         ! video/x-raw,format=(string){v308,Y42B} ! fakesink name=s",
    );
    let caps_at_end = {
        let sink = pipeline.by_name("s").unwrap();
        let pad = sink.static_pad("sink").unwrap();
        pipeline.set_state(gst::State::Paused).unwrap();
        let (done, _, _) = pipeline.state(gst::ClockTime::from_seconds(30));
        done.expect("preroll");
        pad.current_caps().unwrap().to_string()
    };
    pipeline.set_state(gst::State::Null).unwrap();
    assert!(caps_at_end.contains("format=(string)Y42B"), "{caps_at_end}");
}

#[test]
fn fields_apart_and_formats_that_are_not_in_the_table_are_refused() {
    for caps in [
        "video/x-raw,format=I420,interlace-mode=fields",
        "video/x-raw(format:Interlaced),format=I420,interlace-mode=alternate",
        "video/x-raw,format=v308",
        "video/x-raw,format=I420,width=20000,height=16",
    ] {
        common::init();
        let sink = gst::ElementFactory::make("ddrmjpeg").build().unwrap();
        let pad = sink.static_pad("sink").unwrap();
        let caps = caps.parse::<gst::Caps>().unwrap();
        assert!(!pad.query_caps(Some(&caps)).can_intersect(&caps), "{caps}");
    }
}

/// Fields in turns of lines; of mixed streams those buffers that say so.
#[test]
fn interlaced_frames_are_taken() {
    common::init();
    for mode in ["interleaved", "mixed"] {
        let mut harness = gst_check::Harness::new_parse("ddrmjpeg model=identity qf=50");
        harness.set_src_caps_str(&format!(
            "video/x-raw,format=GRAY8,width=8,height=9,framerate=25/1,interlace-mode={mode}"
        ));
        let out = harness.push_and_pull(gst::Buffer::from_mut_slice(vec![7u8; 72]));
        assert_eq!(out.unwrap().size(), 72, "{mode}");
    }
}

/// Programs that push raw frames seldom say that they are progressive.
#[test]
fn caps_that_do_not_speak_of_interlacing_are_progressive() {
    common::init();
    let mut harness = gst_check::Harness::new_parse("ddrmjpeg model=identity qf=50");
    harness.set_src_caps_str("video/x-raw,format=GRAY8,width=8,height=8,framerate=25/1");
    let out = harness.push_and_pull(gst::Buffer::from_mut_slice(vec![7u8; 64]));
    assert_eq!(out.unwrap().size(), 64);
}

#[test]
fn a_change_of_caps_in_the_stream_is_followed() {
    common::init();
    let element = gst::ElementFactory::make("ddrmjpeg")
        .property("model", "identity")
        .property("qf", 50u32)
        .build()
        .unwrap();
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    for (width, height) in [(8, 8), (17, 13), (1, 1), (64, 16)] {
        harness.set_src_caps_str(&format!(
            "video/x-raw,format=RGBx,width={width},height={height},framerate=25/1"
        ));
        let size = width * height * 4;
        let out = harness.push_and_pull(gst::Buffer::from_mut_slice(vec![7u8; size]));
        assert_eq!(out.unwrap().size(), size);
    }
}

#[test]
fn times_and_offsets_of_buffers_stay() {
    common::init();
    let mut harness = gst_check::Harness::new_parse("ddrmjpeg model=identity qf=50");
    harness.set_src_caps_str("video/x-raw,format=GRAY8,width=8,height=8,framerate=25/1");
    let mut buffer = gst::Buffer::from_mut_slice(vec![7u8; 64]);
    let meta = buffer.get_mut().unwrap();
    meta.set_pts(gst::ClockTime::from_mseconds(120));
    meta.set_duration(gst::ClockTime::from_mseconds(40));
    meta.set_offset(3);
    let out = harness.push_and_pull(buffer).unwrap();
    assert_eq!(out.pts(), Some(gst::ClockTime::from_mseconds(120)));
    assert_eq!(out.duration(), Some(gst::ClockTime::from_mseconds(40)));
    assert_eq!(out.offset(), 3);
}
