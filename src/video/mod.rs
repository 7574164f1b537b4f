//! What carries over from frame to frame, as plain data: which parts of a picture have
//! changed ([`Cells`]),.
//!
//! No pixels are computed here, and nothing is known of files, priors or samplers. Called by
//! `restore`.

pub mod cells;

pub use cells::Cells;
