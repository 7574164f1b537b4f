//! Frames that show both pictures: which bytes, in which caps, and that `compare` can be changed
//! while playing.

use gst::prelude::*;

use super::{harness, marked, share};

/// Sixteen columns, two rows.
const GREY: &str = "video/x-raw,format=GRAY8,width=16,height=2,framerate=25/1";

fn frame() -> gst::Buffer {
    gst::Buffer::from_mut_slice(vec![7u8; 32])
}

/// One output row for a frame of sevens, which the core turns into seventeens.
fn row(harness: &mut gst_check::Harness) -> Vec<u8> {
    let out = harness.push_and_pull(frame()).unwrap();
    let bytes = out.map_readable().unwrap().to_vec();
    let (first, second) = bytes.split_at(bytes.len() / 2);
    assert_eq!(first, second);
    first.to_vec()
}

#[test]
fn views_change_while_frames_go_through() {
    let _core = share("marks-compare", |frame, _, _| Ok(marked(frame)));
    let (mut harness, _bus) = harness("marks-compare", GREY);
    let element = harness.element().unwrap();
    let split = [vec![7; 8], vec![255; 2], vec![17; 6]].concat();
    let beside = [vec![7; 16], vec![17; 16]].concat();
    for _ in 0..2 {
        for (view, expected) in [
            ("off", &vec![17; 16]),
            ("split", &split),
            ("side-by-side", &beside),
        ] {
            element.set_property_from_str("compare", view);
            assert_eq!(row(&mut harness), *expected, "{view}");
            assert_eq!(row(&mut harness), *expected, "{view}");
        }
    }
}

#[test]
fn a_frame_that_is_not_restored_is_shown_as_decoded_on_both_sides() {
    let _core = share("marks-compare-0", |frame, _, _| Ok(marked(frame)));
    let (mut harness, _bus) = harness("marks-compare-0", GREY);
    let element = harness.element().unwrap();
    element.set_property("strength", 0.0);
    element.set_property_from_str("compare", "side-by-side");
    assert_eq!(row(&mut harness), [7; 32]);
    element.set_property_from_str("compare", "split");
    assert_eq!(
        row(&mut harness),
        [vec![7; 8], vec![255; 2], vec![7; 6]].concat()
    );
}

#[test]
fn a_frame_that_fails_is_shown_too() {
    let _core = share("fails-compare", |_, _, _| {
        Err(ddrmjpeg::Error::Input("torn".into()))
    });
    let (mut harness, _bus) = harness("fails-compare", GREY);
    let element = harness.element().unwrap();
    element.set_property_from_str("compare", "side-by-side");
    assert_eq!(row(&mut harness), [7; 32]);
    let stats: gst::Structure = element.property("stats");
    assert_eq!(stats.get::<u64>("passed-through"), Ok(1));
}

#[test]
fn where_twice_the_width_is_refused_the_halves_are_shown() {
    let _core = share("marks-compare-w", |frame, _, _| Ok(marked(frame)));
    super::init();
    let element = gst::ElementFactory::make("ddrmjpeg")
        .property("model", "marks-compare-w")
        .property("qf", 20u32)
        .property_from_str("compare", "side-by-side")
        .build()
        .unwrap();
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    harness.set_sink_caps_str("video/x-raw,format=GRAY8,width=16,height=2");
    harness.set_src_caps_str(GREY);
    assert_eq!(row(&mut harness)[8..10], [255, 255]);
}

#[test]
fn time_stamps_of_wider_frames_stay() {
    let _core = share("marks-compare-t", |frame, _, _| Ok(marked(frame)));
    let (mut harness, _bus) = harness("marks-compare-t", GREY);
    let element = harness.element().unwrap();
    element.set_property_from_str("compare", "side-by-side");
    let mut buffer = frame();
    let time = gst::ClockTime::from_mseconds(120);
    buffer.get_mut().unwrap().set_pts(time);
    let out = harness.push_and_pull(buffer).unwrap();
    assert_eq!((out.pts(), out.size()), (Some(time), 64));
}
