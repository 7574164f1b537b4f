//! Runs networks: the engine for the convolutional networks of this project on a CPU; libtorch, its
//! worker and calls joined into batches for all others and for CUDA; threads for all other work.

pub mod arithmetic;
#[cfg(feature = "torch")]
pub mod backend;
#[cfg(feature = "torch")]
pub mod batch;
pub mod conv_engine;
pub mod conv_net;
#[cfg(feature = "torch")]
pub mod layers;
pub mod multiplies;
#[cfg(feature = "torch")]
pub mod native;
pub mod onednn;
#[cfg(feature = "torch")]
pub mod pictures;
#[cfg(feature = "torch")]
pub mod pinned;
pub(crate) mod samples;
pub mod tensors;
pub mod threads;
#[cfg(feature = "torch")]
pub mod worker;
