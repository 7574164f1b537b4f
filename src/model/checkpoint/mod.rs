//! Checkpoint files as [`TensorSource`]s: safetensors, torch zip, torch's legacy container.
//!
//! A checkpoint may come from anywhere, so nothing in it is trusted: the container is detected from
//! the content, every size is checked against the file before anything is allocated, pickles are
//! read by a machine that supports only tensors, and no code is ever run. Files are mapped;
//! elements are only accessed when a tensor is read. No torch here and no networks.
//!
//! Called by the network builders (through `load::Loader`) and by `ddrmjpeg model`.

pub mod backing;
pub mod convert;
pub mod file;
pub mod finite;
pub mod limits;
pub mod quote;
pub mod safetensors;
pub mod sniff;
pub mod strided;
pub mod table;
pub mod torch;
pub mod write;

use std::borrow::Cow;
use std::path::Path;

use crate::error::Result;
use crate::runtime::tensors::TensorSource;

pub use crate::model::checkpoint::convert::StoreAs;
pub use crate::model::checkpoint::file::Checkpoint;
pub use crate::model::checkpoint::sniff::Container;
pub use crate::model::checkpoint::write::write_safetensors;

/// The result of a parser in this folder: an error is a sentence without the file's name, which
/// [`Checkpoint`] adds.
type Parse<T> = std::result::Result<T, String>;

/// Opens the checkpoint `path`, with any container and any extension.
///
/// # Errors
/// `Error::Io` if the file cannot be opened, `Error::Checkpoint` if it is not a checkpoint or is
/// damaged; the message names the path and what the file looks like.
pub fn open(path: &Path) -> Result<Box<dyn TensorSource>> {
    Ok(Box::new(Checkpoint::open(path)?))
}

/// Opens a checkpoint that is already in memory, such as the embedded default prior.
///
/// # Errors
/// `Error::Checkpoint` as for [`open`].
pub fn from_bytes(bytes: impl Into<Cow<'static, [u8]>>) -> Result<Box<dyn TensorSource>> {
    Ok(Box::new(Checkpoint::from_bytes(bytes)?))
}
