//! The library's errors as exceptions of `ddrmjpeg._errors`, a class for each kind.

use ddrmjpeg::Error;
use pyo3::prelude::{PyAnyMethods, PyErr, PyResult, Python};

/// The exception for `error`.
pub fn exception(py: Python<'_>, error: &Error) -> PyErr {
    if let Error::Io { path, source } = error {
        return of_file(py, &path.display().to_string(), source);
    }
    let class = match error {
        Error::Input(_) => "InputError",
        Error::Unsupported(_) => "UnsupportedError",
        Error::Options(_) => "OptionsError",
        Error::Checkpoint(_) => "CheckpointError",
        Error::Limits(_) => "LimitsError",
        Error::Backend(_) => "BackendError",
        Error::Cancelled => "CancelledError",
        _ => "Error",
    };
    new(py, class, (error.to_string(),))
}

/// The exception for a file that cannot be read: with `errno` and `filename`, as an `OSError` has
/// them.
pub fn of_file(py: Python<'_>, path: &str, error: &std::io::Error) -> PyErr {
    let class = match error.kind() {
        std::io::ErrorKind::NotFound => "FileMissingError",
        _ => "FileError",
    };
    let Some(number) = error.raw_os_error() else {
        return new(py, class, (format!("{path}: {error}"),));
    };
    let text = |number: i32| -> PyResult<String> {
        py.import("os")?
            .getattr("strerror")?
            .call1((number,))?
            .extract()
    };
    let text = text(number).unwrap_or_else(|_| error.to_string());
    new(py, class, (number, text, path.to_owned()))
}

/// Bad input that only Python can hand in.
pub fn input(py: Python<'_>, message: String) -> PyErr {
    exception(py, &Error::Input(message))
}

fn new<'py, A: pyo3::call::PyCallArgs<'py>>(py: Python<'py>, class: &str, arguments: A) -> PyErr {
    let make = || {
        let class = py.import("ddrmjpeg._errors")?.getattr(class)?;
        class.call1(arguments)
    };
    match make() {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}
