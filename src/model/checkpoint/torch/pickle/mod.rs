//! A pickle reader that knows tensors and nothing else.
//!
//! Pickles are programs. This machine runs the few opcodes that dictionaries of tensors are
//! made of and gives the few globals that rebuild tensors a meaning of its own; every other
//! opcode and global is refused by name. It calls nothing, allocates in proportion to the
//! opcodes it has read, and follows no storage. Called by the two torch containers.

mod cursor;
mod globals;
mod machine;
mod opcode;
mod rebuild;
mod value;

pub(crate) use crate::model::checkpoint::torch::pickle::machine::read;
pub(crate) use crate::model::checkpoint::torch::pickle::value::{Pickle, StorageRef, Value};
