//! Frames that show the decoded picture beside the restored one, and repeated frames.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gst::prelude::*;

use super::{init, painted, picture, share};

fn harness(model: &str, sink_caps: &str) -> gst_check::Harness {
    init();
    let element = gst::ElementFactory::make("ddrmjpegdec")
        .property("model", model)
        .build()
        .unwrap();
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    harness.set_sink_caps_str(sink_caps);
    harness.set_src_caps_str("image/jpeg,framerate=25/1,parsed=true");
    harness
}

/// The first output row for a grey picture, which the core fills with 17.
fn row(harness: &mut gst_check::Harness) -> Vec<u8> {
    let frame = gst::Buffer::from_slice(picture(16, 2));
    let out = harness.push_and_pull(frame).unwrap();
    let bytes = out.map_readable().unwrap();
    bytes[..bytes.len() / 2].to_vec()
}

#[test]
fn views_change_while_frames_go_through() {
    let _core = share("dec-compare", |file, _| Ok(painted(file)));
    let mut harness = harness("dec-compare", "video/x-raw");
    let element = harness.element().unwrap();
    for (view, width, line) in [("off", 16, 17), ("split", 16, 255), ("side-by-side", 32, 0)] {
        element.set_property_from_str("compare", view);
        let row = row(&mut harness);
        assert_eq!((row.len(), row[8]), (width, line), "{view}");
        assert_eq!(row.last(), Some(&17), "{view}");
    }
}

#[test]
fn where_twice_the_width_is_refused_the_halves_are_shown() {
    let _core = share("dec-compare-w", |file, _| Ok(painted(file)));
    let mut harness = harness("dec-compare-w", "video/x-raw,width=16");
    let element = harness.element().unwrap();
    element.set_property_from_str("compare", "side-by-side");
    assert_eq!(row(&mut harness)[8..10], [255, 255]);
}

#[test]
fn the_same_bytes_again_reach_the_core_as_the_same_picture() {
    let seen = Arc::new(AtomicUsize::new(0));
    let places = seen.clone();
    let _core = share("dec-again", move |file, _| {
        // The same address: it was not read a second time.
        let place = std::ptr::from_ref(file).addr();
        let last = places.swap(place, Ordering::SeqCst);
        assert!(last == 0 || last == place, "read again");
        Ok(painted(file))
    });
    let mut harness = harness("dec-again", "video/x-raw");
    for _ in 0..3 {
        assert_eq!(row(&mut harness), [17; 16]);
    }
    let stats: gst::Structure = harness.element().unwrap().property("stats");
    assert_eq!(stats.get::<u64>("restored"), Ok(3));
}
