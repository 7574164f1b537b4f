//! The decoder in pipelines: behind parsers and without, states, seeks, starts that fail.

mod common;

use std::io::Write;

use common::{jpegs, pipeline, play, stat, text};
use gst::prelude::*;

const SOURCE: &str = "videotestsrc num-buffers=5 ! video/x-raw,format=Y42B,width=48,height=32 \
                      ! jpegenc";

#[test]
fn parsed_and_bare_frames_reach_the_sink() {
    for parser in ["", "! jpegparse"] {
        let pipeline = pipeline(&format!(
            "{SOURCE} {parser} ! ddrmjpegdec name=d model=identity ! videoconvert ! fakesink"
        ));
        let outcome = play(&pipeline);
        assert!(outcome.error.is_none(), "{parser}: {outcome:?}");
        assert_eq!(outcome.warnings, [""; 0]);
        assert_eq!(stat(&pipeline.by_name("d").unwrap(), "restored"), 5);
    }
}

/// A file of frames one behind another, with no parser before the decoder and with one.
#[test]
fn a_file_of_frames_is_played() {
    let mut file = tempfile::Builder::new()
        .suffix(".mjpeg")
        .tempfile()
        .unwrap();
    for phase in 0..6 {
        let frame = jpegs::frame((48, 32), (2, 1), 60, phase);
        file.write_all(&jpegs::without_huffman_tables(&frame))
            .unwrap();
    }
    let path = file.path().to_str().unwrap();
    for parser in ["", "! jpegparse"] {
        let pipeline = pipeline(&format!(
            "filesrc location={path} blocksize=500 {parser} \
             ! ddrmjpegdec name=d model=identity ! video/x-raw,format=Y444 ! fakesink"
        ));
        let outcome = play(&pipeline);
        assert!(outcome.error.is_none(), "{parser}: {outcome:?}");
        let element = pipeline.by_name("d").unwrap();
        assert_eq!(stat(&element, "restored"), 6, "{parser}: {outcome:?}");
    }
}

#[test]
fn a_model_that_is_not_there_is_an_error_that_names_it() {
    let pipeline = pipeline(&format!(
        "{SOURCE} ! ddrmjpegdec name=d model=/no/such/model.safetensors ! fakesink"
    ));
    let error = play(&pipeline).error.expect("an ERROR on the bus");
    assert!(
        text(&error).contains("/no/such/model.safetensors"),
        "{error:?}"
    );
    pipeline
        .by_name("d")
        .unwrap()
        .set_property("model", "identity");
    assert!(play(&pipeline).error.is_none());
}

#[test]
fn a_stream_without_a_single_frame_ends_with_an_error() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&[0xFF, 0xD8, 0xFF, 0xFE, 0, 9, 1, 2, 3])
        .unwrap();
    let path = file.path().to_str().unwrap();
    let pipeline = pipeline(&format!(
        "filesrc location={path} ! ddrmjpegdec model=identity ! fakesink"
    ));
    let outcome = play(&pipeline);
    assert!(outcome.error.is_some(), "{outcome:?}");
}

#[test]
fn states_cycle_twenty_times() {
    let pipeline = pipeline(
        "videotestsrc ! video/x-raw,format=GRAY8,width=32,height=32 ! jpegenc \
         ! ddrmjpegdec model=identity ! fakesink",
    );
    let stops = [gst::State::Ready, gst::State::Paused, gst::State::Null];
    for turn in 0..20 {
        pipeline.set_state(gst::State::Playing).unwrap();
        let (reached, _, _) = pipeline.state(gst::ClockTime::from_seconds(30));
        reached.unwrap_or_else(|e| panic!("turn {turn}: {e}"));
        pipeline.set_state(stops[turn % 3]).unwrap();
    }
    pipeline.set_state(gst::State::Null).unwrap();
    let bus = pipeline.bus().unwrap();
    let error = bus.pop_filtered(&[gst::MessageType::Error]);
    assert!(error.is_none(), "{error:?}");
}

#[test]
fn seeks_while_playing_leave_the_stream_whole() {
    let pipeline = pipeline(
        "videotestsrc num-buffers=300 ! video/x-raw,format=GRAY8,width=32,height=32 ! jpegenc \
         ! ddrmjpegdec model=identity ! fakesink",
    );
    pipeline.set_state(gst::State::Playing).unwrap();
    let (reached, _, _) = pipeline.state(gst::ClockTime::from_seconds(30));
    reached.unwrap();
    for n in 0..10 {
        let place = gst::ClockTime::from_mseconds(n * 100);
        pipeline.seek_simple(gst::SeekFlags::FLUSH, place).unwrap();
    }
    let outcome = play(&pipeline);
    assert!(outcome.error.is_none(), "{outcome:?}");
}

#[test]
fn it_is_never_plugged_in_unasked() {
    common::init();
    let factory = gst::ElementFactory::find("ddrmjpegdec").unwrap();
    assert_eq!(factory.rank(), gst::Rank::NONE);
    assert!(factory.has_type(gst::ElementFactoryType::DECODER));
}
