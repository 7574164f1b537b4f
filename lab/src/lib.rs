//! The laboratory: training, evaluation, benchmarks and the published experiment.
//!
//! Training, and benchmarks of networks, need the feature `torch`.

pub mod bench;
pub mod datasets;
pub mod eval;
pub mod experiment;
pub mod families;
#[cfg(feature = "torch")]
pub mod networks;
pub mod train;
