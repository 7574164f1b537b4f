//! Runs the networks of this project: in their fast form on a CPU, and with maps kept from frame to
//! frame.
//!
//! Called by `lean` and `nano`, which only describe how their layers are connected
//! (`conv_net::wiring`).

pub mod denoiser;
pub mod doubling;
pub mod ends;
pub mod engine;
pub mod folded;
pub mod follower;
pub mod kept_maps;
pub mod packed_net;
pub mod region;

pub(crate) use crate::runtime::conv_engine::denoiser::Prior;
pub(crate) use crate::runtime::conv_engine::ends::{Entry, PLACE, place};
pub use crate::runtime::conv_engine::engine::Form;
pub(crate) use crate::runtime::conv_net::embedding::Embedding;
pub(crate) use crate::runtime::conv_net::layers::{Block, Conv};
pub(crate) use crate::runtime::conv_net::wiring::{Wired, Wiring};
