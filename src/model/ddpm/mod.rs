//! The DDPM UNet of Ho et al. (2020), as ported by pesser and used by SDEdit: CelebA-HQ and LSUN.
//!
//! The path of a module in the network is its key in the checkpoint.

#[cfg(feature = "torch")]
mod level;
pub mod parameters;
#[cfg(feature = "torch")]
mod residual;
#[cfg(feature = "torch")]
mod separate_attention;
#[cfg(feature = "torch")]
pub mod unet;

pub use crate::model::ddpm::parameters::DdpmConfig;
#[cfg(feature = "torch")]
pub use crate::model::ddpm::unet::DdpmUNet;
