//! A pickle reader that supports only tensors.
//!
//! Pickles are programs. This machine runs the few opcodes that dictionaries of tensors need, and
//! implements the few globals that rebuild tensors itself; every other opcode and global is refused
//! by name. It calls nothing, allocates in proportion to the number of opcodes, and reads no
//! storage. Called by the two torch containers.

mod cursor;
mod globals;
mod machine;
mod opcode;
mod rebuild;
mod value;

pub(crate) use crate::model::checkpoint::torch::pickle::machine::read;
pub(crate) use crate::model::checkpoint::torch::pickle::value::{Pickle, StorageRef, Value};
