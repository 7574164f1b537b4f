//! Where a restoration starts: a file, a frame, pixels alone, or a picture of few levels.

pub mod banded;
pub mod dequantised;
pub mod estimated;
pub mod file;
pub mod frame;
pub mod header_frame;
pub mod turned;
