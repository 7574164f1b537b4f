//! [`Restorer`]: an opened model, for Python.

use ddrmjpeg::{
    Control, Degradation, FrameInfo, FrameTables, JpegFile, ModelOptions, Planar8, RestoreOptions,
    Result,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::{Bound, Py, PyAny, PyResult, Python, pyclass, pymethods};
use pyo3::types::{PyBytes, PyDict};

use crate::options::ByName;
use crate::pixels::{Depth, Pixels};
use crate::report::Report;
use crate::source::Source;
use crate::stream::Stream;
use crate::{errors, options, pixels, png, source, work};

/// An opened model. Restores any number of pictures, from any number of threads.
///
/// Keyword arguments are those of the command: ``config``, ``class``, ``device``, ``precision``,
/// ``threads``, ``max_batch`` and ``max_delay_ms``.
#[pyclass(frozen, module = "ddrmjpeg")]
pub struct Restorer {
    inner: ddrmjpeg::Restorer,
}

#[pymethods]
impl Restorer {
    #[new]
    #[pyo3(signature = (model=None, **options))]
    fn new(
        model: Option<&Bound<'_, PyAny>>,
        options: Option<&Bound<'_, PyDict>>,
        py: Python<'_>,
    ) -> PyResult<Self> {
        let mut given = ModelOptions::of(options)?;
        if let Some(model) = model {
            given.set("model", model)?;
        }
        let inner = py.detach(|| ddrmjpeg::Restorer::open(&given));
        let inner = inner.map_err(|error| errors::exception(py, &error))?;
        Ok(Self { inner })
    }

    /// Restores one picture and returns its pixels, [H, W, 3] RGB or [H, W] grey.
    #[pyo3(signature = (source, *, quality=None, dtype=None, orient="apply", **options))]
    fn restore(
        &self,
        source: &Bound<'_, PyAny>,
        quality: Option<i64>,
        dtype: Option<&Bound<'_, PyAny>>,
        orient: &str,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<PyAny>> {
        let (pixels, _) = self.restore_with_report(source, quality, dtype, orient, options)?;
        Ok(pixels)
    }

    /// As ``restore``, with a ``Report`` of what was done.
    #[pyo3(signature = (source, *, quality=None, dtype=None, orient="apply", **options))]
    fn restore_with_report(
        &self,
        source: &Bound<'_, PyAny>,
        quality: Option<i64>,
        dtype: Option<&Bound<'_, PyAny>>,
        orient: &str,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<(Py<PyAny>, Report)> {
        let py = source.py();
        let order = Order::of(py, quality, dtype, orient, options)?;
        let (pixels, report) = self.done(source, &order)?;
        Ok((pixels.into_array(py)?, report.into()))
    }

    /// As ``restore``, but returns the bytes of a PNG without metadata.
    #[pyo3(signature = (source, *, quality=None, dtype=None, orient="apply", **options))]
    fn restore_png<'py>(
        &self,
        source: &Bound<'py, PyAny>,
        quality: Option<i64>,
        dtype: Option<&Bound<'py, PyAny>>,
        orient: &str,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let py = source.py();
        let order = Order::of(py, quality, dtype, orient, options)?;
        let wrong = |error| errors::exception(py, &error);
        png::check(order.depth).map_err(wrong)?;
        let (pixels, _) = self.done(source, &order)?;
        let png = py.detach(|| png::encode(pixels)).map_err(wrong)?;
        Ok(PyBytes::new(py, &png))
    }

    /// A stream that this model restores, with the options of ``restore``.
    #[pyo3(signature = (**options))]
    fn stream(&self, options: Option<&Bound<'_, PyDict>>) -> PyResult<Stream> {
        Ok(Stream::new(
            self.inner.stream(),
            RestoreOptions::of(options)?,
        ))
    }

    /// The arithmetic inside the network, such as "bf16", if the machine decides on it.
    #[getter]
    fn precision(&self) -> Option<&'static str> {
        self.inner.precision()
    }

    /// What the user of the model should know once, or None.
    #[getter]
    fn caution(&self) -> Option<&str> {
        self.inner.caution()
    }
}

impl Restorer {
    fn done(
        &self,
        source: &Bound<'_, PyAny>,
        order: &Order,
    ) -> PyResult<(Pixels, ddrmjpeg::Report)> {
        let py = source.py();
        match Source::of(source)? {
            Source::Path(path) => {
                let bytes = source::read(py, &path, order.options.limits.file_bytes)?;
                order.file(py, &self.inner, &bytes)
            }
            Source::Bytes(bytes) => order.file(py, &self.inner, &bytes),
            Source::Pixels(frame) => {
                work::run(py, |control| order.pixels(&self.inner, &frame, control))
            }
        }
    }
}

/// What one call asks for.
struct Order {
    depth: Depth,
    quality: Option<u8>,
    upright: bool,
    options: RestoreOptions,
}

type Done = Result<(Pixels, ddrmjpeg::Report)>;

impl Order {
    fn of(
        py: Python<'_>,
        quality: Option<i64>,
        dtype: Option<&Bound<'_, PyAny>>,
        orient: &str,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        Ok(Self {
            depth: dtype.map_or(Ok(Depth::U8), Depth::of)?,
            quality: options::quality(py, quality)?,
            upright: is_upright(py, orient)?,
            options: RestoreOptions::of(options)?,
        })
    }

    /// Restores the bytes of a file.
    fn file(
        &self,
        py: Python<'_>,
        restorer: &ddrmjpeg::Restorer,
        bytes: &[u8],
    ) -> PyResult<(Pixels, ddrmjpeg::Report)> {
        if self.quality.is_some() {
            return Err(PyTypeError::new_err(
                "quality is for pixels: a JPEG file says its own tables",
            ));
        }
        if self.options.degradation != Degradation::Jpeg {
            return Err(PyTypeError::new_err(format!(
                "degradation {} is for pixels, not for JPEG files",
                self.options.degradation
            )));
        }
        work::run(py, |control| self.jpeg(restorer, bytes, control))
    }

    fn jpeg(&self, restorer: &ddrmjpeg::Restorer, bytes: &[u8], control: Control<'_>) -> Done {
        let file = JpegFile::read(bytes, &self.options.limits)?;
        let turn = match self.upright {
            true => pixels::turn(file.metadata.exif.as_deref()),
            false => Default::default(),
        };
        if self.depth != Depth::U8 {
            let (picture, report) = restorer.restore_unrounded(&file, &self.options, control)?;
            return Ok((
                Pixels::of_picture(&picture.turned(turn), self.depth),
                report,
            ));
        }
        let restored = restorer.restore_file(&file, &self.options, control)?;
        let frame = match turn.is_upright() {
            true => restored.frame,
            false => turn.picture(&restored.frame),
        };
        Ok((Pixels::of_frame(&frame), restored.report))
    }

    fn pixels(&self, restorer: &ddrmjpeg::Restorer, frame: &Planar8, control: Control<'_>) -> Done {
        let options = &self.options;
        let info = self
            .quality
            .map(|quality| FrameInfo::from(FrameTables::Quality(quality)));
        if let Degradation::Quant(bits) = options.degradation {
            if self.depth != Depth::U8 {
                let wrong = "degradation quant=Nbit and a dtype other than uint8";
                return Err(ddrmjpeg::Error::Unsupported(wrong.into()));
            }
            let restored = restorer.restore_levels(frame, bits, options, control)?;
            return Ok((Pixels::of_frame(&restored.frame), restored.report));
        }
        if self.depth != Depth::U8 {
            let (picture, report) = match &info {
                Some(info) => restorer.restore_frame_unrounded(frame, info, options, control)?,
                None => restorer.restore_decoded_unrounded(frame, options, control)?,
            };
            return Ok((Pixels::of_picture(&picture, self.depth), report));
        }
        let restored = match &info {
            Some(info) => restorer.restore_frame(frame, info, options, control)?,
            None => restorer.restore_decoded(frame, options, control)?,
        };
        Ok((Pixels::of_frame(&restored.frame), restored.report))
    }
}

fn is_upright(py: Python<'_>, orient: &str) -> PyResult<bool> {
    match orient {
        "apply" => Ok(true),
        "keep" => Ok(false),
        other => {
            let wrong = ddrmjpeg::Error::option("orient", other, "apply or keep");
            Err(errors::exception(py, &wrong))
        }
    }
}
