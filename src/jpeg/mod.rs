//! What a JPEG file says: coefficients, tables, sampling, and the cells of the coefficients.
//!
//! There are two sources and one type: [`grid::from_levels`] for a file's levels, and [`recover`]
//! for decoded pixels, with tables or the file's header. Both return an [`Observation`], which
//! measures and decodes.

pub mod file;
pub mod grid;
pub mod recover;
pub mod segments;

pub use crate::jpeg::file::JpegFile;
pub use crate::jpeg::file::read::read;
pub use crate::jpeg::file::write::{encode, write, write_with};
pub use crate::jpeg::grid::Observation;
pub use crate::jpeg::grid::measure::JpegMeasurement;
pub use crate::jpeg::segments::header::Header;
