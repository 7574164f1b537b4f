//! A live source at 25 frames per second and a core that takes longer than a frame lasts: nothing
//! is lost, and latency is reported and kept.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gst::prelude::*;

use super::{PATIENCE, harness, marked, share};

/// What a frame costs.
const COST: Duration = Duration::from_millis(60);
const FRAMES: u64 = 75;
/// The longest that a frame may take to the sink: the latency of the source (40 ms), the reported
/// one (90 ms: one and a half times the cost), the 20 ms that sinks add, and twice all of that for
/// threads that wait for a processor. If frames piled up, they would take seconds.
const UNDER_WAY: Duration = Duration::from_millis(450);

/// Plays the stream into a sink that keeps time, or one that does not. Returns how long each frame
/// took to the sink, and the figures.
fn play(model: &str, sync: bool) -> (Vec<Duration>, gst::Structure) {
    let _core = share(model, |frame, _, _| {
        std::thread::sleep(COST);
        Ok(marked(frame))
    });
    let launch = format!(
        "videotestsrc is-live=true num-buffers={FRAMES} \
         ! video/x-raw,format=GRAY8,width=16,height=16,framerate=25/1 ! queue \
         ! ddrmjpeg name=d qf=20 model={model} late-policy=passthrough ! queue \
         ! fakesink name=s sync={sync} qos=true signal-handoffs=true"
    );
    let pipeline = gst::parse::launch(&launch).unwrap();
    let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let inside = seen.clone();
    let sink = pipeline.by_name("s").unwrap();
    sink.connect("handoff", false, move |values| {
        let sink = values[0].get::<gst::Element>().unwrap();
        let buffer = values[1].get::<gst::Buffer>().unwrap();
        let now = sink.current_running_time().unwrap();
        let under_way = now.saturating_sub(buffer.pts().unwrap());
        inside.lock().unwrap().push(Duration::from(under_way));
        None
    });
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
    let stats: gst::Structure = pipeline.by_name("d").unwrap().property("stats");
    pipeline.set_state(gst::State::Null).unwrap();
    let seen = seen.lock().unwrap().clone();
    (seen, stats)
}

#[test]
fn no_frame_is_lost_and_latency_is_bounded() {
    for (model, sync) in [("live-synced", true), ("live-unsynced", false)] {
        let (under_way, stats) = play(model, sync);
        assert_eq!(under_way.len() as u64, FRAMES, "{stats}");
        assert_eq!(stats.get::<u64>("dropped"), Ok(0));
        // Two in three at best; a quarter of that on a busy machine.
        let share = stats.get::<f64>("share").unwrap();
        assert!((0.15..0.75).contains(&share), "{stats}");
        let settled = &under_way[FRAMES as usize / 3..];
        let longest = settled.iter().max().unwrap();
        assert!(*longest < UNDER_WAY, "{longest:?}: {under_way:?}");
    }
}

#[test]
fn latency_is_answered_and_told_when_it_changes() {
    let _core = share("live-latency", |frame, _, _| {
        std::thread::sleep(Duration::from_millis(20));
        Ok(marked(frame))
    });
    let caps = "video/x-raw,format=GRAY8,width=8,height=8,framerate=25/1";
    let (mut harness, bus) = harness("live-latency", caps);
    harness.set_upstream_latency(gst::ClockTime::from_mseconds(10));
    let latency = |harness: &mut gst_check::Harness| harness.query_latency().unwrap().mseconds();
    assert_eq!(latency(&mut harness), 10);
    for _ in 0..6 {
        let frame = gst::Buffer::from_mut_slice(vec![7u8; 64]);
        harness.push_and_pull(frame).unwrap();
    }
    // One and a half times 20 ms, in steps of 5; a busy machine takes longer.
    let claimed = latency(&mut harness) - 10;
    assert!((30..200).contains(&claimed), "{claimed}");
    let told = std::iter::from_fn(|| bus.pop_filtered(&[gst::MessageType::Latency])).count();
    assert!((1..4).contains(&told), "{told}");
}
