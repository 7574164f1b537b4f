//! What a picture of few levels says: each sample lies in a bin of known bounds.
//!
//! Bit depths of 2 to 8 per channel, by dropping low bits: bytes k·step … k·step + step − 1
//! share level k. [`Levels`] is what was seen and how it is shown, [`QuantMeasurement`] holds
//! estimates to it. Used by `source::banded` and by the published experiment.

pub mod bin_measure;
pub mod bins;

pub use crate::source::dequantised::bin_measure::QuantMeasurement;
pub use crate::source::dequantised::bins::Levels;
