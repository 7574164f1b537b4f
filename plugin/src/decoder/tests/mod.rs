//! The element with cores that do what a test needs: wait until they are cancelled, fail, or take a
//! fixed time.
//!
//! They are put into the registry of models under their own names, so that the element runs
//! unchanged. What needs no such core is tested from outside, in `plugin/tests`.

mod awaited;
mod cancel;
mod faults;
mod late;
mod views;

use std::sync::{Arc, Once};
use std::time::Duration;

use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::JpegFile;
use ddrmjpeg::restore::{FrameInfo, Layout, Report, Restored};
use ddrmjpeg::{Control, Error, ModelOptions, RestoreOptions, Result};

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

/// A core made of a function from a file (and whether it is cancelled) to a result.
struct Core<F>(F);

impl<F> FrameRestorer for Core<F>
where
    F: Fn(&JpegFile, Control<'_>) -> Result<Restored> + Send + Sync,
{
    fn restore_frame(
        &self,
        _: &Planar8,
        _: &FrameInfo,
        _: &RestoreOptions,
        _: Control<'_>,
    ) -> Result<Restored> {
        Err(Error::Backend("the decoder restores no frames".into()))
    }

    fn restore_file(
        &self,
        file: &JpegFile,
        _: Layout,
        _: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        (self.0)(file, control)
    }
}

/// Makes elements with `model=name` open `core`, for as long as the result is held.
fn share<F>(name: &str, core: F) -> Arc<dyn FrameRestorer>
where
    F: Fn(&JpegFile, Control<'_>) -> Result<Restored> + Send + Sync + 'static,
{
    init();
    let core: Arc<dyn FrameRestorer> = Arc::new(Core(core));
    let options = ModelOptions::default().with_model(name);
    registry::share(&options, &core);
    core
}

/// A grey picture of the size of `file`, filled with 17.
fn painted(file: &JpegFile) -> Restored {
    let mut frame = Planar8::new(PixelModel::Grey, file.width, file.height, (1, 1));
    frame.planes[0].data.fill(17);
    let mut report = Report::default();
    report.restored = true;
    report.network_calls = 2;
    Restored::new(frame, report)
}

/// A grey JPEG.
fn picture(width: usize, height: usize) -> Vec<u8> {
    let picture = Planar8::new(PixelModel::Grey, width, height, (1, 1));
    jpeg::encode(&picture, 50, (1, 1)).unwrap()
}
