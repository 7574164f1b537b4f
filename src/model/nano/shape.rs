//! The shape of a nano network, from its checkpoint's metadata.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::runtime::tensors::metadata::integers;

/// Widths and depths.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    /// Channels at 1/4 of the resolution.
    pub channels: usize,
    /// Residual blocks.
    pub blocks: usize,
    /// Length of the embedding of σ and tables.
    pub embedding: usize,
    /// From this σ on the network uses only the hint.
    pub one_call_sigma: f64,
}

impl Config {
    /// Reads the keys `channels`, `blocks`, `embedding` and `sigma_one_call`.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] naming the key that is missing, unreadable or out of range.
    pub fn of(metadata: &BTreeMap<String, String>) -> Result<Self> {
        let [channels] = integers(metadata, "channels", 1..=4096)?;
        let [blocks] = integers(metadata, "blocks", 1..=64)?;
        let [embedding] = integers(metadata, "embedding", 2..=4096)?;
        let [one_call_sigma] = integers(metadata, "sigma_one_call", 1..=1000)?;
        Ok(Self {
            channels: channels as usize,
            blocks: blocks as usize,
            embedding: embedding as usize,
            one_call_sigma: one_call_sigma as f64,
        })
    }
}
