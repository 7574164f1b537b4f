//! EDM preconditioning (Karras et al., arXiv 2206.00364, table 1) with a second input, the decoded
//! JPEG: what surrounds F in every prior of this project, in use and in training.
//!
//! With v = σ² + σ_data², `sees` = σ below the one-call level and `cond` the first entry of
//! the tables: x0 = sees (σ_data² / v) x + cond (1 − sees σ_data² / v) y + (σ_data σ / √v) F.

use crate::runtime::conv_net::conditioning;

/// Standard deviation of the data, in the `[-1, 1]` range: σ_data of EDM.
pub(crate) const SIGMA_DATA: f64 = 0.5;

/// The inputs of a network for one picture other than the pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// Standard deviation of the noise in x.
    pub sigma: f64,
    /// The result of `conditioning::describe`; zeros without a hint.
    pub tables: [f32; conditioning::LENGTH],
}

/// The coefficients of one case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scales {
    /// Factor of x in F's input.
    pub input: f64,
    /// Factor of x in the estimate.
    pub skip: f64,
    /// Factor of y in the estimate.
    pub hint: f64,
    /// Factor of F in the estimate.
    pub output: f64,
}

impl Scales {
    /// The coefficients of `case` for a network that ignores x from `one_call_sigma` on.
    pub fn of(case: &Case, one_call_sigma: f64) -> Self {
        let v = case.sigma.powi(2) + SIGMA_DATA.powi(2);
        let sees = if case.sigma < one_call_sigma {
            1.0
        } else {
            0.0
        };
        let skip = sees * SIGMA_DATA.powi(2) / v;
        Self {
            input: sees / v.sqrt(),
            skip,
            hint: f64::from(case.tables[0]) * (1.0 - skip),
            output: SIGMA_DATA * case.sigma / v.sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(sigma: f64, hinted: f32) -> Case {
        let mut tables = [0.0; conditioning::LENGTH];
        tables[0] = hinted;
        Case { sigma, tables }
    }

    /// σ = 0.5 = σ_data: half of x is kept, the hint has the other half.
    #[test]
    fn the_scales_are_the_formulas() {
        let s = Scales::of(&case(0.5, 1.0), 20.0);
        let root = 0.5f64.sqrt();
        let wanted = [1.0 / root, 0.5, 0.5, 0.25 / root];
        for (found, wanted) in [s.input, s.skip, s.hint, s.output].into_iter().zip(wanted) {
            assert!((found - wanted).abs() < 1e-15, "{s:?}");
        }
        let blind = Scales::of(&case(20.0, 1.0), 20.0);
        assert_eq!((blind.input, blind.skip, blind.hint), (0.0, 0.0, 1.0));
        assert_eq!(Scales::of(&case(0.5, 0.0), 20.0).hint, 0.0);
    }
}
