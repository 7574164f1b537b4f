//! The decoder with cores that do what a test needs: fail, or take a fixed time.

mod awaited;
mod depths;
mod faults;
mod late;
mod views;

use std::sync::Arc;

use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::JpegFile;
use ddrmjpeg::restore::{Report, Restored};
use ddrmjpeg::{Control, Error, Result};

use crate::restorer::FrameRestorer;
use crate::tests::{Input, PATIENCE, init};

/// Makes elements with `model=name` open a core made of a function from a file (and whether it is
/// cancelled) to a result, for as long as the result is held.
fn share<F>(name: &str, core: F) -> Arc<dyn FrameRestorer>
where
    F: Fn(&JpegFile, Control<'_>) -> Result<Restored> + Send + Sync + 'static,
{
    crate::tests::share(name, move |input, control| match input {
        Input::File(file) => core(file, control),
        Input::Frame(..) => Err(Error::Backend("the decoder restores no frames".into())),
    })
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
