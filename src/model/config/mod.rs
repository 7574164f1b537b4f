//! Reads the published YAML configs unchanged.
//!
//! [`Config::parse`] takes a file of the published repositories (DDRM, DDRM-JPEG, DDIM) unchanged.
//! Keys that only training or loaders need are accepted and have no effect ([`WITHOUT_EFFECT`]);
//! every other unknown key is an error that names it. No torch, no files: the caller reads the
//! text, and the networks are built from the resulting configs.

mod list;
pub mod networks;
pub mod sections;
pub mod shipped;

use serde::Deserialize;

pub use crate::model::config::networks::NetworkConfig;
pub use crate::model::config::sections::{
    BetaSchedule, Classifier, Data, Diffusion, Model, ModelType, Sampling,
};

use crate::error::{Error, Result};

/// Keys (and whole sections) of the published files that have no meaning for restoration: they are
/// accepted with any value.
pub const WITHOUT_EFFECT: [&str; 12] = [
    "training",
    "optim",
    "data.random_flip",
    "data.num_workers",
    "model.dropout",
    "model.ema",
    "model.ema_rate",
    "model.var_type",
    "model.use_checkpoint",
    // learn_sigma decides this, as in the published program.
    "model.out_channels",
    "sampling.last_only",
    "sampling.ckpt_id",
];

/// A published config, checked for unknown keys.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Config {
    /// What pictures it is for.
    pub data: Data,
    /// The UNet.
    pub model: Model,
    /// The classifier that guides it.
    pub classifier: Option<Classifier>,
    /// The noise schedule it was trained on.
    #[serde(default)]
    pub diffusion: Diffusion,
    /// How the published program samples.
    #[serde(default)]
    pub sampling: Sampling,
}

impl Config {
    /// Reads a config; `name` is its name in errors.
    ///
    /// # Errors
    /// [`Error::Options`] for text that is not YAML or lacks a section, for values of the wrong
    /// type or out of range, and for unknown keys, which are all named.
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        let mut unknown = Vec::new();
        let config: Self = serde_saphyr::with_deserializer_from_str(text, |yaml| {
            serde_ignored::deserialize(yaml, |path| unknown.extend(unknown_key(&path)))
        })
        .map_err(|e| Error::options(format!("{name}: {e}")))?;
        unknown.extend(config.model.foreign_keys());
        if !unknown.is_empty() {
            let keys = unknown.join(", ");
            return Err(Error::options(format!("{name}: unknown keys: {keys}")));
        }
        config
            .check()
            .map_err(|e| Error::options(format!("{name}: {e}")))?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        self.diffusion.validate()?;
        self.data.validate()?;
        self.network()?;
        self.guide()?;
        Ok(())
    }
}

/// The name of an unused key, unless it is one of [`WITHOUT_EFFECT`] or inside one.
fn unknown_key(path: &serde_ignored::Path<'_>) -> Option<String> {
    // serde_ignored marks an optional section with a question mark.
    let key = path.to_string().replace("?.", "");
    let known = WITHOUT_EFFECT.iter().any(|&quiet| {
        key.strip_prefix(quiet)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    (!known).then_some(key)
}
