//! Which arithmetic is fast and correct on this CPU. This is measured, not looked up.

pub mod race;
mod verdict;

/// The arithmetic of a network on a CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// 32-bit floating point.
    F32,
    /// bfloat16, summed in f32.
    Bf16,
}

impl Arithmetic {
    /// Bytes of a sample of a map.
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Bf16 => 2,
        }
    }

    /// Its name in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }
}
