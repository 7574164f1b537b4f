//! The shape of a lean network, from its checkpoint's metadata.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::runtime::tensors::metadata::integers;

/// Widths and depths.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    /// Channels at 1/2, 1/4 and 1/8 of the resolution.
    pub channels: [usize; 3],
    /// Residual blocks at each, on the way down (the middle for the last) and on the way up.
    pub blocks: [usize; 3],
    /// Length of the embedding of σ and tables.
    pub embedding: usize,
    /// From this σ on the network uses only the hint.
    pub one_call_sigma: f64,
}

impl Config {
    /// Reads the keys `channels`, `blocks`, `embedding` and `sigma_one_call`.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming the key that is missing, unreadable or out of range.
    pub fn of(metadata: &BTreeMap<String, String>) -> Result<Self> {
        let channels: [i64; 3] = integers(metadata, "channels", 1..=4096)?;
        let blocks: [i64; 3] = integers(metadata, "blocks", 1..=64)?;
        let [embedding] = integers(metadata, "embedding", 2..=4096)?;
        let [one_call_sigma] = integers(metadata, "sigma_one_call", 1..=1000)?;
        Ok(Self {
            channels: channels.map(|n| n as usize),
            blocks: blocks.map(|n| n as usize),
            embedding: embedding as usize,
            one_call_sigma: one_call_sigma as f64,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(channels: &str) -> BTreeMap<String, String> {
        [
            ("channels", channels),
            ("blocks", "[2, 2, 3]"),
            ("embedding", "64"),
            ("sigma_one_call", "20"),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into()
    }

    #[test]
    fn the_prototype_reads() {
        let config = Config::of(&metadata("[64, 128, 256]")).unwrap();
        assert_eq!(config.channels, [64, 128, 256]);
        assert_eq!(config.blocks, [2, 2, 3]);
    }

    #[test]
    fn absurd_sizes_are_refused_before_anything_is_allocated() {
        for channels in ["[64, 128]", "[64, 128, 99999999]", "[64, 0, 256]", "many"] {
            let message = Config::of(&metadata(channels)).unwrap_err().to_string();
            assert!(message.contains("channels"), "{message}");
        }
    }
}
