//! Features of libtorch that its Rust binding does not expose: oneDNN's convolutions with packed
//! weights and a fused sum, libtorch's threads, the memory of tensors for this project's
//! kernels, and the reuse of memory.
//!
//! Except for `device`, CPU only; no gradients. Called by `layers`, which has a plain path
//! for everything else.

pub mod allocator;
pub mod channels_last;
pub mod device;
pub mod exit;
pub mod ffi;
pub mod interleave;
pub mod norm;
pub mod numbers;
pub mod packed;
pub mod slices;
pub mod trial;
