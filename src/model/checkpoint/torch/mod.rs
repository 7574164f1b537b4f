//! The containers that torch writes, and the pickles in them.

pub mod legacy;
pub mod pickle;
pub mod state_dict;
pub mod zip;
pub mod zipped;
