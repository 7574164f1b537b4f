//! Measuring results: metrics on 8-bit pictures, and the gain of a restorer on clean ones.
//!
//! No files and no printing; the command's `compare` and `eval` call it.

pub mod gain;
mod luma;
pub mod metrics;
#[cfg(feature = "metrics")]
pub mod perceptual;
pub mod psnr_b;
#[cfg(feature = "metrics")]
pub mod scores;
pub mod ssim;
pub mod texture;
