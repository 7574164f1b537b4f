#![doc = include_str!("lib.md")]

pub mod assumed_quality;
pub mod contract;
mod crew;
pub mod degradation;
pub mod error;
pub mod frame;
pub mod interval;
mod memory;
pub mod options;

pub mod datasets;
pub mod eval;
#[cfg(feature = "fetch")]
pub mod fetch;
pub mod jpeg;
pub mod prior;
pub mod quant;
pub mod restore;
pub mod sampler;
mod simd;
pub mod tiling;
#[cfg(feature = "torch")]
pub mod train;
pub mod video;

pub use contract::{Control, Denoiser, Measurement};
pub use error::{Error, Result};
pub use options::Options;
pub use restore::Restorer;
