//! What the restoring elements share for live use: a model that is opened beside the stream,
//! frames that have to be ready in time, and figures of how that goes.
//!
//! - `loading`: the model, opened on a thread of its own
//! - `timing`: what sink, clock and source say of time
//! - `cost`: what a frame costs, from those that were restored
//! - `ladder`: cheaper work than was asked for
//! - `tier`: which of two models does it
//! - `verdict`: what becomes of a frame, by all of these
//! - `shortfall`: what a frame lacks for want of time, in words
//! - `pace`: how it goes, from frame to frame
//! - `tally`: the figures
//! - `session`: all of it, as an element holds it
//!
//! Restores nothing itself. Called by the elements.

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
