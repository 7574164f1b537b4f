//! [`Unhinted`]: a prior without hints.
//!
//! For measurements other than JPEG: the hint of the lean prior is a decoded JPEG and its tables,
//! which a banded picture does not have. `source` wraps a prior in it.

use crate::contract::{Denoiser, Hint, ModelFacts, Reach};
use crate::error::Result;
use crate::frame::Picture;

/// The inner prior, unconditional.
pub struct Unhinted<'a>(pub &'a dyn Denoiser);

impl Denoiser for Unhinted<'_> {
    fn denoise(&self, x: &Picture, sigma: f64, _: Option<&Hint>) -> Result<Picture> {
        self.0.denoise(x, sigma, None)
    }

    fn reach(&self) -> Reach {
        self.0.reach()
    }

    fn facts(&self) -> &ModelFacts {
        self.0.facts()
    }
}
