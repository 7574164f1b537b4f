//! What a JPEG file says: coefficients, tables, sampling, and the cells they allow.
//!
//! Two sources, one type: [`observe::from_file`] for the bitstream, [`recover::from_frame`]
//! (or, with the file's header beside them, [`known::from_header`]) for decoded pixels; all give an [`Observation`], which measures and decodes.

pub mod abbreviated;
pub mod behind;
pub mod cell;
pub mod coefficients;
pub mod color;
pub mod dct;
pub mod decoded;
mod departures;
pub mod estimate;
mod ffi;
pub mod file;
pub mod fit;
pub mod header;
pub mod ink;
pub mod known;
mod lost;
mod markers;
pub mod measure;
pub mod observe;
pub mod observed;
pub mod origin;
pub mod partial;
pub mod pixels;
pub mod published;
pub mod read;
pub mod recover;
pub mod requantise;
pub mod resaved;
pub mod sampling;
pub mod stream;
pub mod tables;
pub mod upsampled;
mod walk;
pub mod write;

pub use file::JpegFile;
pub use header::Header;
pub use measure::JpegMeasurement;
pub use observe::Observation;
pub use read::read;
pub use write::{encode, write, write_with};
