//! Measuring results: metrics on 8-bit pictures, and the gain of a restorer on clean ones.
//!
//! It does not print and does not measure time (`bench` does). Called by the command's `compare`,
//! `eval` and `bench`.

pub mod gain;
pub mod luma;
pub mod metrics;
pub mod peaks;
pub mod perceptual;
pub mod psnr_b;
pub mod scores;
pub mod spread;
pub mod ssim;
pub mod texture;
