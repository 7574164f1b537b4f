//! Training of this project's own priors, on clean pictures that are compressed on the fly.
//!
//! `run` is the loop. The other modules are its parts: what is trained (`options`), where the
//! examples come from (`examples`), how they change the weights (`weights`, `loss`, `adam`, `muon`,
//! `schedule`), and what is written (`state`, `validate`, `record`, `plot`). No picture formats and
//! no printing: `ddrmjpeg train` passes the pictures in and shows the events.

mod adam;
pub mod examples;
mod loss;
mod muon;
pub mod options;
pub mod plot;
pub mod record;
mod run;
mod schedule;
mod state;
mod validate;
mod weights;

pub use crate::train::examples::pictures::Pictures;
pub use crate::train::options::{Length, Optimizer, TrainOptions};
pub use crate::train::run::{Event, Places, least_side_px, train};
pub use crate::train::validate::Score;
