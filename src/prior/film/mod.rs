//! What the networks of our own are made of: convolutions, residual blocks with FiLM, and the
//! embedding that modulates them. Called by `lean` and `nano`.

mod embedding;
mod layers;

pub(crate) use embedding::Embedding;
pub(crate) use layers::{Block, Conv};
