//! The weights of a network as the engine uses them: packed, with FiLM folded in, or in eight bits.

pub(crate) mod eight;
pub(crate) mod packing;
pub(crate) mod peaks;
