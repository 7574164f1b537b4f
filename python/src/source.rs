//! What a caller hands in: a JPEG by its path or its bytes, or pixels.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use ddrmjpeg::Planar8;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::{Bound, PyAny, PyAnyMethods, PyResult, PyTypeMethods, Python};
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView, PyString};

use crate::{errors, pixels};

/// An input of which nothing has been read yet, but for pixels.
pub enum Source {
    /// A file.
    Path(PathBuf),
    /// The bytes of a file, as Python holds them.
    Bytes(PyBackedBytes),
    /// Pixels.
    Pixels(Planar8),
}

impl Source {
    /// What `given` is.
    pub fn of(given: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = given.py();
        if given.is_instance_of::<PyBytes>() {
            return Ok(Self::Bytes(given.extract()?));
        }
        if given.is_instance_of::<PyByteArray>() || given.is_instance_of::<PyMemoryView>() {
            // Others may write to these while they are read.
            let copy = py.get_type::<PyBytes>().call1((given,))?;
            return Ok(Self::Bytes(copy.extract()?));
        }
        if given.is_instance_of::<PyString>() || given.hasattr("__fspath__")? {
            return Ok(Self::Path(given.extract()?));
        }
        if let Some(array) = pixels::array(given)? {
            return pixels::planes(array).map(Self::Pixels);
        }
        let given = of_pillow(given)?;
        match given.is_instance_of::<PyBytes>() {
            true => Ok(Self::Bytes(given.extract()?)),
            false => match pixels::array(&given)? {
                Some(array) => pixels::planes(array).map(Self::Pixels),
                None => Err(errors::input(py, "the picture has no array".into())),
            },
        }
    }
}

/// The bytes of a file that Pillow has opened and not yet decoded, or else its pixels as an array.
fn of_pillow<'py>(given: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let open = given
        .py()
        .import("ddrmjpeg._pillow")?
        .getattr("open_image")?;
    let found = open.call1((given,))?;
    if found.is_none() {
        let name = given.get_type().qualname()?;
        return Err(PyTypeError::new_err(format!(
            "{name}: a path, bytes, an ndarray or a PIL image is wanted"
        )));
    }
    Ok(found)
}

/// The bytes of a file, up to one more than `limit`: the library refuses those.
pub fn read(py: Python<'_>, path: &Path, limit: u64) -> PyResult<Vec<u8>> {
    let all = || {
        let mut bytes = Vec::new();
        let file = File::open(path)?;
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    py.detach(all)
        .map_err(|error| errors::of_file(py, &path.display().to_string(), &error))
}
