//! Picture files in and out: which, in which format, and with which metadata.

pub mod banded;
pub mod carry;
pub mod files;
pub mod format;
pub mod picture;
