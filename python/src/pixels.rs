//! NumPy arrays to the library's planes, and its pictures to arrays.
//!
//! Arrays are `[H, W]` for grey and `[H, W, 3]` for RGB.

use ddrmjpeg::outcome::Orientation;
use ddrmjpeg::{FrameView, Picture, PixelFormat, PixelModel, Planar8, Plane8};
use numpy::ndarray::{ArrayView2, ArrayViewD, Axis, Ix2};
use numpy::{
    Element, PyArray1, PyArrayDescrMethods, PyArrayDyn, PyArrayMethods, PyUntypedArray,
    PyUntypedArrayMethods,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::{Bound, Py, PyAny, PyAnyMethods, PyResult, Python};

use crate::errors;

/// The type of the samples that are returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// 0..=255.
    U8,
    /// 0..=65535.
    U16,
    /// 0..=1.
    F32,
}

impl Depth {
    /// What a `dtype` names.
    pub fn of(dtype: &Bound<'_, PyAny>) -> PyResult<Self> {
        let numpy = dtype.py().import("numpy")?;
        let name = numpy.getattr("dtype")?.call1((dtype,))?.getattr("name")?;
        match name.extract::<String>()?.as_str() {
            "uint8" => Ok(Self::U8),
            "uint16" => Ok(Self::U16),
            "float32" => Ok(Self::F32),
            other => {
                let allowed = "uint8, uint16 or float32";
                let wrong = ddrmjpeg::Error::option("dtype", other, allowed);
                Err(errors::exception(dtype.py(), &wrong))
            }
        }
    }
}

/// `given` as an array of bytes; `None` if it is no array.
pub fn array<'a, 'py>(
    given: &'a Bound<'py, PyAny>,
) -> PyResult<Option<&'a Bound<'py, PyArrayDyn<u8>>>> {
    let Ok(untyped) = given.cast::<PyUntypedArray>() else {
        return Ok(None);
    };
    let Ok(array) = given.cast::<PyArrayDyn<u8>>() else {
        let dtype = untyped.dtype();
        let name = dtype.typeobj();
        return Err(PyTypeError::new_err(format!(
            "an ndarray of {name}: uint8 is wanted"
        )));
    };
    Ok(Some(array))
}

/// The planes of an array, each sample copied once, straight from where it lies.
pub fn planes(array: &Bound<'_, PyArrayDyn<u8>>) -> PyResult<Planar8> {
    let py = array.py();
    let shape = array.shape().to_vec();
    let (height, width, format) = match shape[..] {
        [height, width] => (height, width, PixelFormat::Grey),
        [height, width, 3] => (height, width, PixelFormat::Rgb),
        _ => {
            let message = format!("an ndarray of shape {shape:?}: [H, W] or [H, W, 3] is wanted");
            return Err(errors::input(py, message));
        }
    };
    let lent = array.try_readonly()?;
    let wrong = |error| errors::exception(py, &error);
    if let (true, Ok(bytes)) = (array.is_c_contiguous(), lent.as_slice()) {
        let stride = bytes.len() / height.max(1);
        let view = FrameView::new(format, width, height, &[(bytes, stride)]);
        return Ok(view.map_err(wrong)?.to_planar());
    }
    let model = match format {
        PixelFormat::Grey => PixelModel::Grey,
        _ => PixelModel::Rgb,
    };
    let planes = channels(&lent.as_array()).into_iter().map(plane).collect();
    Planar8::from_planes(model, (1, 1), planes).map_err(wrong)
}

/// The channels of an array of two or three dimensions.
fn channels<'a>(array: &ArrayViewD<'a, u8>) -> Vec<ArrayView2<'a, u8>> {
    match array.clone().into_dimensionality::<Ix2>() {
        Ok(grey) => vec![grey],
        Err(_) => (0..array.shape()[2])
            .filter_map(|c| {
                array
                    .clone()
                    .index_axis_move(Axis(2), c)
                    .into_dimensionality()
                    .ok()
            })
            .collect(),
    }
}

fn plane(samples: ArrayView2<'_, u8>) -> Plane8 {
    let (height, width) = samples.dim();
    Plane8 {
        width,
        height,
        data: samples.iter().copied().collect(),
    }
}

/// A result, pixel by pixel.
pub struct Pixels {
    /// Row after row.
    pub samples: Samples,
    /// `[H, W]` or `[H, W, 3]`.
    pub shape: Vec<usize>,
}

/// Samples of the type that was asked for.
pub enum Samples {
    /// 0..=255.
    U8(Vec<u8>),
    /// 0..=65535.
    U16(Vec<u16>),
    /// 0..=1.
    F32(Vec<f32>),
}

impl Pixels {
    /// The pixels of a frame that is grey or RGB.
    pub fn of_frame(frame: &Planar8) -> Self {
        let planes: Vec<&[u8]> = frame.planes.iter().map(|plane| &plane.data[..]).collect();
        Self {
            samples: Samples::U8(interleaved(&planes, |sample| sample)),
            shape: shape(planes.len(), frame.width(), frame.height()),
        }
    }

    /// The pixels of a picture that is not rounded; what lies beyond black and white is clipped.
    pub fn of_picture(picture: &Picture, depth: Depth) -> Self {
        let planes: Vec<&[f32]> = (0..picture.channels).map(|c| picture.plane(c)).collect();
        let level = |top: f32| move |x: f32| (x * 0.5 + 0.5).clamp(0.0, 1.0) * top;
        let samples = match depth {
            Depth::U8 => Samples::U8(interleaved(&planes, |x| level(255.0)(x).round() as u8)),
            Depth::U16 => Samples::U16(picture.interleaved16()),
            Depth::F32 => Samples::F32(interleaved(&planes, level(1.0))),
        };
        Self {
            samples,
            shape: shape(planes.len(), picture.width, picture.height),
        }
    }

    /// An array that owns them.
    pub fn into_array(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self.samples {
            Samples::U8(samples) => shaped(py, samples, &self.shape),
            Samples::U16(samples) => shaped(py, samples, &self.shape),
            Samples::F32(samples) => shaped(py, samples, &self.shape),
        }
    }
}

fn shape(channels: usize, width: usize, height: usize) -> Vec<usize> {
    match channels {
        1 => vec![height, width],
        _ => vec![height, width, channels],
    }
}

fn shaped<T: Element>(py: Python<'_>, samples: Vec<T>, shape: &[usize]) -> PyResult<Py<PyAny>> {
    let flat = PyArray1::from_vec(py, samples);
    Ok(flat.reshape(shape.to_vec())?.into_any().unbind())
}

/// The samples of one or three planes, pixel by pixel.
fn interleaved<T: Copy, U>(planes: &[&[T]], convert: impl Fn(T) -> U) -> Vec<U> {
    let [r, g, b] = planes else {
        return planes
            .iter()
            .flat_map(|plane| plane.iter())
            .map(|&x| convert(x))
            .collect();
    };
    let mut out = Vec::with_capacity(3 * r.len());
    for ((&r, &g), &b) in r.iter().zip(*g).zip(*b) {
        out.extend([convert(r), convert(g), convert(b)]);
    }
    out
}

/// How to turn a picture upright by the EXIF of its file.
pub fn turn(exif: Option<&[u8]>) -> Orientation {
    use image::metadata::Orientation as Exif;
    let how = |transposed, mirrored_x, mirrored_y| Orientation {
        transposed,
        mirrored_x,
        mirrored_y,
    };
    match exif
        .and_then(Exif::from_exif_chunk)
        .unwrap_or(Exif::NoTransforms)
    {
        Exif::NoTransforms => how(false, false, false),
        Exif::FlipHorizontal => how(false, true, false),
        Exif::Rotate180 => how(false, true, true),
        Exif::FlipVertical => how(false, false, true),
        Exif::Rotate90FlipH => how(true, false, false),
        Exif::Rotate90 => how(true, true, false),
        Exif::Rotate270FlipH => how(true, true, true),
        Exif::Rotate270 => how(true, false, true),
    }
}
