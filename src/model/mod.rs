//! Priors, which know what pictures look like: networks, their weights, and the trivial identity.

pub mod adm;
pub mod bounds;
pub mod catalog;
pub mod checkpoint;
pub mod config;
pub mod ddpm;
#[cfg(feature = "fetch")]
pub mod fetch;
pub mod identify;
pub mod identity;
pub(crate) mod lean;
pub(crate) mod mappings;
pub(crate) mod nano;
pub mod onnx;
pub mod open;
pub mod published;
pub mod registry;
pub mod remote;

/// Initialises libtorch, and makes the end of the process wait for its work.
#[cfg(feature = "torch")]
pub(crate) fn prepare() {
    crate::runtime::native::allocator::reuse_memory();
    crate::runtime::native::exit::wait_for_work();
}
