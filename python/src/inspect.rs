//! What a JPEG file says, as a dictionary.

use ddrmjpeg::outcome::Family;
use ddrmjpeg::{Header, JpegFile, Limits, PixelModel};
use numpy::{PyArray1, PyArrayMethods};
use pyo3::prelude::{Bound, PyAny, PyDictMethods, PyListMethods, PyResult, Python, pyfunction};
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::source::Source;
use crate::{errors, source, work};

/// What a JPEG says: size, sampling, tables, encoder, damage, metadata.
#[pyfunction]
pub fn inspect<'py>(source: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    let py = source.py();
    let limits = Limits::default();
    match Source::of(source)? {
        Source::Path(path) => {
            let bytes = source::read(py, &path, limits.file_bytes)?;
            described(py, &bytes, &limits)
        }
        Source::Bytes(bytes) => described(py, &bytes, &limits),
        Source::Pixels(_) => Err(errors::input(
            py,
            "pixels: only JPEG files say something".into(),
        )),
    }
}

fn described<'py>(py: Python<'py>, bytes: &[u8], limits: &Limits) -> PyResult<Bound<'py, PyDict>> {
    let (file, header) = work::run(py, |_| {
        Ok((JpegFile::read(bytes, limits)?, Header::read(bytes).ok()))
    })?;
    let dict = PyDict::new(py);
    dict.set_item("width", file.width)?;
    dict.set_item("height", file.height)?;
    dict.set_item("model", model(&file))?;
    dict.set_item("subsampling", file.subsampling_name())?;
    dict.set_item("progressive", file.progressive)?;
    dict.set_item("quality", header.as_ref().and_then(Header::ijg_quality))?;
    let family = header
        .as_ref()
        .map_or(&Family::Unknown, |header| &header.family);
    dict.set_item("encoder", family.name())?;
    dict.set_item("components", components(py, &file)?)?;
    let damage = file
        .damage
        .as_ref()
        .map(|damage| damage.describe(file.height));
    dict.set_item("damage", damage)?;
    let metadata = &file.metadata;
    let bytes = |block: &Option<Vec<u8>>| block.as_ref().map(|block| PyBytes::new(py, block));
    let exif = metadata.exif.as_deref();
    let turn = exif.and_then(image::metadata::Orientation::from_exif_chunk);
    dict.set_item("orientation", turn.map_or(1, |turn| turn.to_exif()))?;
    dict.set_item("exif", bytes(&metadata.exif))?;
    dict.set_item("icc", bytes(&metadata.icc))?;
    dict.set_item("xmp", bytes(&metadata.xmp))?;
    Ok(dict)
}

fn model(file: &JpegFile) -> &'static str {
    match &file.ink {
        Some(ink) if ink.is_ycck => return "YCCK",
        Some(_) => return "CMYK",
        None => {}
    }
    match file.model {
        PixelModel::Grey => "grey",
        PixelModel::YCbCr => "YCbCr",
        PixelModel::Rgb => "RGB",
    }
}

/// All components, black last.
fn components<'py>(py: Python<'py>, file: &JpegFile) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    let black = file.ink.iter().flat_map(|ink| &ink.black.components);
    for component in file.components.iter().chain(black) {
        let dict = PyDict::new(py);
        dict.set_item("id", component.id)?;
        dict.set_item("sampling", component.sampling)?;
        let steps = PyArray1::from_iter(py, component.steps.iter().copied());
        dict.set_item("steps", steps.reshape([8, 8])?)?;
        list.append(dict)?;
    }
    Ok(list)
}
