//! How much of an estimate may be far outside its cells before the picture counts as a kind that
//! the network was not trained on: `strange_share`. Measured in docs/measurements/gate.md. Called
//! by `lean` and `nano`.

use crate::contract::{QuantSteps, mean_log2};

/// How often the limit is halved if all steps double.
const HALVINGS: f64 = 0.9;

/// The limit of a network.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Limit {
    /// At steps of 1.
    at_one: f64,
    /// Its minimum.
    least: f64,
}

/// For networks trained only on photographs. Photographs reach 31 % at steps of 1, and at coarse
/// tables a page of text gains.
const PHOTOGRAPHS: Limit = Limit {
    at_one: 0.36,
    least: 0.035,
};

/// For networks also trained on drawings and text, whose estimates of text are right further out.
const DRAWINGS: Limit = Limit {
    at_one: 0.50,
    least: 0.056,
};

/// Share of luma coefficients more than half a step outside, by the steps of luma. It is between
/// the highest share of pictures that gain and the lowest of those that lose. For networks trained
/// only on photographs, measured on 41 photographs and on pages of text: 1.4 % and 4.8 % at quality
/// 85, 2.3 % and 6.5 % at 90, 4.1 % and 11.3 % at 94, 12.6 % and 29.3 % at 98. Networks that know
/// drawings gain on text if chroma was subsampled in both directions; otherwise a crude page loses
/// from 7.9 % on at 90, 13.6 % at 94 and 31 % at 98.
pub(crate) fn strange_share(
    luma: &QuantSteps,
    subsampling: (usize, usize),
    knows_drawings: bool,
) -> Option<f64> {
    let limit = match (knows_drawings, subsampling) {
        (false, _) => PHOTOGRAPHS,
        (true, (2, 2)) => return None,
        (true, _) => DRAWINGS,
    };
    Some(limit.at(mean_log2(luma)))
}

impl Limit {
    fn at(self, mean_log2: f64) -> f64 {
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
            let limit = PHOTOGRAPHS.at(table);
            assert!(photographs < limit && limit < text, "{table}: {limit}");
        }
        let coarse = |knows| strange_share(&[100; 64], (2, 2), knows);
        assert_eq!(coarse(false), Some(PHOTOGRAPHS.least));
        assert_eq!(coarse(true), None);
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
            let limit = DRAWINGS.at(table);
            assert!(gains < limit && limit < loses, "{table}: {limit}");
        }
    }
}
