//! The laboratory: training, evaluation, benchmarks and the published experiment.

pub mod bench;
pub mod datasets;
pub mod eval;
pub mod experiment;
pub mod networks;
pub mod train;
