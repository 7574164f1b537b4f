//! Convolutions of oneDNN on the calling thread, from the library that distributions carry.
//!
//! Who shares the work among threads, and what the rows are, is the caller's business
//! (`conv_engine`).

pub mod conv;
pub mod ends;
mod shim;

pub use crate::runtime::onednn::conv::{Convolution, Packed, Window};
pub use crate::runtime::onednn::ends::{End, Types};
pub(crate) use crate::runtime::onednn::shim::version;
