//! The published YAML configs, read as they stand.
//!
//! [`Config::parse`] takes a file of the published repositories (DDRM, DDRM-JPEG, DDIM)
//! unchanged. What only their training or their loaders need is accepted and has no effect
//! ([`WITHOUT_EFFECT`]); every other key that is not known is an error that names it. No
//! torch, no files: the command reads the text, the networks take the configs made from it.

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

/// Keys (and whole sections) of the published files that mean nothing when pictures are
/// restored: they are accepted, whatever they hold.
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
    // learn_sigma decides, in the published program too.
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
    /// Reads a config; `name` is what errors call it.
    ///
    /// # Errors
    /// [`Error::Options`] for what is not YAML or lacks a section, for values of the wrong
    /// type or out of range, and for unknown keys, all of which it names.
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

/// The key that nothing read, unless it is one of [`WITHOUT_EFFECT`] or inside one.
fn unknown_key(path: &serde_ignored::Path<'_>) -> Option<String> {
    // An optional section shows up as a question mark of its own.
    let key = path.to_string().replace("?.", "");
    let known = WITHOUT_EFFECT.iter().any(|&quiet| {
        key.strip_prefix(quiet)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    (!known).then_some(key)
}
