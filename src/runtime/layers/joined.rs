//! [`Joined`]: maps whose channels are in one tensor or, with the skips of a UNet, in two.
//!
//! Joining two large maps in memory takes as long as normalising them, so norms and convolutions
//! take them separately if they can.

use tch::Tensor;

use crate::error::Result;

/// `[N, C, H, W]`, the channels of the second after those of the first.
#[derive(Clone, Copy)]
pub struct Joined<'a> {
    first: &'a Tensor,
    second: Option<&'a Tensor>,
}

impl<'a> Joined<'a> {
    /// `first`, and `second` if there is one; both of one size, kind and device.
    pub fn new(first: &'a Tensor, second: Option<&'a Tensor>) -> Self {
        Self { first, second }
    }

    /// The first, and the second if there is one.
    pub fn parts(self) -> (&'a Tensor, Option<&'a Tensor>) {
        (self.first, self.second)
    }

    /// All channels in one tensor.
    ///
    /// # Errors
    /// [`crate::Error::Backend`].
    pub fn whole(self) -> Result<Tensor> {
        Ok(match self.second {
            Some(second) => Tensor::f_cat(&[self.first, second], 1)?,
            None => self.first.shallow_clone(),
        })
    }
}

impl<'a> From<&'a Tensor> for Joined<'a> {
    fn from(first: &'a Tensor) -> Self {
        Self::new(first, None)
    }
}
