//! [`ModelOptions`]: which model to open, and where and how its network runs.
//!
//! Given once, to whatever opens a model: `model::open`, the registry, the published networks.

use crate::error::{Error, Result};
use crate::options::{Device, ModelName, Precision};

/// Which model to open, and where and how its network runs.
///
/// Made from the defaults, by its setters or by assignment to its fields:
///
/// ```
/// use ddrmjpeg::{Device, ModelOptions};
///
/// let options = ModelOptions::default().with_model("nano").with_device(Device::Cpu);
/// options.validate()?;
/// # Ok::<(), ddrmjpeg::Error>(())
/// ```
///
/// Pictures are restored with [`RestoreOptions`](crate::RestoreOptions). Another model is another
/// [`Restorer`](crate::Restorer).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ModelOptions {
    /// `lean` or `nano` (both embedded; nano is the small one, for moving pictures),
    /// `identity`, the path of a config (`.yml`) whose checkpoints lie where the published
    /// program has them, or the path of a checkpoint. Not given: what `config` describes, or `lean`.
    pub model: ModelName,
    /// The published config that describes the checkpoint `model`, or, where no model is given, the
    /// model to open; `None`: one of this project's own. A built-in model has none.
    pub config: Option<String>,
    /// The class that a class-conditional model is told, 0..=999_999; `None` for all others.
    pub class: Option<usize>,
    /// Where the network runs. Default: auto.
    pub device: Device,
    /// Arithmetic of the network. Default: auto.
    pub precision: Precision,
    /// CPU threads, up to 1024; 0: all.
    pub threads: usize,
    /// Most tiles, windows and frames of one size in one network call, whichever pictures and
    /// elements they come from, up to 64 and to 8 megapixels together (4 of the published networks);
    /// 0: 1 on a CPU, where nothing is gained by it, and 8 on CUDA. Default: 0.
    pub max_batch: usize,
    /// How long in milliseconds one of them waits for others to join it, 0..=1000, while fewer
    /// than `max_batch` are there and more could come. Default: 2.
    pub max_delay_ms: f64,
}

impl Default for ModelOptions {
    fn default() -> Self {
        Self {
            model: ModelName::default(),
            config: None,
            class: None,
            device: Device::Auto,
            precision: Precision::Auto,
            threads: 0,
            max_batch: 0,
            max_delay_ms: 2.0,
        }
    }
}

impl ModelOptions {
    /// Checks every field against its range.
    ///
    /// # Errors
    /// [`Error::Options`] naming the first field that is out of range, its value and the limit.
    pub fn validate(&self) -> Result<()> {
        let outside =
            |name: &str, value: String, range: &str| Err(Error::option(name, value, range));
        if let Some(class) = self.class.filter(|&class| class > 999_999) {
            return outside("class", class.to_string(), "in 0..999999");
        }
        if self.threads > 1024 {
            return outside("threads", self.threads.to_string(), "at most 1024");
        }
        if self.max_batch > 64 {
            return outside("max-batch", self.max_batch.to_string(), "at most 64");
        }
        if !(0.0..=1000.0).contains(&self.max_delay_ms) {
            let value = self.max_delay_ms.to_string();
            return outside("max-delay", value, "in 0..1000 milliseconds");
        }
        if self.model.as_str().is_empty() {
            return outside("model", "\"\"".into(), "a name or a path");
        }
        if self.config.as_ref().is_some_and(String::is_empty) {
            return outside("config", "\"\"".into(), "a path");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_option_the_value_and_the_limit() {
        ModelOptions::default().validate().unwrap();
        let wrong = [
            (
                ModelOptions::default().with_class(Some(1_000_000)),
                "class = 1000000: must be in 0..999999",
            ),
            (
                ModelOptions::default().with_threads(1025),
                "threads = 1025: must be at most 1024",
            ),
            (
                ModelOptions::default().with_max_batch(65),
                "max-batch = 65: must be at most 64",
            ),
            (
                ModelOptions::default().with_max_delay_ms(f64::NAN),
                "max-delay = NaN: must be in 0..1000 milliseconds",
            ),
            (
                ModelOptions::default().with_model(""),
                "model = \"\": must be a name or a path",
            ),
            (
                ModelOptions::default().with_config(Some(String::new())),
                "config = \"\": must be a path",
            ),
        ];
        for (options, expected) in wrong {
            let message = options.validate().unwrap_err().to_string();
            assert_eq!(message, format!("bad option: {expected}"));
        }
    }
}
