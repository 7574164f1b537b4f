//! The options by the names that the command has for them, each with a text as its value: options
//! can be added without a change of the interface.

use std::ffi::c_char;
use std::fmt::Display;
use std::str::FromStr;

use ddrmjpeg::{Error, ModelOptions, RestoreOptions};

use crate::arguments;
use crate::status::{ddrmjpeg_status, guard, guarded};

/// Options of a model and of a restoration, at first all at their defaults.
#[derive(Clone, Debug, Default)]
pub struct ddrmjpeg_options {
    pub(crate) model: ModelOptions,
    pub(crate) restore: RestoreOptions,
}

/// Every name that can be set.
const NAMES: [&str; 23] = [
    "model",
    "config",
    "class",
    "device",
    "precision",
    "threads",
    "max-batch",
    "max-delay",
    "degradation",
    "preset",
    "strength",
    "strict",
    "identity-gate",
    "assume-quality",
    "seed",
    "steps",
    "samples",
    "eta",
    "eta-b",
    "init-timestep",
    "temporal",
    "tile-size",
    "max-megapixels",
];

impl ddrmjpeg_options {
    fn set(&mut self, name: &str, value: &str) -> ddrmjpeg::Result<()> {
        let mut changed = self.clone();
        let (model, restore) = (&mut changed.model, &mut changed.restore);
        match name {
            "model" => model.model = value.into(),
            "config" => model.config = Some(value.to_owned()),
            "class" => model.class = Some(number(name, value)?),
            "device" => model.device = value.parse()?,
            "precision" => model.precision = value.parse()?,
            "threads" => model.threads = number(name, value)?,
            "max-batch" => model.max_batch = number(name, value)?,
            "max-delay" => model.max_delay_ms = number(name, value)?,
            "degradation" => restore.degradation = value.parse()?,
            "preset" => restore.preset = value.parse()?,
            "strength" => restore.strength = number(name, value)?,
            "strict" => restore.strict = is_true(name, value)?,
            "identity-gate" => restore.identity_gate = is_true(name, value)?,
            "assume-quality" => restore.assume_quality = value.parse()?,
            "seed" => restore.seed = number(name, value)?,
            "steps" => restore.steps = Some(number(name, value)?),
            "samples" => restore.samples = Some(number(name, value)?),
            "eta" => restore.eta = number(name, value)?,
            "eta-b" => restore.eta_b = number(name, value)?,
            "init-timestep" => restore.init_timestep = number(name, value)?,
            "temporal" => restore.temporal = value.parse()?,
            "tile-size" => restore.tile_size = number(name, value)?,
            "max-megapixels" => {
                let megapixels: usize = number(name, value)?;
                restore.limits.pixels = Some(megapixels.saturating_mul(1_000_000));
            }
            other => {
                let names = format!("one of {}", NAMES.join(", "));
                return Err(Error::option("option", format_args!("{other:?}"), names));
            }
        }
        changed.model.validate()?;
        changed.restore.validate()?;
        *self = changed;
        Ok(())
    }
}

fn number<T: FromStr<Err: Display>>(name: &str, value: &str) -> ddrmjpeg::Result<T> {
    let wrong = |error| {
        Error::option(
            name,
            format_args!("{value:?}"),
            format!("a number ({error})"),
        )
    };
    value.parse().map_err(wrong)
}

fn is_true(name: &str, value: &str) -> ddrmjpeg::Result<bool> {
    let wrong = |_| Error::option(name, format_args!("{value:?}"), "true or false");
    value.parse().map_err(wrong)
}

/// New options, at their defaults. To be freed with ddrmjpeg_options_free.
#[unsafe(no_mangle)]
pub extern "C" fn ddrmjpeg_options_new() -> *mut ddrmjpeg_options {
    guarded(std::ptr::null_mut(), || Box::into_raw(Box::default()))
}

/// Sets one option by the name of the command's flag, without the dashes before it, to a value as
/// the command takes it: "preset" to "quality", "strict" to "true", "model" to "nano". What is
/// refused leaves the options as they were.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddrmjpeg_options_set(
    options: *mut ddrmjpeg_options,
    name: *const c_char,
    value: *const c_char,
) -> ddrmjpeg_status {
    guard(|| {
        // SAFETY: the caller keeps to the contract in the header.
        let (options, name, value) = unsafe {
            (
                arguments::borrow_mut(options, "options")?,
                arguments::text(name, "name")?,
                arguments::text(value, "value")?,
            )
        };
        Ok(options.set(name, value)?)
    })
}

/// Frees options.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddrmjpeg_options_free(options: *mut ddrmjpeg_options) {
    // SAFETY: the caller keeps to the contract in the header.
    guarded((), || unsafe { arguments::free(options) });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields that `Debug` shows, but for the limits.
    fn fields(text: &str) -> Vec<String> {
        let parts = text.split(['{', ',']);
        let names = parts.filter_map(|part| Some(part.split_once(':')?.0.trim().to_owned()));
        names.take_while(|name| name != "limits").collect()
    }

    #[test]
    fn every_option_of_the_library_has_its_name() {
        let mut wanted = fields(&format!("{:?}", ModelOptions::default()));
        wanted.extend(fields(&format!("{:?}", RestoreOptions::default())));
        let mut wanted: Vec<String> = wanted
            .iter()
            .map(|name| name.trim_end_matches("_ms").replace('_', "-"))
            .collect();
        wanted.push("max-megapixels".into());
        assert_eq!(NAMES.to_vec(), wanted);
    }

    #[test]
    fn every_name_can_be_set_and_changes_something() {
        let values = [
            "nano",
            "a.yml",
            "3",
            "cpu",
            "f32",
            "2",
            "4",
            "1.5",
            "quant=3bit",
            "quality",
            "0.5",
            "true",
            "false",
            "40",
            "7",
            "3",
            "2",
            "0.25",
            "0.5",
            "20",
            "off",
            "128",
            "9",
        ];
        for (name, value) in NAMES.into_iter().zip(values) {
            let mut options = ddrmjpeg_options::default();
            options
                .set(name, value)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            let changed = format!("{options:?}") != format!("{:?}", ddrmjpeg_options::default());
            assert!(changed, "{name}");
        }
    }

    #[test]
    fn what_is_refused_changes_nothing() {
        let mut options = ddrmjpeg_options::default();
        for (name, value, message) in [
            ("strength", "2", "strength = 2: must be in 0..1"),
            ("steps", "many", "steps = \"many\": must be a number"),
            ("strict", "yes", "strict = \"yes\": must be true or false"),
            (
                "sharpness",
                "1",
                "option = \"sharpness\": must be one of model, config",
            ),
        ] {
            let error = options.set(name, value).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("bad option: {message}")),
                "{error}"
            );
        }
        assert_eq!(
            format!("{options:?}"),
            format!("{:?}", ddrmjpeg_options::default())
        );
    }
}
