//! Measuring results: metrics on 8-bit pictures, and the gain of a restorer on clean ones.
//!
//! `bench` measures time. No printing; the command's `compare`, `eval` and `bench` call it.

pub mod gain;
pub mod luma;
pub mod metrics;
pub mod perceptual;
pub mod psnr_b;
pub mod scores;
pub mod spread;
pub mod ssim;
pub mod texture;
