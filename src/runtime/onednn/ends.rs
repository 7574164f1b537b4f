//! What a convolution reads and writes: the types of its samples, and what becomes of a result.

use crate::runtime::arithmetic::Arithmetic;

/// The types of a convolution's input and result; its weights are in eight bits if one of these is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Types {
    /// Both in this arithmetic.
    Same(Arithmetic),
    /// From signed to unsigned bytes.
    Bytes,
    /// From unsigned bytes to this arithmetic.
    FromBytes(Arithmetic),
}

impl Types {
    /// Bytes of a sample of the input.
    pub(crate) fn input(self) -> usize {
        match self {
            Self::Same(arithmetic) => arithmetic.bytes(),
            Self::Bytes | Self::FromBytes(_) => 1,
        }
    }

    /// Bytes of a sample of the result.
    pub(crate) fn output(self) -> usize {
        match self {
            Self::Same(arithmetic) | Self::FromBytes(arithmetic) => arithmetic.bytes(),
            Self::Bytes => 1,
        }
    }

    /// Whether a result is multiplied by a number per channel.
    pub(crate) fn scaled(self) -> bool {
        !matches!(self, Self::Same(_))
    }

    /// The number of its row in shim.cc.
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Same(Arithmetic::F32) => 0,
            Self::Same(Arithmetic::Bf16) => 1,
            Self::Bytes => 2,
            Self::FromBytes(Arithmetic::F32) => 3,
            Self::FromBytes(Arithmetic::Bf16) => 4,
        }
    }
}

/// What becomes of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It is written as it is.
    Plain,
    /// ReLU of it is written.
    Relu,
    /// It is added to what is there.
    Sum,
}

impl End {
    /// Its number in shim.cc.
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Plain => 0,
            Self::Relu => 1,
            Self::Sum => 2,
        }
    }
}
