//! Training of the priors of our own, on clean pictures that are compressed on the fly.
//!
//! `run` is the loop; the other files are its parts: what is trained (`options`), where the
//! examples come from (`pictures`, `scene`, `grain`, `chain`, `degrade`, `task`, `example`,
//! `feed`), how they
//! change the weights (`weights`, `loss`, `adam`, `muon`, `schedule`), and what is kept (`state`,
//! `validate`, `record`, `plot`). No picture formats and no printing: `ddrmjpeg train` hands
//! pictures in and shows the events.

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
