//! [`GateLimits`]: how much of an answer may lie far outside its cells before the picture is of a
//! kind that a prior does not know. Measured in docs/measurements/gate.md.
//!
//! Part of a prior's facts; looked up by the gate.

use crate::contract::{QuantSteps, mean_log2};

/// How often the limit is halved when all steps double.
const HALVINGS: f64 = 0.9;

/// The limits of one prior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateLimits {
    /// Share of luma coefficients more than half a step outside, where all steps are 1.
    pub at_one: f64,
    /// What the share never falls below.
    pub least: f64,
    /// Whether pictures whose chroma was subsampled both ways are judged at all.
    pub judges_420: bool,
    /// Mean log2 of the luma steps below which nothing is gained where chroma is not subsampled;
    /// 0 where something always is.
    pub finest_444: f64,
}

impl GateLimits {
    /// Of networks that have seen photographs alone. These reach 31 % at steps of 1, and at coarse
    /// tables a page of text gains. The limit lies between the most of pictures that gain and the
    /// least of those that lose: 41 photographs, and pages of text, at quality 85 (1.4 % and
    /// 4.8 %), 90 (2.3 % and 6.5 %), 94 (4.1 % and 11.3 %) and 98 (12.6 % and 29.3 %).
    pub const PHOTOGRAPHS: Self = Self {
        at_one: 0.36,
        least: 0.035,
        judges_420: true,
        finest_444: 0.0,
    };

    /// Of those that have seen drawings and text too, whose answers to text are right further out.
    /// They gain on text wherever chroma was subsampled both ways; elsewhere a crude page loses
    /// from 7.9 % on at quality 90, 13.6 % at 94 and 31 % at 98.
    pub const DRAWINGS: Self = Self {
        at_one: 0.50,
        least: 0.056,
        judges_420: false,
        finest_444: 0.0,
    };

    /// One share for all pictures.
    pub const fn of_all(share: f64) -> Self {
        Self {
            at_one: share,
            least: share,
            judges_420: true,
            finest_444: 0.0,
        }
    }

    /// The share for such steps of luma and so many luma samples per chroma sample; 0 where all
    /// pictures are beyond the prior, `None` where none is.
    pub fn share(&self, luma: &QuantSteps, subsampling: (usize, usize)) -> Option<f64> {
        let mean_log2 = mean_log2(luma);
        match subsampling {
            (1, 1) if mean_log2 < self.finest_444 => Some(0.0),
            (2, 2) if !self.judges_420 => None,
            _ => Some(self.at(mean_log2)),
        }
    }

    fn at(&self, mean_log2: f64) -> f64 {
        (self.at_one * (-HALVINGS * mean_log2).exp2()).max(self.least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lies_between_photographs_and_text() {
        // libjpeg's tables of quality 85, 90, 94 and 98.
        for (table, photographs, text) in [
            (3.77, 0.014, 0.042),
            (3.17, 0.024, 0.065),
            (2.43, 0.041, 0.113),
            (1.01, 0.132, 0.292),
        ] {
            let limit = GateLimits::PHOTOGRAPHS.at(table);
            assert!(photographs < limit && limit < text, "{table}: {limit}");
        }
        let coarse = |limits: GateLimits| limits.share(&[100; 64], (2, 2));
        let least = GateLimits::PHOTOGRAPHS.least;
        assert_eq!(coarse(GateLimits::PHOTOGRAPHS), Some(least));
        assert_eq!(coarse(GateLimits::DRAWINGS), None);
    }

    #[test]
    fn networks_that_know_drawings_are_trusted_with_text() {
        // 4:4:4 at quality 85, 90, 94 and 98: photographs or text that gain, and text that loses.
        for (table, gains, loses) in [
            (3.77, 0.0523, 1.0),
            (3.17, 0.024, 0.079),
            (2.43, 0.055, 0.136),
            (1.01, 0.126, 0.31),
        ] {
            let limit = GateLimits::DRAWINGS.at(table);
            assert!(gains < limit && limit < loses, "{table}: {limit}");
        }
    }

    #[test]
    fn finer_tables_than_the_finest_are_beyond_it_where_all_chroma_is_there() {
        let limits = GateLimits {
            finest_444: 2.3,
            ..GateLimits::DRAWINGS
        };
        let share = |step, subsampling| limits.share(&[step; 64], subsampling);
        assert_eq!(share(4, (1, 1)), Some(0.0));
        assert!(share(8, (1, 1)) > Some(0.0) && share(4, (2, 1)) > Some(0.0));
        assert_eq!(share(4, (2, 2)), None);
    }

    #[test]
    fn one_share_for_all_is_the_same_at_every_table() {
        let share = |step| GateLimits::of_all(0.02).share(&[step; 64], (2, 2));
        assert_eq!([1, 3, 255].map(share), [Some(0.02); 3]);
    }
}
