//! [`Report`]: what was done to a picture, for Python.

use ddrmjpeg::jpeg::recover::moved::Move;
use ddrmjpeg::outcome::TablesFrom;
use pyo3::prelude::{Bound, PyDictMethods, PyResult, Python, pyclass, pymethods};
use pyo3::types::PyDict;

/// What was done to a picture.
#[pyclass(frozen, module = "ddrmjpeg")]
pub struct Report(ddrmjpeg::Report);

impl From<ddrmjpeg::Report> for Report {
    fn from(report: ddrmjpeg::Report) -> Self {
        Self(report)
    }
}

#[pymethods]
impl Report {
    /// False if the pixels were passed through; ``notes`` says why.
    #[getter]
    fn restored(&self) -> bool {
        self.0.restored
    }

    /// Calls of the network, tiles counted apart.
    #[getter]
    fn network_calls(&self) -> usize {
        self.0.network_calls
    }

    /// The IJG quality given or found, for pixels.
    #[getter]
    fn quality(&self) -> Option<u8> {
        self.0.quality
    }

    /// Where the tables of pixels were known from: "file", "caller" or "pixels"; None for files.
    #[getter]
    fn tables_from(&self) -> Option<&'static str> {
        Some(match self.0.tables_from? {
            TablesFrom::File => "file",
            TablesFrom::Caller => "caller",
            TablesFrom::Pixels => "pixels",
            _ => "other",
        })
    }

    /// "closed" if everything is handed on as decoded, because restoring might harm it; else "open".
    #[getter]
    fn gate(&self) -> &'static str {
        self.0.gate.name()
    }

    /// Whether the picture was not held to its levels, since ``assume_quality`` states a quality.
    #[getter]
    fn released(&self) -> bool {
        self.0.released
    }

    /// The encoder's family, for files.
    #[getter]
    fn family(&self) -> Option<String> {
        self.0.family.as_ref().map(|family| family.name())
    }

    /// Whether the file shows an earlier, coarser save, to which the picture was held instead.
    #[getter]
    fn resaved(&self) -> bool {
        self.0.resaved
    }

    /// Where the grid of an earlier save lies, if it is not the file's own: ``how``, which is
    /// ``{"cut": (column, row)}`` of its first whole block or ``{"scaled": pixels}`` of a block's
    /// width, and the ``quality`` that the picture was restored by. None if none shows.
    #[getter]
    fn moved<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(moved) = self.0.moved else {
            return Ok(None);
        };
        let how = PyDict::new(py);
        match moved.how {
            Move::Cut(column, row) => how.set_item("cut", (column, row))?,
            Move::Scaled(width) => how.set_item("scaled", width)?,
            _ => {}
        }
        let dict = PyDict::new(py);
        dict.set_item("how", how)?;
        dict.set_item("quality", moved.quality)?;
        Ok(Some(dict))
    }

    /// With ``strict``: the shares of the known coefficients that encode to the file's own levels
    /// again, of the picture as computed and rounded to 8 bits. Else None.
    #[getter]
    fn consistency(&self) -> Option<(f64, f64)> {
        let shares = self.0.consistency?;
        Some((shares.computed, shares.rounded))
    }

    /// Of a stream's frame: how many ``pixels`` it has on its grid, how many ``changed``, and for
    /// how many the network was not asked again (``reused``). Else None.
    #[getter]
    fn carried<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(carried) = self.0.carried else {
            return Ok(None);
        };
        let dict = PyDict::new(py);
        dict.set_item("pixels", carried.pixels)?;
        dict.set_item("changed", carried.changed)?;
        dict.set_item("reused", carried.reused)?;
        Ok(Some(dict))
    }

    /// What the user should know, such as data that ends early or tables that do not fit.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.0.notes.clone()
    }

    fn __repr__(&self) -> String {
        let Self(report) = self;
        let (restored, calls) = (
            if report.restored { "True" } else { "False" },
            report.network_calls,
        );
        format!(
            "Report(restored={restored}, network_calls={calls}, gate='{}', notes={:?})",
            report.gate.name(),
            report.notes
        )
    }
}
