//! What the tests of filter and decoder share, and tests of what both do alike.
//!
//! Cores that do what a test needs are put into the registry of models under their own names, so
//! that the elements run unchanged. What needs no such core is tested from outside, in `plugin/tests`.

mod cancel;

use std::sync::{Arc, Once};
use std::time::Duration;

use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg::JpegFile;
use ddrmjpeg::restore::{FrameInfo, Layout, Restored};
use ddrmjpeg::{Control, ModelOptions, RestoreOptions, Result};

use crate::registry;
use crate::restorer::FrameRestorer;

/// Longest wait for something that normally takes milliseconds.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Initialises GStreamer and registers the elements.
pub fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        gst::init().unwrap();
        crate::plugin_register_static().unwrap();
    });
}

/// What a core restores.
pub enum Input<'a> {
    /// A frame, by these tables: from the filter.
    Frame(&'a Planar8, &'a FrameInfo),
    /// A file: from the decoder.
    File(&'a JpegFile),
}

/// A core made of a function from its input (and whether it is cancelled) to a result.
struct Core<F>(F);

impl<F> FrameRestorer for Core<F>
where
    F: Fn(Input<'_>, Control<'_>) -> Result<Restored> + Send + Sync,
{
    fn restore_frame(
        &self,
        frame: &Planar8,
        tables: &FrameInfo,
        _: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        (self.0)(Input::Frame(frame, tables), control)
    }

    fn restore_file(
        &self,
        file: &JpegFile,
        _: Layout,
        _: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        (self.0)(Input::File(file), control)
    }
}

/// Makes elements with `model=name` open `core`, for as long as the result is held.
pub fn share<F>(name: &str, core: F) -> Arc<dyn FrameRestorer>
where
    F: Fn(Input<'_>, Control<'_>) -> Result<Restored> + Send + Sync + 'static,
{
    init();
    let core: Arc<dyn FrameRestorer> = Arc::new(Core(core));
    let options = ModelOptions::default().with_model(name);
    registry::share(&options, &core);
    core
}

/// The texts of the messages of this type on `bus`.
pub fn texts(bus: &gst::Bus, kind: gst::MessageType) -> Vec<String> {
    std::iter::from_fn(|| bus.pop_filtered(&[kind]))
        .map(|message| match message.view() {
            gst::MessageView::Error(error) => error.error().to_string(),
            gst::MessageView::Warning(warning) => warning.error().to_string(),
            other => format!("{other:?}"),
        })
        .collect()
}
