//! The ADM networks of OpenAI's guided-diffusion: the UNet that estimates noise, and the
//! classifier that guides it (Dhariwal and Nichol, 2021).
//!
//! The path of a module in the network is its key in the checkpoint.

pub mod arguments;
#[cfg(feature = "torch")]
mod block;
#[cfg(feature = "torch")]
pub mod classifier;
#[cfg(feature = "torch")]
mod encoder;
#[cfg(feature = "torch")]
mod joint_attention;
#[cfg(feature = "torch")]
mod pool;
#[cfg(feature = "torch")]
mod residual;
#[cfg(feature = "torch")]
mod time;
#[cfg(feature = "torch")]
pub mod unet;

pub use crate::model::adm::arguments::{AdmConfig, ClassifierConfig, Pool};
#[cfg(feature = "torch")]
pub use crate::model::adm::classifier::Classifier;
#[cfg(feature = "torch")]
pub use crate::model::adm::unet::AdmUNet;
