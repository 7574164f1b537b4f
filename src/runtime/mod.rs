//! Runs networks: the worker that owns libtorch, calls joined into batches, the engine for the
//! convolutional networks of this project, and threads for all other work.

#[cfg(feature = "torch")]
pub mod arithmetic;
#[cfg(feature = "torch")]
pub mod backend;
#[cfg(feature = "torch")]
pub mod batch;
#[cfg(feature = "torch")]
pub mod conv_engine;
#[cfg(feature = "torch")]
pub mod conv_net;
#[cfg(feature = "torch")]
pub mod layers;
#[cfg(feature = "torch")]
pub mod multiplies;
#[cfg(feature = "torch")]
pub mod native;
#[cfg(feature = "torch")]
pub mod pictures;
#[cfg(feature = "torch")]
pub mod pinned;
pub mod tensors;
pub mod threads;
#[cfg(feature = "torch")]
pub mod worker;
