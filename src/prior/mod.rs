//! Priors: what pictures look like. Networks, their weights, and the trivial identity.

pub mod adm;
#[cfg(feature = "torch")]
pub(crate) mod backend;
#[cfg(feature = "torch")]
pub(crate) mod batch;
pub mod catalog;
pub mod checkpoint;
pub mod config;
#[cfg(feature = "torch")]
pub mod convert;
pub mod ddpm;
#[cfg(feature = "torch")]
pub(crate) mod edm;
#[cfg(feature = "torch")]
pub mod epsilon;
#[cfg(feature = "torch")]
pub(crate) mod film;
#[cfg(feature = "torch")]
pub mod fit;
pub mod identity;
#[cfg(feature = "torch")]
pub(crate) mod layers;
#[cfg(feature = "torch")]
pub mod lean;
mod limits;
#[cfg(feature = "torch")]
pub mod load;
#[cfg(feature = "torch")]
pub(crate) mod metadata;
#[cfg(feature = "torch")]
pub mod meter;
#[cfg(feature = "torch")]
pub mod nano;
#[cfg(feature = "torch")]
mod native;
#[cfg(feature = "torch")]
pub mod open;
#[cfg(feature = "torch")]
pub mod own;
#[cfg(feature = "torch")]
mod pinned;
#[cfg(feature = "torch")]
pub mod shapes;
pub mod spread;
#[cfg(feature = "torch")]
pub(crate) mod tables;
pub mod tensors;
pub mod timesteps;
#[cfg(feature = "torch")]
pub(crate) mod weights;
#[cfg(feature = "torch")]
pub(crate) mod worker;
#[cfg(feature = "torch")]
pub mod yardstick;

/// Makes libtorch ready, and the end of the process wait for it.
#[cfg(feature = "torch")]
pub(crate) fn prepare() {
    native::allocator::reuse_memory();
    native::exit::wait_for_work();
}
