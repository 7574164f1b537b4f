//! The nano prior: the lean one's manner at a ninth of its work, for moving pictures.
//!
//! One scale on pixel-unshuffle 4. Tiles must begin on multiples of 16 pixels: the network is
//! told where in an MCU it is. `network` holds the layers; `own` makes it a Denoiser.

mod config;
mod network;

use std::collections::BTreeMap;

use tch::Kind;

use self::config::Config;
use self::network::Network;
use super::edm::Core;
use super::shapes::{Shapes, shapes_of};
use super::weights::Weights;
use crate::error::Result;

/// Pixels around a tile that matter to it: ten 3x3 convolutions at 1/4 of the resolution reach
/// 40 pixels, and tiles begin on multiples of 16.
pub(super) const HALO_PX: usize = 48;

/// Names and shapes of the tensors of the network that `metadata` describe.
///
/// # Errors
/// [`crate::Error::Checkpoint`] when they describe none.
pub fn shapes(metadata: &BTreeMap<String, String>) -> Result<Shapes> {
    let config = Config::of(metadata)?;
    shapes_of(|loader| Network::load(&config, loader, Kind::Float))
}

/// The metadata of the network that ships.
pub fn metadata() -> BTreeMap<String, String> {
    Config::shipped()
}

/// F of `weights`, which may be changing, in the arithmetic `kind`.
///
/// # Errors
/// [`crate::Error::Checkpoint`] when the metadata describe no nano network.
pub(super) fn core(
    metadata: &BTreeMap<String, String>,
    weights: &mut dyn Weights,
    kind: Kind,
) -> Result<Box<dyn Core>> {
    let config = Config::of(metadata)?;
    Ok(Box::new(Network::load(&config, weights, kind)?))
}
