//! [`Stream`]: frame after frame, for Python.

use std::sync::{Mutex, MutexGuard, PoisonError};

use ddrmjpeg::{Degradation, FrameInfo, FrameTables, Layout, RestoreOptions};
use pyo3::prelude::{Bound, Py, PyAny, PyResult, Python, pyclass, pymethods};

use crate::pixels::Pixels;
use crate::report::Report;
use crate::source::Source;
use crate::{options, source, work};

/// Restores the frames of one stream, one after another. What has not changed since the frame
/// before is not computed again. ``Restorer.stream`` makes one.
///
/// Threads may share it; they take turns.
#[pyclass(frozen, module = "ddrmjpeg")]
pub struct Stream {
    inner: Mutex<ddrmjpeg::Stream>,
    options: RestoreOptions,
    last: Mutex<Option<ddrmjpeg::Report>>,
}

impl Stream {
    /// A stream that has seen no frame yet.
    pub fn new(inner: ddrmjpeg::Stream, options: RestoreOptions) -> Self {
        Self {
            inner: Mutex::new(inner),
            options,
            last: Mutex::new(None),
        }
    }
}

#[pymethods]
impl Stream {
    /// Restores the next frame and returns its pixels, uint8 [H, W, 3] RGB or [H, W] grey.
    #[pyo3(signature = (frame, *, quality=None))]
    fn restore(&self, frame: &Bound<'_, PyAny>, quality: Option<i64>) -> PyResult<Py<PyAny>> {
        let py = frame.py();
        let quality = options::quality(py, quality)?;
        let given = match Source::of(frame)? {
            Source::Path(path) => {
                let bytes = source::read(py, &path, self.options.limits.file_bytes)?;
                return self.jpeg(py, &bytes);
            }
            Source::Bytes(bytes) => return self.jpeg(py, &bytes),
            Source::Pixels(planes) => planes,
        };
        let info = FrameInfo::from(quality.map_or(FrameTables::Estimate, FrameTables::Quality));
        self.next(py, |stream, options, control| match options.degradation {
            Degradation::Quant(bits) => stream.restore_levels(&given, bits, options, control),
            _ => stream.restore_frame(&given, &info, options, control),
        })
    }

    /// Forgets every frame: what follows has nothing to do with what was before.
    fn reset(&self, py: Python<'_>) {
        py.detach(|| held(&self.inner).reset());
    }

    /// What was done to the last frame; None before the first.
    #[getter]
    fn report(&self) -> Option<Report> {
        held(&self.last).clone().map(Report::from)
    }
}

impl Stream {
    fn jpeg(&self, py: Python<'_>, bytes: &[u8]) -> PyResult<Py<PyAny>> {
        self.next(py, |stream, options, control| {
            stream.restore_jpeg(bytes, Layout::AsFile, options, control)
        })
    }

    /// The next frame. The stream is locked by a thread that has let go of the interpreter, so that
    /// neither waits for the other.
    fn next(
        &self,
        py: Python<'_>,
        restore: impl FnOnce(
            &mut ddrmjpeg::Stream,
            &RestoreOptions,
            ddrmjpeg::Control<'_>,
        ) -> ddrmjpeg::Result<ddrmjpeg::Restored>
        + Send,
    ) -> PyResult<Py<PyAny>> {
        let pixels = work::run(py, |control| {
            let restored = restore(&mut held(&self.inner), &self.options, control)?;
            *held(&self.last) = Some(restored.report);
            Ok(Pixels::of_frame(&restored.frame))
        })?;
        pixels.into_array(py)
    }
}

/// A lock, whatever became of a thread that held it: a stream starts over where it cannot go on.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
