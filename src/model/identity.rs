//! [`Identity`]: the prior that returns its input. For tests, and for use without a network.

use std::borrow::Cow;

use crate::contract::{Denoiser, Hint, ModelFacts, Reach};
use crate::error::Result;
use crate::frame::Picture;

/// Returns its input.
pub struct Identity;

impl Denoiser for Identity {
    fn denoise(&self, x: &Picture, _sigma: f64, _hint: Option<&Hint>) -> Result<Picture> {
        Ok(x.clone())
    }

    fn reach(&self) -> Reach {
        Reach::Halo {
            halo_px: 0,
            align_px: 8,
        }
    }

    fn facts(&self) -> &ModelFacts {
        static KNOWN: ModelFacts = ModelFacts {
            name: Cow::Borrowed("identity"),
            one_call: true,
            ..ModelFacts::UNKNOWN
        };
        &KNOWN
    }
}
