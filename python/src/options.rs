//! Keyword arguments to the library's options. Names are those of its fields.

use ddrmjpeg::{Error, ModelOptions, RestoreOptions};
use pyo3::FromPyObject;
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::{Bound, PyAny, PyAnyMethods, PyErr, PyResult, Python, pyfunction};
use pyo3::types::PyDict;

use crate::errors;

/// Options by their name.
pub trait ByName: Default {
    /// The option `name` becomes `value`; false if there is none of this name.
    fn set(&mut self, name: &str, value: &Bound<'_, PyAny>) -> PyResult<bool>;

    /// Checks all of them.
    fn check(&self) -> ddrmjpeg::Result<()>;

    /// The defaults with what `given` names, checked.
    fn of(given: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut options = Self::default();
        let Some(given) = given else {
            return Ok(options);
        };
        for (name, value) in given {
            let name: String = name.extract()?;
            // `class` is a word of Python's own.
            let field = name.strip_suffix('_').unwrap_or(&name);
            if !options.set(field, &value)? {
                return Err(PyTypeError::new_err(format!(
                    "no option is called {name:?}"
                )));
            }
        }
        options
            .check()
            .map_err(|error| errors::exception(given.py(), &error))?;
        Ok(options)
    }
}

/// Implements [`ByName`]: options that are numbers or texts of Python's, and those that are read
/// from their names.
macro_rules! by_name {
    ($owner:ident { plain: $($plain:ident),+; read: $($read:ident),+; $($other:tt)* }) => {
        impl ByName for $owner {
            fn set(&mut self, name: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
                match name {
                    $(stringify!($plain) => self.$plain = plain(name, value)?,)+
                    $(stringify!($read) => self.$read = read(value)?,)+
                    _ => return by_name!(@other self, name, value, $($other)*),
                }
                Ok(true)
            }

            fn check(&self) -> ddrmjpeg::Result<()> {
                self.validate()
            }
        }
    };
    (@other $self:ident, $name:ident, $value:ident, ) => { Ok(false) };
    (@other $self:ident, $name:ident, $value:ident, $other:ident) => {
        $other($self, $name, $value)
    };
}

by_name!(ModelOptions {
    plain: config, class, threads, max_batch, max_delay_ms;
    read: device, precision;
    model
});

by_name!(RestoreOptions {
    plain: strength, strict, identity_gate, seed, steps, samples, eta, eta_b, init_timestep, tile_size;
    read: degradation, preset, assume_quality, temporal;
    limits
});

fn model(options: &mut ModelOptions, name: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    if name != "model" {
        return Ok(false);
    }
    let path = value.py().import("os")?.getattr("fspath")?;
    let name: Option<String> = match value.is_none() {
        true => None,
        false => Some(path.call1((value,))?.extract()?),
    };
    options.model = name.into();
    Ok(true)
}

fn limits(options: &mut RestoreOptions, name: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    if name != "max_megapixels" {
        return Ok(false);
    }
    let megapixels: Option<usize> = plain(name, value)?;
    options.limits.pixels = megapixels.map(|n| n.saturating_mul(1_000_000));
    Ok(true)
}

/// A value as it is. One that its type cannot hold is out of any range.
fn plain<'a, 'py, T>(name: &str, value: &'a Bound<'py, PyAny>) -> PyResult<T>
where
    T: FromPyObject<'a, 'py>,
{
    value.extract::<T>().map_err(|error: T::Error| {
        let error: PyErr = error.into();
        let py = value.py();
        if error.is_instance_of::<PyOverflowError>(py) {
            let wrong = Error::option(name, value, "a number that fits");
            return errors::exception(py, &wrong);
        }
        PyTypeError::new_err(format!("{name}: {error}"))
    })
}

/// A value by the name that the command has for it.
fn read<T: std::str::FromStr<Err = Error>>(value: &Bound<'_, PyAny>) -> PyResult<T> {
    let text = value.str()?.to_string();
    text.parse()
        .map_err(|error| errors::exception(value.py(), &error))
}

/// The quality that pixels were saved with, if the caller names it.
pub fn quality(py: Python<'_>, quality: Option<i64>) -> PyResult<Option<u8>> {
    match quality {
        None => Ok(None),
        Some(quality @ 1..=100) => Ok(Some(quality as u8)),
        Some(other) => {
            let wrong = Error::option("quality", other, "in 1..100");
            Err(errors::exception(py, &wrong))
        }
    }
}

/// The names of the library's fields: of a model's options, and of a picture's. For the test that
/// compares them with the names here.
#[pyfunction]
pub fn option_names() -> (Vec<String>, Vec<String>) {
    let model = fields(&format!("{:?}", ModelOptions::default()));
    (model, fields(&format!("{:?}", RestoreOptions::default())))
}

/// The fields that `Debug` shows, but for the limits, which are not all given.
fn fields(text: &str) -> Vec<String> {
    let parts = text.split(['{', ',']);
    let names = parts.filter_map(|part| Some(part.split_once(':')?.0.trim().to_owned()));
    names.take_while(|name| name != "limits").collect()
}
