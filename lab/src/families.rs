//! Which networks can be measured, and in which arithmetic. Those of our own are opened without
//! libtorch.

use std::sync::Arc;

#[cfg(feature = "torch")]
use crate::networks;
use ddrmjpeg::contract::Denoiser;
use ddrmjpeg::error::Result;
use ddrmjpeg::model::registry;
use ddrmjpeg::model::registry::Own;
use ddrmjpeg::options::ModelOptions;
use ddrmjpeg::runtime::conv_engine::Form;
#[cfg(feature = "torch")]
use ddrmjpeg::sampler::schedule::published_alpha_bar;

/// Which network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// A built-in prior, with its own weights.
    Own(&'static Own),
    /// The ADM UNet of ImageNet at 256x256, unconditional.
    Adm256,
    /// The DDPM UNet of LSUN and CelebA-HQ, 256x256.
    Ddpm,
}

impl Family {
    /// All families.
    pub fn all() -> impl Iterator<Item = Self> {
        let own = registry::NETWORKS.iter().map(Self::Own);
        own.chain([Self::Adm256, Self::Ddpm])
    }

    /// Its name in tables and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Own(own) => own.name,
            Self::Adm256 => "adm256",
            Self::Ddpm => "ddpm",
        }
    }

    /// Opens it, in `arithmetic`.
    ///
    /// # Errors
    /// [`ddrmjpeg::Error::Options`] for a device that is not there, [`ddrmjpeg::Error::Backend`];
    /// [`ddrmjpeg::Error::Unsupported`] for what this build needs libtorch for and has not.
    pub fn open(self, arithmetic: Arithmetic, options: &ModelOptions) -> Result<Arc<dyn Denoiser>> {
        match (self, arithmetic) {
            (Self::Own(own), Arithmetic::Ours) => own.embedded(options, Form::Fast),
            #[cfg(feature = "torch")]
            _ => networks::open(self, arithmetic, &published_alpha_bar(), options),
            #[cfg(not(feature = "torch"))]
            _ => Err(ddrmjpeg::Error::Unsupported(format!(
                "{}: this build has no libtorch",
                self.name()
            ))),
        }
    }
}

/// How a network computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// As in this program, in the precision of the options.
    Ours,
    /// As in the published program on a CPU: f32, channels first, one libtorch operator after
    /// another, each into fresh memory. The priors lean and nano, which are not part of the
    /// published program, keep their layout.
    AsPublished,
}
