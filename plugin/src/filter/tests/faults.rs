//! Frames and cores that fail: what is posted, and whether the stream continues.

use std::sync::atomic::{AtomicUsize, Ordering};

use ddrmjpeg::Error;
use ddrmjpeg::restore::{FrameTables, Report, Restored};
use gst::prelude::*;

use super::{harness, marked, share, texts};

const GREY: &str = "video/x-raw,format=GRAY8,width=8,height=8,framerate=25/1";

fn frame() -> gst::Buffer {
    gst::Buffer::from_mut_slice(vec![7u8; 64])
}

#[test]
fn a_bad_frame_is_a_warning_and_passes_and_the_stream_goes_on() {
    let count = AtomicUsize::new(0);
    let _core = share("second-is-bad", move |frame, _, _| {
        match count.fetch_add(1, Ordering::Relaxed) {
            1 | 2 => Err(Error::Input("frame 1 is torn".into())),
            _ => Ok(marked(frame)),
        }
    });
    let (mut harness, bus) = harness("second-is-bad", GREY);
    for value in [17, 7, 7, 17] {
        let out = harness.push_and_pull(frame()).unwrap();
        assert_eq!(out.map_readable().unwrap().as_slice(), [value; 64]);
    }
    let warnings = texts(&bus, gst::MessageType::Warning);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("frame 1 is torn"));
    assert_eq!(texts(&bus, gst::MessageType::Error), [""; 0]);
}

#[test]
fn a_failing_backend_is_an_error_on_the_bus_and_ends_the_flow() {
    let _core = share("broken", |_, _, _| {
        Err(Error::Backend("out of memory on cuda:0".into()))
    });
    let (mut harness, bus) = harness("broken", GREY);
    assert_eq!(harness.push(frame()), Err(gst::FlowError::Error));
    let errors = texts(&bus, gst::MessageType::Error);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("out of memory on cuda:0"));
}

#[test]
fn a_panic_is_an_error_and_the_element_can_be_started_again() {
    let count = AtomicUsize::new(0);
    let _core = share("panics-once", move |frame, _, _| {
        assert!(count.fetch_add(1, Ordering::Relaxed) > 0, "index 7 of 3");
        Ok(marked(frame))
    });
    let (mut first, bus) = harness("panics-once", GREY);
    assert_eq!(first.push(frame()), Err(gst::FlowError::Error));
    let errors = texts(&bus, gst::MessageType::Error);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("index 7 of 3"));
    let element = first.element().unwrap();
    element.set_state(gst::State::Null).unwrap();
    element.set_state(gst::State::Playing).unwrap();
    first.set_src_caps_str(GREY);
    let out = first.push_and_pull(frame()).unwrap();
    assert_eq!(out.map_readable().unwrap().as_slice(), [17; 64]);
}

#[test]
fn a_result_of_another_size_is_an_error_and_not_written() {
    let _core = share("shrinks", |frame, _, _| {
        let mut out = marked(frame);
        out.frame.planes[0].data.pop();
        Ok(out)
    });
    let (mut harness, bus) = harness("shrinks", GREY);
    assert_eq!(harness.push(frame()), Err(gst::FlowError::Error));
    assert_eq!(texts(&bus, gst::MessageType::Error).len(), 1);
}

#[test]
fn tables_that_cannot_be_told_are_one_warning_for_the_stream() {
    let _core = share("untellable", |frame, tables, _| {
        assert_eq!(*tables, FrameTables::Estimate.into());
        let mut report = Report::default();
        report.notes = vec!["the levels fit no table".into()];
        // Pixels that must not be copied, because nothing was restored.
        let frame = marked(frame).frame;
        Ok(Restored::new(frame, report))
    });
    let (mut harness, bus) = harness("untellable", GREY);
    harness.element().unwrap().set_property("qf", 0u32);
    for _ in 0..3 {
        let out = harness.push_and_pull(frame()).unwrap();
        assert_eq!(out.map_readable().unwrap().as_slice(), [7; 64]);
    }
    let warnings = texts(&bus, gst::MessageType::Warning);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("the levels fit no table"));
}

#[test]
fn doubts_of_the_core_are_one_warning_and_the_frames_are_restored() {
    let _core = share("doubts", |frame, _, _| {
        let mut out = marked(frame);
        out.report.notes.push("the levels fit badly".into());
        Ok(out)
    });
    let (mut harness, bus) = harness("doubts", GREY);
    for _ in 0..3 {
        let out = harness.push_and_pull(frame()).unwrap();
        assert_eq!(out.map_readable().unwrap().as_slice(), [17; 64]);
    }
    let warnings = texts(&bus, gst::MessageType::Warning);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("the levels fit badly"));
}

#[test]
fn converted_colours_pass_through_with_one_warning() {
    let _core = share("marks-colours", |frame, _, _| Ok(marked(frame)));
    let caps = "video/x-raw,format=Y444,width=4,height=4,framerate=25/1,colorimetry=";
    let (mut harness, bus) = harness("marks-colours", &format!("{caps}bt601"));
    for (colorimetry, luma) in [("bt601", 7), ("bt601", 7), ("1:4:0:0", 17)] {
        harness.set_src_caps_str(&format!("{caps}{colorimetry}"));
        let out = harness
            .push_and_pull(gst::Buffer::from_mut_slice(vec![7u8; 48]))
            .unwrap();
        assert_eq!(out.map_readable().unwrap()[0], luma, "{colorimetry}");
    }
    let warnings = texts(&bus, gst::MessageType::Warning);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("bt601"));
}
