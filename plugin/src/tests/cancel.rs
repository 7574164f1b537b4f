//! The current frame is abandoned on a flush, a seek or a stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ddrmjpeg::Error;
use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::restore::{Report, Restored};
use gst::prelude::*;

use super::{Input, PATIENCE, share};
use crate::restorer::FrameRestorer;

/// Filter and decoder, in a line of gst-launch-1.0 up to their properties.
const ELEMENTS: [&str; 2] = ["ddrmjpeg qf=20", "jpegenc ! ddrmjpegdec"];

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
    let core = share(name, move |input, control| {
        if inside.begun.fetch_add(1, Ordering::SeqCst) > 0 {
            return Ok(black(&input));
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

/// A grey picture of the size of `input`.
fn black(input: &Input<'_>) -> Restored {
    let (width, height) = match input {
        Input::Frame(frame, _) => (frame.width(), frame.height()),
        Input::File(file) => (file.width, file.height),
    };
    let mut report = Report::default();
    report.restored = true;
    let frame = Planar8::new(PixelModel::Grey, width, height, (1, 1));
    Restored::new(frame, report)
}

/// Runs `test` with a playing pipeline of each element, whose first frame is in work.
fn in_work(name: &str, test: impl Fn(&gst::Pipeline, &Tally)) {
    for (n, element) in ELEMENTS.into_iter().enumerate() {
        let name = format!("{name}-{n}");
        let (_core, tally) = share_endless(&name);
        let launch = format!(
            "videotestsrc num-buffers=20 ! video/x-raw,format=GRAY8,width=16,height=16 \
             ! {element} model={name} ! fakesink"
        );
        let pipeline = gst::parse::launch(&launch).unwrap().downcast().unwrap();
        play(&pipeline);
        wait_for(&tally.begun, 1);
        test(&pipeline, &tally);
        stop(&pipeline);
        assert_eq!(tally.given_up.load(Ordering::SeqCst), 1, "{element}");
    }
}

fn play(pipeline: &gst::Pipeline) {
    pipeline.set_state(gst::State::Playing).unwrap();
}

fn stop(pipeline: &gst::Pipeline) {
    pipeline.set_state(gst::State::Null).unwrap();
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
    in_work("endless-stop", |pipeline, tally| {
        stop(pipeline);
        assert_eq!(tally.given_up.load(Ordering::SeqCst), 1);
        let bus = pipeline.bus().unwrap();
        assert!(bus.pop_filtered(&[gst::MessageType::Error]).is_none());
        for frames in [2, 12] {
            play(pipeline);
            wait_for(&tally.begun, frames);
            stop(pipeline);
        }
    });
}

#[test]
fn a_flushing_seek_abandons_the_frame_in_work_and_plays_on() {
    in_work("endless-seek", |pipeline, tally| {
        let start = gst::ClockTime::ZERO;
        pipeline.seek_simple(gst::SeekFlags::FLUSH, start).unwrap();
        let wait = gst::ClockTime::try_from(PATIENCE).unwrap();
        let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
        let end = pipeline.bus().unwrap().timed_pop_filtered(wait, &kinds);
        let end = end.expect("the stream ends");
        assert_eq!(end.type_(), gst::MessageType::Eos, "{end:?}");
        assert!(tally.begun.load(Ordering::SeqCst) > 1);
    });
}
