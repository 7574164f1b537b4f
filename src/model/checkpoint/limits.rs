//! The limits on what a checkpoint may claim, in one place. Checked before memory is spent.
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
/// Bytes of a safetensors header.
pub(crate) const HEADER_BYTES: usize = 100_000_000;
/// Commas outside strings in a safetensors header: a bound on what its JSON expands to.
pub(crate) const HEADER_VALUES: usize = 500_000;
/// Opcodes of one pickle; a state dict takes fewer than 30 a tensor.
pub(crate) const OPCODES: usize = 500_000;
/// Different memo slots of one pickle.
pub(crate) const MEMO: usize = 262_144;
/// Marks open at once in one pickle.
pub(crate) const MARKS: usize = 64;
/// Containers inside one another.
pub(crate) const DEPTH: usize = 32;
/// Entries of one zip archive.
pub(crate) const ZIP_ENTRIES: usize = 131_072;
/// Bytes read from a map before its pages are handed back to the system.
pub(crate) const RESIDENT_BYTES: usize = 64 << 20;
