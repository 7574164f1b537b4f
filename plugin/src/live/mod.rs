//! What the restoring elements share for live use: a model that is opened in parallel with the
//! stream, frames that have to be ready in time, and figures about both.
//!
//! - `loading`: the model, opened on a thread of its own
//! - `timing`: what sink, pipeline and source say about time
//! - `cost`: the cost of a frame, from those that were restored
//! - `ladder`: cheaper work than requested
//! - `tier`: which of two models restores
//! - `verdict`: what to do with a frame, from all of these
//! - `shortfall`: what a frame lacks because of time, in words
//! - `pace`: these together, from frame to frame
//! - `tally`: the figures
//! - `session`: everything that an element holds
//!
//! It does not restore anything itself. Called by the elements.

mod cost;
mod ladder;
mod loading;
mod pace;
mod session;
mod shortfall;
mod tally;
mod tier;
mod timing;
mod verdict;

pub use ladder::Rung;
pub use loading::Unready;
pub use session::{Arrival, Live};
pub use shortfall::Shortfall;
pub use verdict::Verdict;
