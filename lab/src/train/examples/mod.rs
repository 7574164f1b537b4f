//! The examples of a training.

pub mod chain;
pub mod degrade;
pub mod example;
pub mod feed;
pub mod grain;
pub mod pictures;
pub mod random;
pub mod scene;
pub mod task;
