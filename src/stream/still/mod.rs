//! What carries over from frame to frame, as plain data: which parts of a picture have
//! changed ([`Cells`]), and what many frames of a still scene say together ([`Scene`]).
//!
//! No pixels are computed here, and nothing is known of files, priors or samplers. Used by
//! `stream`.

pub mod camera_noise;
pub mod cells;
pub mod posterior;
pub mod scene;
pub mod track;

pub use crate::stream::still::cells::Cells;
pub use crate::stream::still::scene::Scene;
