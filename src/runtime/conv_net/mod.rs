//! The layers of the convolutional networks of this project, and how they are connected.

pub mod conditioning;
pub mod edm;
pub mod embedding;
pub mod layers;
pub mod wiring;
