//! The layers of the lean network.
//!
//! A U-net at 1/2, 1/4 and 1/8 of the resolution: residual blocks conv–ReLU–conv with FiLM
//! from σ and the tables, 2x2 strided convolutions down, transposed ones up.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::model::lean::shape::Config;
use crate::runtime::conv_net::net::{Conv, Entry, Kernel, Net};

/// The network that a checkpoint's metadata describe.
///
/// # Errors
/// [`crate::Error::Checkpoint`] naming the key that is missing, unreadable or out of range.
pub(crate) fn net(metadata: &BTreeMap<String, String>) -> Result<Net> {
    Ok(of(&Config::of(metadata)?))
}

fn of(config: &Config) -> Net {
    let [c1, c2, c3] = config.channels;
    let [n1, n2, n3] = config.blocks;
    let entry = Entry {
        fold: 2,
        place: false,
    };
    let conv = |key, kernel, ends| Conv::new(key, kernel, ends);
    let mut net = Net::new(entry, c1, config.embedding, config.one_call_sigma);
    let a = net.blocks("d1", n1, c1, Net::HEAD);
    let h = net.conv(conv("dn1", Kernel::Halving, (c1, c2)), a);
    let h = net.blocks("d2", n2, c2, h);
    let m = net.conv(conv("dn2", Kernel::Halving, (c2, c3)), h);
    let m = net.blocks("mid", n3, c3, m);
    let h = net.conv_onto(h, conv("up2", Kernel::Doubling, (c3, c2)), m);
    let h = net.blocks("u2", n2, c2, h);
    let a = net.conv_onto(a, conv("up1", Kernel::Doubling, (c2, c1)), h);
    let a = net.blocks("u1", n1, c1, a);
    net.conv(conv("tail", Kernel::Same, (c1, entry.folded())), a);
    net
}
