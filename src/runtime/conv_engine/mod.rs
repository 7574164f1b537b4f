//! Runs the networks of this project on the cores of this machine, whole or where something changed.
//!
//! A network is data (`conv_net::net`); which one it is makes no difference here.

pub(crate) mod denoiser;
pub(crate) mod eight;
pub(crate) mod ends;
pub(crate) mod engine;
pub(crate) mod follower;
pub(crate) mod map;
pub(crate) mod memory;
pub(crate) mod packing;
pub(crate) mod pass;
pub(crate) mod peaks;
pub(crate) mod region;
pub(crate) mod slots;
pub(crate) mod trial;

pub(crate) use crate::runtime::conv_engine::denoiser::Prior;
pub(crate) use crate::runtime::conv_engine::engine::Engine;
pub use crate::runtime::conv_engine::peaks::PeakMeter;

/// How a network computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// On a CPU by the engine of this folder.
    Fast,
    /// One libtorch operator after another, in f32 on a CPU, as the reference.
    Plain,
}
