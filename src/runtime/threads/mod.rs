//! Distributes small pieces of work over all cores.

pub mod crew;
pub(crate) mod stages;
