//! The layers that the published networks share: convolutions, norms, attention, sinusoids.
//!
//! Each loads its weights by checkpoint key and returns libtorch's failures as errors. Activations
//! are `[N, C, H, W]` in the torso's kind, channels-last in memory.

pub mod all_pairs;
pub mod conv;
pub mod doubled;
pub mod embedding;
pub mod joined;
pub mod linear;
pub mod norm;
pub mod resample;
