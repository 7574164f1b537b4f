//! What libtorch can do and its Rust binding cannot reach: oneDNN's convolutions with packed
//! weights and fused ends, libtorch's threads and their cores, the memory of tensors for kernels of our own, and
//! memory that is used again.
//!
//! But for `device`, CPU only; no gradients. Called by `film` and `layers`, which keep a plain path for all else.

pub mod allocator;
pub mod channels_last;
pub mod device;
pub mod exit;
pub mod ffi;
pub mod interleave;
pub mod map;
pub mod norm;
pub mod numbers;
pub mod packed;
