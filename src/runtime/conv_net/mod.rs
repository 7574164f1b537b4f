//! What the convolutional networks of this project are made of, and how their layers hang together.

pub mod conditioning;
pub mod edm;
pub mod embedding;
pub mod layers;
pub mod wiring;
