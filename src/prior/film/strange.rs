//! How much of an answer may lie far outside its cells before the picture is of a kind that our
//! networks do not know: [`strange_share`]. Measured in docs/gate.md.
//! Called by `lean` and `nano`.

use crate::contract::{QuantSteps, mean_log2};

/// Limit at steps of 1. Photographs reach 31 % there.
const AT_ONE: f64 = 0.36;
/// How often it is halved when all steps double.
const HALVINGS: f64 = 0.9;
/// What it never falls below: at coarse tables a page of text gains.
const LEAST: f64 = 0.035;

/// Share of luma coefficients more than half a step outside, by the steps of luma; lies between the
/// most of 41 photographs and the least of the pages of text that lose, at quality 85 (1.4 % and
/// 4.8 %), 90 (2.3 % and 6.5 %), 94 (4.1 % and 11.3 %) and 98 (12.6 % and 29.3 %).
pub(crate) fn strange_share(luma: &QuantSteps) -> f64 {
    limit(mean_log2(luma))
}

fn limit(mean_log2: f64) -> f64 {
    (AT_ONE * (-HALVINGS * mean_log2).exp2()).max(LEAST)
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
            let limit = limit(table);
            assert!(photographs < limit && limit < text, "{table}: {limit}");
        }
        assert_eq!(strange_share(&[100; 64]), LEAST);
    }
}
