//! What the networks of our own are made of and how they are run: convolutions, residual blocks
//! with FiLM and the embedding that modulates them; their fast form on a CPU; and their
//! maps kept from frame to frame.
//!
//! Called by `lean` and `nano`, which say only how their layers hang together (`wiring`).

mod edge;
mod embedding;
mod engine;
mod fast;
mod fold;
mod follow;
mod grow;
mod kept;
mod layers;
mod prior;
mod region;
mod strange;
mod wiring;

pub(crate) use edge::{Entry, PLACE, place};
pub(crate) use embedding::Embedding;
pub(crate) use engine::Form;
pub(crate) use layers::{Block, Conv};
pub(crate) use prior::Prior;
pub(crate) use strange::strange_share;
pub(crate) use wiring::{Wired, Wiring};
