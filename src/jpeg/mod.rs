//! What a JPEG file says: coefficients, tables, sampling, and the cells they allow.
//!
//! Two sources, one type: [`observe::from_file`] for the bitstream, [`recover::from_frame`]
//! for decoded pixels; both give an [`Observation`], which measures and decodes.

pub mod cell;
pub mod color;
pub mod dct;
pub mod decoded;
pub mod estimate;
mod ffi;
pub mod file;
mod markers;
pub mod measure;
pub mod observe;
pub mod origin;
pub mod pixels;
pub mod published;
pub mod read;
pub mod recover;
pub mod requantise;
pub mod resaved;
pub mod sampling;
pub mod tables;
pub mod upsampled;
pub mod write;

pub use file::JpegFile;
pub use measure::JpegMeasurement;
pub use observe::Observation;
pub use read::read;
pub use write::{encode, write, write_with};
