//! The lean prior: convolutions only, no norm, no attention, half resolution.
//!
//! One network that is the unconditional prior (no hint), the conditional prior, and, at
//! σ = 20, a one-call restorer. Since it only convolves, a tile with its halo gives the
//! pixels of the whole picture. `network` holds the layers; `own` makes it a Denoiser.

mod config;
mod network;

use std::collections::BTreeMap;

use tch::Kind;

use self::config::Config;
use self::network::Network;
use super::checkpoint::Checkpoint;
use super::edm::Core;
use super::shapes::{Shapes, shapes_of};
use super::weights::Weights;
use crate::error::Result;

/// The weights that ship with the library, f16.
static EMBEDDED: &[u8] = include_bytes!("../../../models/lean.safetensors");

/// Pixels around a tile that matter to it. The receptive field ends at 112, where tiles are
/// the whole picture's bit for bit; at 64 the shipped weights differ by at most 4e-5 of the
/// `[-1, 1]` range (four pictures, quality 10 to 60, σ 0.15 and 20), at 48 by 2e-3.
pub(super) const HALO_PX: usize = 64;

/// The checkpoint that is built in.
///
/// # Errors
/// None in a build that passes its tests.
pub fn embedded_checkpoint() -> Result<Checkpoint> {
    Checkpoint::from_bytes(EMBEDDED)
}

/// Names and shapes of the tensors of the network that `metadata` describe.
///
/// # Errors
/// [`crate::Error::Checkpoint`] when they describe none.
pub fn shapes(metadata: &BTreeMap<String, String>) -> Result<Shapes> {
    let config = Config::of(metadata)?;
    shapes_of(|loader| Network::load(&config, loader, Kind::Float))
}

/// F of `weights`, which may be changing, in the arithmetic `kind`.
///
/// # Errors
/// [`crate::Error::Checkpoint`] when the metadata describe no lean network.
pub(super) fn core(
    metadata: &BTreeMap<String, String>,
    weights: &mut dyn Weights,
    kind: Kind,
) -> Result<Box<dyn Core>> {
    let config = Config::of(metadata)?;
    Ok(Box::new(Network::load(&config, weights, kind)?))
}
