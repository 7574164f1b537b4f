//! Training of this project's own priors, on clean pictures that are compressed on the fly.
//!
//! `run` is the loop. The other modules are its parts: what is trained (`options`), where the
//! examples come from (`examples`), how they change the weights (`weights`, `loss`, `adam`, `muon`,
//! `schedule`), and what is written (`state`, `validate`, `record`, `plot`). No picture formats and
//! no printing: `ddrmjpeg train` passes the pictures in and shows the events.

// Without libtorch there are the options of a training, which the command checks.
pub mod options;

#[cfg(feature = "torch")]
mod adam;
#[cfg(feature = "torch")]
pub mod examples;
#[cfg(feature = "torch")]
mod loss;
#[cfg(feature = "torch")]
mod muon;
#[cfg(feature = "torch")]
pub mod plot;
#[cfg(feature = "torch")]
pub mod record;
#[cfg(feature = "torch")]
mod run;
#[cfg(feature = "torch")]
mod schedule;
#[cfg(feature = "torch")]
mod state;
#[cfg(feature = "torch")]
mod validate;
#[cfg(feature = "torch")]
mod weights;

#[cfg(feature = "torch")]
pub use crate::train::examples::pictures::Pictures;
pub use crate::train::options::{Length, Optimizer, TrainOptions};
#[cfg(feature = "torch")]
pub use crate::train::run::{Event, Places, least_side_px, train};
#[cfg(feature = "torch")]
pub use crate::train::validate::Score;
