//! The limits for checkpoints, in one place. They are checked before memory is allocated.
//!
//! The largest published network has about 1,000 tensors of at most 4 dimensions.

/// Tensors in one file.
pub(crate) const TENSORS: usize = 32_768;
/// Bytes of one tensor's name.
pub(crate) const NAME_BYTES: usize = 256;
/// Dimensions of one tensor.
pub(crate) const RANK: usize = 16;
/// All tensors together may be this many times the size of their file. Above 1 because
/// tensors may share storage (tied weights).
pub(crate) const SHARING: usize = 8;
/// Bytes in a safetensors header.
pub(crate) const HEADER_BYTES: usize = 100_000_000;
/// Commas outside strings in a safetensors header, which limits the size of its parsed JSON.
pub(crate) const HEADER_VALUES: usize = 500_000;
/// Opcodes of one pickle; a state dict takes fewer than 30 per tensor.
pub(crate) const OPCODES: usize = 500_000;
/// Different memo slots of one pickle.
pub(crate) const MEMO: usize = 262_144;
/// Marks open at once in one pickle.
pub(crate) const MARKS: usize = 64;
/// Nesting depth of containers.
pub(crate) const DEPTH: usize = 32;
/// Entries of one zip archive.
pub(crate) const ZIP_ENTRIES: usize = 131_072;
/// Bytes read from a file before its pages are released.
pub(crate) const RESIDENT_BYTES: usize = 1 << 20;
