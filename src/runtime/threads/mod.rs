//! Distributes small pieces of work over all cores.

#[cfg(feature = "torch")]
pub mod cores;
pub mod crew;
#[cfg(feature = "torch")]
pub mod slices;
#[cfg(feature = "torch")]
pub mod stages;
