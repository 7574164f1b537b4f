//! The convolutional networks of this project: their description, and what surrounds them.

pub mod conditioning;
pub mod edm;
pub mod embedding;
#[cfg(feature = "torch")]
pub mod layers;
pub mod net;
#[cfg(feature = "torch")]
pub mod plain;
#[cfg(feature = "torch")]
pub mod plain_prior;
