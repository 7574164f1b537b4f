//! Late frames that must not be lost are output as decoded, and a live stream keeps its pace.

use std::time::Duration;

use gst::prelude::*;

use super::{PATIENCE, painted, share};

/// Plays a pipeline whose decoder is `d` and whose sink is `s` to its end, and recalculates the
/// latency on request. Returns the figures of the decoder, and how many frames reached the sink.
fn play(launch: &str) -> (gst::Structure, u64) {
    let pipeline = gst::parse::launch(launch).unwrap();
    let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let bus = pipeline.bus().unwrap();
    let wait = gst::ClockTime::try_from(PATIENCE).unwrap();
    loop {
        let message = bus.timed_pop(wait).expect("the stream goes on");
        match message.view() {
            gst::MessageView::Latency(_) => pipeline.recalculate_latency().unwrap(),
            gst::MessageView::Eos(_) => break,
            gst::MessageView::Error(_) => panic!("{message:?}"),
            _ => {}
        }
    }
    let of = |name: &str| pipeline.by_name(name).unwrap().property("stats");
    let (stats, sink): (gst::Structure, gst::Structure) = (of("d"), of("s"));
    pipeline.set_state(gst::State::Null).unwrap();
    (stats, sink.get("rendered").unwrap())
}

#[test]
fn late_frames_leave_as_decoded_and_none_is_lost() {
    let _core = share("dec-pass", |file, _| {
        std::thread::sleep(Duration::from_millis(25));
        Ok(painted(file))
    });
    let (stats, rendered) = play(
        "videotestsrc num-buffers=30 \
         ! video/x-raw,format=GRAY8,width=16,height=16,framerate=100/1 ! jpegenc \
         ! ddrmjpegdec name=d model=dec-pass late-policy=passthrough ! queue \
         ! fakesink name=s sync=true qos=true",
    );
    let count = |name: &str| stats.get::<u64>(name).unwrap();
    assert_eq!((count("frames"), count("dropped"), rendered), (30, 0, 30));
    assert_eq!(count("restored") + count("passed-through"), 30, "{stats}");
    assert!(
        count("restored") > 0 && count("passed-through") > 0,
        "{stats}"
    );
    assert_eq!(count("late"), count("passed-through"), "{stats}");
}

#[test]
fn a_live_stream_loses_no_frame() {
    let _core = share("dec-live", |file, _| {
        std::thread::sleep(Duration::from_millis(60));
        Ok(painted(file))
    });
    let (stats, rendered) = play(
        "videotestsrc is-live=true num-buffers=50 \
         ! video/x-raw,format=GRAY8,width=16,height=16,framerate=25/1 ! jpegenc ! queue \
         ! ddrmjpegdec name=d model=dec-live late-policy=passthrough ! queue \
         ! fakesink name=s sync=true qos=true",
    );
    assert_eq!(rendered, 50, "{stats}");
    let share = stats.get::<f64>("share").unwrap();
    assert!((0.15..0.75).contains(&share), "{stats}");
    // One and a half times the cost of a frame.
    assert!(stats.get::<f64>("latency-ms").unwrap() >= 90.0, "{stats}");
}
