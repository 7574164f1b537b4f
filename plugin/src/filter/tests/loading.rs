//! The model is opened in parallel with the stream: what waits for it, what does not, and which
//! messages are posted.
//!
//! The tests delay the opening with the lock that every opening of that model takes.

use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use ddrmjpeg::ModelOptions;
use gst::prelude::*;

use super::{PATIENCE, init};
use crate::registry;

const GREY: &str = "video/x-raw,format=GRAY8,width=8,height=8,framerate=25/1";
/// Long enough to tell that something does not wait.
const MOMENT: Duration = Duration::from_millis(100);

/// The model identity, with a class so that each test has its own.
fn identity(class: usize) -> ModelOptions {
    ModelOptions::default()
        .with_model("identity")
        .with_class(Some(class))
}

/// The element for that model, and its bus.
fn element(class: i32) -> (gst::Element, gst::Bus) {
    init();
    let element = gst::ElementFactory::make("ddrmjpeg")
        .property("model", "identity")
        .property("class", class)
        .property("qf", 20u32)
        .build()
        .unwrap();
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    (element, bus)
}

/// The kinds of the PROGRESS and ERROR messages on `bus`, in order.
fn told(bus: &gst::Bus) -> Vec<&'static str> {
    let kinds = [gst::MessageType::Progress, gst::MessageType::Error];
    std::iter::from_fn(|| bus.pop_filtered(&kinds))
        .map(|message| match message.view() {
            gst::MessageView::Progress(progress) => match progress.type_() {
                gst::ProgressType::Start => "start",
                gst::ProgressType::Complete => "complete",
                gst::ProgressType::Canceled => "cancelled",
                gst::ProgressType::Error => "failed",
                _ => "other",
            },
            _ => "ERROR",
        })
        .collect()
}

/// Pushes one frame from a thread of its own, which sends the result.
fn push(element: &gst::Element) -> Receiver<Result<gst::FlowSuccess, gst::FlowError>> {
    let mut harness = gst_check::Harness::with_element(element, Some("sink"), Some("src"));
    harness.set_src_caps_str(GREY);
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let flow = harness.push(gst::Buffer::from_mut_slice(vec![7u8; 64]));
        sender.send(flow).unwrap();
    });
    receiver
}

#[test]
fn getting_ready_does_not_wait_and_the_first_frame_does() {
    let (element, bus) = element(71);
    let pushed = registry::while_opening(&identity(71), || {
        let begun = Instant::now();
        element.set_state(gst::State::Playing).unwrap();
        assert!(begun.elapsed() < PATIENCE / 2);
        let pushed = push(&element);
        assert!(pushed.recv_timeout(MOMENT).is_err(), "it did not wait");
        assert_eq!(told(&bus), ["start"]);
        pushed
    });
    assert_eq!(pushed.recv_timeout(PATIENCE), Ok(Ok(gst::FlowSuccess::Ok)));
    assert_eq!(told(&bus), ["complete"]);
    element.set_state(gst::State::Null).unwrap();
}

#[test]
fn a_stop_during_the_opening_does_not_wait_for_its_end() {
    let (element, bus) = element(72);
    registry::while_opening(&identity(72), || {
        let pushed = push(&element);
        assert!(pushed.recv_timeout(MOMENT).is_err());
        let begun = Instant::now();
        element.set_state(gst::State::Null).unwrap();
        assert!(begun.elapsed() < PATIENCE / 2);
        let flow = pushed.recv_timeout(PATIENCE).unwrap();
        assert_eq!(flow, Err(gst::FlowError::Flushing));
        assert_eq!(told(&bus), ["start", "cancelled"]);
    });
    thread::sleep(MOMENT);
    assert_eq!(
        told(&bus),
        [""; 0],
        "the thread left behind has nothing to say"
    );
}

#[test]
fn a_flush_during_the_opening_lets_the_frame_go() {
    let (element, _bus) = element(73);
    registry::while_opening(&identity(73), || {
        let pushed = push(&element);
        assert!(pushed.recv_timeout(MOMENT).is_err());
        let sink = element.static_pad("sink").unwrap();
        sink.send_event(gst::event::FlushStart::new());
        let flow = pushed.recv_timeout(PATIENCE).unwrap();
        assert_eq!(flow, Err(gst::FlowError::Flushing));
    });
    element.set_state(gst::State::Null).unwrap();
}

#[test]
fn what_is_open_stays_open_down_to_ready_and_is_closed_at_null() {
    let (element, bus) = element(74);
    for state in [gst::State::Paused, gst::State::Ready, gst::State::Paused] {
        element.set_state(state).unwrap();
    }
    let flow = push(&element).recv_timeout(PATIENCE).unwrap();
    assert_eq!(flow, Ok(gst::FlowSuccess::Ok));
    assert_eq!(told(&bus), ["start", "complete"]);
    element.set_state(gst::State::Null).unwrap();
    element.set_state(gst::State::Ready).unwrap();
    assert_eq!(told(&bus).first(), Some(&"start"));
    element.set_state(gst::State::Null).unwrap();
}

#[test]
fn another_model_in_ready_is_opened_with_the_next_start() {
    let (element, bus) = element(75);
    element.set_state(gst::State::Paused).unwrap();
    element.set_state(gst::State::Ready).unwrap();
    element.set_property("class", 76i32);
    element.set_state(gst::State::Paused).unwrap();
    let flow = push(&element).recv_timeout(PATIENCE).unwrap();
    assert_eq!(flow, Ok(gst::FlowSuccess::Ok));
    let starts = told(&bus).iter().filter(|&&what| what == "start").count();
    assert_eq!(starts, 2);
    element.set_state(gst::State::Null).unwrap();
}

#[test]
fn a_missing_model_is_told_once_and_tried_again_when_asked() {
    let (element, bus) = element(-1);
    element.set_property("model", "/no/such/model");
    for _ in 0..2 {
        element.set_state(gst::State::Ready).unwrap();
        let begun = Instant::now();
        let mut said = Vec::new();
        while said.len() < 3 {
            assert!(begun.elapsed() < PATIENCE, "{said:?}");
            said.extend(told(&bus));
        }
        assert_eq!(said, ["start", "failed", "ERROR"]);
        // The state change fails without posting the error again.
        assert!(element.set_state(gst::State::Paused).is_err());
        assert_eq!(told(&bus), [""; 0]);
        element.set_state(gst::State::Null).unwrap();
    }
}
