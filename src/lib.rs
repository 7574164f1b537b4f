#![doc = include_str!("lib.md")]

pub mod assumed_quality;
pub mod contract;
pub mod degradation;
pub mod error;
pub mod frame;
pub mod free_memory;
pub mod interval;
pub mod jpeg;
pub mod model;
pub mod options;
pub mod report;
pub mod restore;
pub mod runtime;
pub mod sampler;
pub mod simd;
pub mod solve;
pub mod source;
pub mod stream;

pub use crate::contract::{Control, Denoiser, Measurement};
pub use crate::error::{Error, Result};
pub use crate::options::Options;
pub use crate::restore::Restorer;
