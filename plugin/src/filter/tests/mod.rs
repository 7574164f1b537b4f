//! The element with cores that do what a test needs: change pixels in a known way, fail, find no
//! tables, or never finish.
//!
//! They are put into the registry of models under their own names, so that the element runs
//! unchanged. What needs no such core is tested from outside, in `plugin/tests`.

mod cancel;
mod compare;
mod faults;
mod late;
mod live;
mod loading;
mod pixels;
mod tables;

use std::sync::{Arc, Once};
use std::time::Duration;

use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg::JpegFile;
use ddrmjpeg::restore::{FrameInfo, Layout, Report, Restored};
use ddrmjpeg::{Control, Error, ModelOptions, RestoreOptions, Result};
use gst::prelude::*;

use crate::registry;
use crate::restorer::FrameRestorer;

/// Longest wait for something that normally takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Initialises GStreamer and registers the element.
fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        gst::init().unwrap();
        crate::plugin_register_static().unwrap();
    });
}

/// A core made of a function from a frame (and whether it is cancelled) to a result.
struct Core<F>(F);

impl<F> FrameRestorer for Core<F>
where
    F: Fn(&Planar8, &FrameInfo, Control<'_>) -> Result<Restored> + Send + Sync,
{
    fn restore_frame(
        &self,
        frame: &Planar8,
        tables: &FrameInfo,
        _: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        (self.0)(frame, tables, control)
    }

    fn restore_file(
        &self,
        _: &JpegFile,
        _: Layout,
        _: &RestoreOptions,
        _: Control<'_>,
    ) -> Result<Restored> {
        Err(Error::Backend("the filter restores no files".into()))
    }
}

/// Makes elements with `model=name` open `core`, for as long as the result is held.
fn share<F>(name: &str, core: F) -> Arc<dyn FrameRestorer>
where
    F: Fn(&Planar8, &FrameInfo, Control<'_>) -> Result<Restored> + Send + Sync + 'static,
{
    init();
    let core: Arc<dyn FrameRestorer> = Arc::new(Core(core));
    let options = ModelOptions::default().with_model(name);
    registry::share(&options, &core);
    core
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

/// The texts of the messages of this type on `bus`.
fn texts(bus: &gst::Bus, kind: gst::MessageType) -> Vec<String> {
    std::iter::from_fn(|| bus.pop_filtered(&[kind]))
        .map(|message| match message.view() {
            gst::MessageView::Error(error) => error.error().to_string(),
            gst::MessageView::Warning(warning) => warning.error().to_string(),
            other => format!("{other:?}"),
        })
        .collect()
}
