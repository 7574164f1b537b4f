//! Cores that fail or are slow: what is posted, and whether the stream continues.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ddrmjpeg::Error;
use gst::prelude::*;

use super::{PATIENCE, init, painted, picture, share};

fn harness(model: &str) -> (gst_check::Harness, gst::Bus) {
    init();
    let element = gst::ElementFactory::make("ddrmjpegdec")
        .property("model", model)
        .build()
        .unwrap();
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    harness.set_src_caps_str("image/jpeg,framerate=25/1,parsed=true");
    (harness, bus)
}

fn error(bus: &gst::Bus) -> String {
    let message = bus.pop_filtered(&[gst::MessageType::Error]);
    format!("{:?}", message.expect("an ERROR on the bus"))
}

#[test]
fn a_failing_backend_is_an_error_on_the_bus_and_ends_the_flow() {
    let _core = share("dec-broken", |_, _| {
        Err(Error::Backend("out of memory on cuda:0".into()))
    });
    let (mut harness, bus) = harness("dec-broken");
    let flow = harness.push(gst::Buffer::from_slice(picture(8, 8)));
    assert_eq!(flow, Err(gst::FlowError::Error));
    let said = error(&bus);
    assert!(said.contains("out of memory on cuda:0"), "{said}");
}

#[test]
fn a_panic_is_an_error_and_the_element_can_be_started_again() {
    let count = AtomicUsize::new(0);
    let _core = share("dec-panics-once", move |file, _| {
        assert!(count.fetch_add(1, Ordering::Relaxed) > 0, "index 7 of 3");
        Ok(painted(file))
    });
    let (mut harness, bus) = harness("dec-panics-once");
    let frame = || gst::Buffer::from_slice(picture(8, 8));
    assert_eq!(harness.push(frame()), Err(gst::FlowError::Error));
    assert!(error(&bus).contains("index 7 of 3"));
    let element = harness.element().unwrap();
    element.set_state(gst::State::Null).unwrap();
    element.set_state(gst::State::Playing).unwrap();
    harness.set_src_caps_str("image/jpeg,framerate=25/1,parsed=true");
    let out = harness.push_and_pull(frame()).unwrap();
    assert_eq!(out.map_readable().unwrap().as_slice(), [17; 64]);
}

#[test]
fn a_result_of_another_size_is_an_error() {
    let _core = share("dec-shrinks", |file, _| {
        let mut out = painted(file);
        out.frame.planes[0].data.pop();
        Ok(out)
    });
    let (mut harness, bus) = harness("dec-shrinks");
    let flow = harness.push(gst::Buffer::from_slice(picture(8, 8)));
    assert_eq!(flow, Err(gst::FlowError::Error));
    error(&bus);
}

/// The gate is counted once per frame, whichever field it affected.
#[test]
fn what_the_gate_did_is_counted() {
    use ddrmjpeg::restore::Gate;
    let count = AtomicUsize::new(0);
    let _core = share("dec-gates", move |file, _| {
        let mut out = painted(file);
        let n = count.fetch_add(1, Ordering::Relaxed);
        out.report.gate = [
            Gate::Closed,
            Gate::Closed,
            Gate::Open,
            Gate::Closed,
            Gate::Open,
        ][n];
        Ok(out)
    });
    let (mut harness, _) = harness("dec-gates");
    let whole = picture(8, 8);
    for bytes in [whole.clone(), whole.clone(), whole.clone(), fields(&whole)] {
        harness
            .push_and_pull(gst::Buffer::from_slice(bytes))
            .unwrap();
    }
    let stats: gst::Structure = harness.element().unwrap().property("stats");
    let count = |name: &str| stats.get::<u64>(name).unwrap();
    assert_eq!(count("gated"), 3);
}

/// Two fields of a frame, both `jpeg`.
fn fields(jpeg: &[u8]) -> Vec<u8> {
    let field = |polarity: u8| {
        let app0 = [0xFF, 0xE0, 0, 10, b'A', b'V', b'I', b'1', polarity, 0, 0, 0];
        [&jpeg[..2], &app0, &jpeg[2..]].concat()
    };
    [field(1), field(2)].concat()
}

/// Plays 30 frames at 100 per second through a core that takes 25 ms for each. Returns (frames,
/// restored, dropped).
fn play(model: &str, qos: bool) -> [u64; 3] {
    let _core = share(model, |file, _| {
        std::thread::sleep(Duration::from_millis(25));
        Ok(painted(file))
    });
    let launch = format!(
        "videotestsrc num-buffers=30 \
         ! video/x-raw,format=GRAY8,width=16,height=16,framerate=100/1 ! jpegenc \
         ! ddrmjpegdec name=d model={model} qos={qos} ! fakesink sync=true qos=true"
    );
    let pipeline = gst::parse::launch(&launch).unwrap();
    let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let wait = gst::ClockTime::try_from(PATIENCE).unwrap();
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let end = pipeline.bus().unwrap().timed_pop_filtered(wait, &ends);
    assert_eq!(end.unwrap().type_(), gst::MessageType::Eos);
    pipeline.set_state(gst::State::Null).unwrap();
    let stats: gst::Structure = pipeline.by_name("d").unwrap().property("stats");
    ["frames", "restored", "dropped"].map(|name| stats.get::<u64>(name).unwrap())
}

#[test]
fn late_frames_are_dropped_before_any_work() {
    let [frames, restored, dropped] = play("dec-slow", true);
    assert_eq!((frames, restored + dropped), (30, 30));
    assert!(dropped > 0 && restored > 0, "{dropped} dropped");
}

#[test]
fn without_qos_every_frame_is_restored() {
    assert_eq!(play("dec-slow-all", false), [30, 30, 0]);
}
