//! The extension module `ddrmjpeg._native`: the library's public interface for Python.
//!
//! What a Python user sees is named and documented in `ddrmjpeg/__init__.pyi`; `ddrmjpeg/` holds
//! what is simpler in Python. This crate does no arithmetic of its own, but for what belongs to
//! NumPy: the layout of arrays and their types.

mod errors;
mod inspect;
mod options;
mod pixels;
mod png;
mod report;
mod restorer;
mod source;
mod stream;
mod work;

use pyo3::prelude::{Bound, PyModule, PyModuleMethods, PyResult, pymodule, wrap_pyfunction};

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<restorer::Restorer>()?;
    module.add_class::<stream::Stream>()?;
    module.add_class::<report::Report>()?;
    module.add_function(wrap_pyfunction!(inspect::inspect, module)?)?;
    module.add_function(wrap_pyfunction!(options::option_names, module)?)
}
