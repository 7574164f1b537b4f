//! What a JPEG file says: coefficients, tables, sampling, and the cells of the coefficients.
//!
//! There are several sources and one type. [`grid::from_file`] reads the coefficients of a file;
//! [`recover::from_frame`], or [`recover::by_header::from_header`] if the header of the file is
//! known, recovers them from decoded pixels. All return an [`Observation`], which measures and
//! decodes.

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
