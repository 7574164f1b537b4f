//! The filter with cores that do what a test needs: change pixels in a known way, fail, or find no
//! tables.

mod compare;
mod depths;
mod faults;
mod late;
mod live;
mod loading;
mod memories;
mod pixels;
mod tables;

use std::sync::Arc;

use ddrmjpeg::frame::Planar8;
use ddrmjpeg::restore::{FrameInfo, Report, Restored};
use ddrmjpeg::{Control, Error, Result};
use gst::prelude::*;

use crate::restorer::FrameRestorer;
use crate::tests::{Input, PATIENCE, init, texts};

/// Makes elements with `model=name` open a core made of a function from a frame (and whether it is
/// cancelled) to a result, for as long as the result is held.
fn share<F>(name: &str, core: F) -> Arc<dyn FrameRestorer>
where
    F: Fn(&Planar8, &FrameInfo, Control<'_>) -> Result<Restored> + Send + Sync + 'static,
{
    crate::tests::share(name, move |input, control| match input {
        Input::Frame(frame, tables) => core(frame, tables, control),
        Input::File(_) => Err(Error::Backend("the filter restores no files".into())),
    })
}

/// Adds 10 to the samples of the first plane, 20 to the second's, 30 to the third's.
fn marked(frame: &Planar8) -> Restored {
    let mut frame = frame.clone();
    for (plane, add) in frame.planes.iter_mut().zip([10, 20, 30]) {
        for sample in &mut plane.data {
            *sample = sample.wrapping_add(add);
        }
    }
    let mut report = Report::default();
    report.restored = true;
    report.network_calls = 2;
    report.quality = Some(20);
    Restored::new(frame, report)
}

/// A harness around the element with `model=name`, for frames of these caps, and its bus.
fn harness(name: &str, caps: &str) -> (gst_check::Harness, gst::Bus) {
    init();
    let element = gst::ElementFactory::make("ddrmjpeg")
        .property("model", name)
        .property("qf", 20u32)
        .build()
        .unwrap();
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    harness.set_src_caps_str(caps);
    (harness, bus)
}
