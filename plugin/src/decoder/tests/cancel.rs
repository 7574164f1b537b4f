//! The current frame is abandoned on a flush, a seek or a stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ddrmjpeg::Error;
use gst::prelude::*;

use super::{PATIENCE, painted, share};
use crate::restorer::FrameRestorer;

/// Frames that a core has started, and frames that it gave up.
#[derive(Default)]
struct Tally {
    begun: AtomicUsize,
    given_up: AtomicUsize,
}

/// A core that never finishes its first frame unless it is cancelled.
fn share_endless(name: &str) -> (Arc<dyn FrameRestorer>, Arc<Tally>) {
    let tally = Arc::new(Tally::default());
    let inside = tally.clone();
    let core = share(name, move |file, control| {
        if inside.begun.fetch_add(1, Ordering::SeqCst) > 0 {
            return Ok(painted(file));
        }
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Err(error) = control.step(0, 1) {
                inside.given_up.fetch_add(1, Ordering::SeqCst);
                return Err(error);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Err(Error::Backend("never cancelled".into()))
    });
    (core, tally)
}

fn pipeline(name: &str) -> gst::Pipeline {
    let launch = format!(
        "videotestsrc num-buffers=20 ! video/x-raw,format=GRAY8,width=16,height=16 \
         ! jpegenc ! ddrmjpegdec model={name} ! fakesink"
    );
    gst::parse::launch(&launch).unwrap().downcast().unwrap()
}

/// Waits until `count` has reached `n`.
fn wait_for(count: &AtomicUsize, n: usize) {
    let begun = Instant::now();
    while count.load(Ordering::SeqCst) < n {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {n}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn stop_abandons_the_frame_in_work_and_the_element_starts_afresh() {
    let (_core, tally) = share_endless("dec-endless-stop");
    let pipeline = pipeline("dec-endless-stop");
    pipeline.set_state(gst::State::Playing).unwrap();
    wait_for(&tally.begun, 1);
    pipeline.set_state(gst::State::Null).unwrap();
    assert_eq!(tally.given_up.load(Ordering::SeqCst), 1);
    let bus = pipeline.bus().unwrap();
    assert!(bus.pop_filtered(&[gst::MessageType::Error]).is_none());
    pipeline.set_state(gst::State::Playing).unwrap();
    wait_for(&tally.begun, 10);
    pipeline.set_state(gst::State::Null).unwrap();
}

#[test]
fn a_flushing_seek_abandons_the_frame_in_work_and_plays_on() {
    let (_core, tally) = share_endless("dec-endless-seek");
    let pipeline = pipeline("dec-endless-seek");
    pipeline.set_state(gst::State::Playing).unwrap();
    wait_for(&tally.begun, 1);
    pipeline
        .seek_simple(gst::SeekFlags::FLUSH, gst::ClockTime::ZERO)
        .unwrap();
    let wait = gst::ClockTime::try_from(PATIENCE).unwrap();
    let end = pipeline
        .bus()
        .unwrap()
        .timed_pop_filtered(wait, &[gst::MessageType::Eos, gst::MessageType::Error])
        .expect("the stream ends");
    assert_eq!(end.type_(), gst::MessageType::Eos, "{end:?}");
    pipeline.set_state(gst::State::Null).unwrap();
    assert_eq!(tally.given_up.load(Ordering::SeqCst), 1);
    assert!(tally.begun.load(Ordering::SeqCst) > 1);
}
