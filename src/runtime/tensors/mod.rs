//! Named tensors on the host: the interface between checkpoint files and networks.
//!
//! A reader of some container implements [`TensorSource`]; networks are built from it by
//! `load::Loader`. No torch here, and no file formats.

mod faults;
pub(crate) mod host;
#[cfg(feature = "torch")]
pub mod load;
pub mod metadata;
pub mod shapes;
#[cfg(feature = "torch")]
pub mod source;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::error::Result;

/// Element types that checkpoints may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// IEEE half precision.
    F16,
    /// bfloat16.
    Bf16,
    /// IEEE single precision.
    F32,
    /// IEEE double precision.
    F64,
    /// 64-bit signed integers (counters in some checkpoints; never weights).
    I64,
}

impl Dtype {
    /// Bytes of one element.
    pub fn bytes(self) -> usize {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 | Self::I64 => 8,
        }
    }
}

/// What is known about a tensor before its elements are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Element type.
    pub dtype: Dtype,
    /// Sizes, outermost first; empty for a scalar.
    pub shape: Vec<usize>,
}

/// A tensor's elements: contiguous, row-major, little-endian.
#[derive(Clone, Debug)]
pub struct HostTensor<'a> {
    /// Element type and shape.
    pub info: TensorInfo,
    /// `product(shape) * dtype.bytes()` bytes, borrowed from a mapped file where possible.
    pub bytes: Cow<'a, [u8]>,
}

/// A checkpoint, opened and checked: names are known, elements are read on demand.
pub trait TensorSource: Send + Sync {
    /// Every tensor's name, sorted.
    fn names(&self) -> Vec<String>;

    /// Type and shape of the tensor `name`, if it is there.
    fn info(&self, name: &str) -> Option<TensorInfo>;

    /// The elements of the tensor `name`.
    ///
    /// # Errors
    /// `Error::Checkpoint` if there is no tensor of that name, its bytes are damaged, or a value is
    /// not finite.
    fn read(&self, name: &str) -> Result<HostTensor<'_>>;

    /// Text that the file holds in addition to its tensors, such as a network's configuration. Only
    /// safetensors have any.
    fn metadata(&self) -> &BTreeMap<String, String> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        &NONE
    }
}
