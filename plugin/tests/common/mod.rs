//! What the tests of the element share: set-up, and waiting on a bus.

#![allow(dead_code, reason = "no test binary uses all of it")]

pub mod camera;
pub mod decoder;
pub mod jpegs;

use std::sync::Once;

use gst::prelude::*;

/// Longest wait for something that takes seconds at most.
const PATIENCE: gst::ClockTime = gst::ClockTime::from_seconds(60);

/// GStreamer, with this build's element known to it, and no other.
pub fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        gst::init().expect("GStreamer starts");
        gstddrmjpeg::plugin_register_static().expect("the plugin registers");
    });
}

/// Fails with the name of the package when GStreamer has not the element.
pub fn need(element: &str, package: &str) {
    init();
    assert!(
        gst::ElementFactory::find(element).is_some(),
        "no element {element}: install the package {package} (scripts/install_system.sh)"
    );
}

/// A pipeline from a line of gst-launch-1.0.
pub fn pipeline(line: &str) -> gst::Pipeline {
    init();
    let element = gst::parse::launch(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    element.downcast().expect("a line of several elements")
}

/// What a run of a pipeline came to.
#[derive(Debug)]
pub struct Outcome {
    /// The first error; none when the stream ended.
    pub error: Option<gst::Message>,
    /// The texts of all warnings.
    pub warnings: Vec<String>,
}

/// Plays `pipeline` to its end or its first error, and stops it.
pub fn play(pipeline: &gst::Pipeline) -> Outcome {
    let bus = pipeline.bus().expect("a pipeline has a bus");
    // A refusal is on the bus as well.
    let _ = pipeline.set_state(gst::State::Playing);
    let mut warnings = Vec::new();
    let end = loop {
        let kinds = [
            gst::MessageType::Error,
            gst::MessageType::Eos,
            gst::MessageType::Warning,
        ];
        match bus.timed_pop_filtered(PATIENCE, &kinds) {
            Some(message) => match message.view() {
                gst::MessageView::Warning(w) => warnings.push(w.error().to_string()),
                _ => break Some(message),
            },
            None => break None,
        }
    };
    pipeline
        .set_state(gst::State::Null)
        .expect("everything can stop");
    let end = end.expect("an end within a minute");
    Outcome {
        error: (end.type_() == gst::MessageType::Error).then_some(end),
        warnings,
    }
}

/// The text of an ERROR message.
pub fn text(message: &gst::Message) -> String {
    match message.view() {
        gst::MessageView::Error(error) => error.error().to_string(),
        other => panic!("no error: {other:?}"),
    }
}

/// Memory that this process holds through the C library's allocator, which Rust, GLib and GStreamer
/// all use: what is allocated and not freed. Resident memory would count what the allocator keeps
/// back for later too, tens of MB that come and go with the order in which threads ran.
pub fn held_kb() -> u64 {
    // SAFETY: reads the allocator's own counts, under its locks.
    let counts = unsafe { libc::mallinfo2() };
    (counts.uordblks + counts.hblkhd) as u64 / 1024
}

/// A figure of the element's `stats`.
pub fn stat(element: &gst::Element, name: &str) -> u64 {
    let stats: gst::Structure = element.property("stats");
    stats.get(name).unwrap_or_else(|e| panic!("{name}: {e}"))
}
