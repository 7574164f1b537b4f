//! [`Departures`]: how far estimates were outside the cells before they were moved into them.
//! Counted by `measure`; the gate decides by them.

/// How far estimates were outside their cells, summed over all estimates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Departures {
    /// Coefficients with a known level.
    pub known: u64,
    /// Those outside their cell.
    pub left: u64,
    /// Those more than half a step outside.
    pub far: u64,
    /// Coefficients of the first component with a known level.
    pub luma_known: u64,
    /// Those of the first component more than half a step outside.
    pub luma_far: u64,
}

impl Departures {
    /// The sum of two.
    pub fn and(&self, other: &Self) -> Self {
        Self::from(add(self.counts(), other.counts()))
    }

    fn counts(&self) -> Counts {
        [
            self.known,
            self.left,
            self.far,
            self.luma_known,
            self.luma_far,
        ]
    }
}

#[doc(hidden)]
impl From<Counts> for Departures {
    fn from([known, left, far, luma_known, luma_far]: Counts) -> Self {
        Self {
            known,
            left,
            far,
            luma_known,
            luma_far,
        }
    }
}

/// Sums over coefficients; for a projection, the fields of [`Departures`].
pub(crate) type Counts = [u64; 5];

pub(crate) fn add(a: Counts, b: Counts) -> Counts {
    std::array::from_fn(|i| a[i] + b[i])
}
