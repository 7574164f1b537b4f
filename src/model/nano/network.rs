//! The layers of the nano network.
//!
//! One scale, 1/4 of the resolution, on pixel-unshuffled input. A pixel there is a quarter of a
//! JPEG block; four more channels say which one, because a convolution does not know the position.
//! Then residual blocks with FiLM from σ and the tables.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::model::nano::shape::Config;
use crate::runtime::conv_net::net::{Conv, Entry, Kernel, Net};

/// The network that a checkpoint's metadata describe.
///
/// # Errors
/// [`crate::Error::Checkpoint`] naming the key that is missing, unreadable or out of range.
pub(crate) fn net(metadata: &BTreeMap<String, String>) -> Result<Net> {
    let config = Config::of(metadata)?;
    let entry = Entry {
        fold: 4,
        place: true,
    };
    let mut net = Net::new(
        entry,
        config.channels,
        config.embedding,
        config.one_call_sigma,
    );
    let a = net.blocks("mid", config.blocks, config.channels, Net::HEAD);
    let tail = Conv::new("tail", Kernel::Same, (config.channels, entry.folded()));
    net.conv(tail, a);
    Ok(net)
}
