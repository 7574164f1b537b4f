//! Long work without the interpreter's lock, which Ctrl-C ends.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use ddrmjpeg::{Control, Result};
use pyo3::prelude::{PyErr, PyResult, Python};

use crate::errors;

/// Runs `work` while other threads run Python. Between the steps of a preset signals are handled; what
/// a handler raises ends the work and is raised here.
pub fn run<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(Control<'_>) -> Result<T> + Send,
) -> PyResult<T> {
    let cancel = AtomicBool::new(false);
    let raised: Mutex<Option<PyErr>> = Mutex::new(None);
    let progress = |_: usize, _: usize| {
        if let Err(error) = Python::attach(|py| py.check_signals()) {
            *raised.lock().unwrap_or_else(|poison| poison.into_inner()) = Some(error);
            cancel.store(true, Ordering::Relaxed);
        }
    };
    let control = Control {
        cancel: Some(&cancel),
        progress: Some(&progress),
    };
    let done = py.detach(|| work(control));
    let raised = raised
        .lock()
        .unwrap_or_else(|poison| poison.into_inner())
        .take();
    match (done, raised) {
        (Ok(done), _) => Ok(done),
        (Err(_), Some(raised)) => Err(raised),
        (Err(error), None) => Err(errors::exception(py, &error)),
    }
}
