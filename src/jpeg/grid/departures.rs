//! [`Departures`]: how estimates stood to the cells that they were brought into. Counted by
//! `measure`; a gate decides by them.

/// How estimates stood to their cells, summed over all that were brought into them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Departures {
    /// Coefficients of which the level is known.
    pub known: u64,
    /// Those that lay outside their cell.
    pub left: u64,
    /// Those that lay more than half a step outside.
    pub far: u64,
    /// The known ones of the first component.
    pub luma_known: u64,
    /// Those of the first component that lay more than half a step outside.
    pub luma_far: u64,
}

impl Departures {
    /// Those of two pictures together.
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

/// Sums over coefficients; of a project, what [`Departures`] has.
pub(crate) type Counts = [u64; 5];

pub(crate) fn add(a: Counts, b: Counts) -> Counts {
    std::array::from_fn(|i| a[i] + b[i])
}
