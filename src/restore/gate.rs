//! The identity gate: pictures quantised so little that restoration would do harm are handed
//! on as decoded, all of them or their luma alone; and so are pictures that the prior does
//! not know, such as pages of text.
//!
//! Decided by the tables and the sampling, not by a quality number, so that it holds for any
//! table, and by how many of the prior's coefficients lie far outside the cells; docs/gate.md
//! has the measurements. Called by `restore`.

use crate::contract::QuantSteps;
use crate::frame::{Picture, PixelModel};
use crate::jpeg::color;
use crate::jpeg::measure::Departures;
use crate::jpeg::observe::{Observation, Observed};

/// Mean log2 of the luma steps below which luma is handed on: between libjpeg's quality 94
/// (2.43) and 95 (2.16).
const FINE_LUMA: f64 = 2.3;
/// The same for chroma that is not subsampled: its quality 94 has 3.25, its 95 2.99.
const FINE_CHROMA: f64 = 3.1;

/// How much larger the share of coefficients outside their cells may be where luma is kept:
/// steps are so small there that more lie outside. Not measured.
const FINE_ALLOWANCE: f64 = 4.0;

/// What is handed on as decoded; more of it is greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    /// Nothing: all is restored.
    #[default]
    Open,
    /// Luma; chroma, which was subsampled or quantised more, is restored.
    Luma,
    /// Everything.
    Closed,
}

impl Gate {
    /// What the tables and the sampling of `seen` say.
    pub fn of(seen: &Observation) -> Self {
        let Some((luma, rest)) = seen.components.split_first() else {
            return Self::Open;
        };
        let fine = |steps: &QuantSteps, limit: f64| mean_log2(steps) < limit;
        if seen.model == PixelModel::Rgb {
            let every = seen.components.iter().all(|c| fine(&c.steps, FINE_LUMA));
            return if every { Self::Closed } else { Self::Open };
        }
        if !fine(&luma.steps, FINE_LUMA) {
            return Self::Open;
        }
        let whole = |c: &Observed| c.factors == luma.factors && fine(&c.steps, FINE_CHROMA);
        if rest.iter().all(whole) {
            Self::Closed
        } else {
            Self::Luma
        }
    }

    /// Whether estimates that stood so to their cells come from a prior that does not know
    /// such pictures; `limit` is its [`crate::Denoiser::strange_share`].
    pub(super) fn is_strange(self, departures: &Departures, limit: f64) -> bool {
        let limit = match self {
            Self::Open => limit,
            _ => FINE_ALLOWANCE * limit,
        };
        departures.far as f64 > limit * departures.known as f64
    }

    /// One word, as reports have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Luma => "luma",
            Self::Closed => "closed",
        }
    }
}

fn mean_log2(steps: &QuantSteps) -> f64 {
    steps
        .iter()
        .map(|&step| f64::from(step.max(1)).log2())
        .sum::<f64>()
        / 64.0
}

/// Gives `picture` the luma of `decoded`; both RGB `[3, H, W]` of one size.
pub(super) fn keep_luma(picture: &mut Picture, decoded: &Picture) {
    let n = picture.plane_len();
    for i in 0..n {
        let ycc = |from: &Picture| {
            color::rgb_to_ycc([0, 1, 2].map(|c: usize| color::to_level(from.data[c * n + i])))
        };
        let ([y, _, _], [_, cb, cr]) = (ycc(decoded), ycc(picture));
        for (c, level) in color::ycc_to_rgb([y, cb, cr]).into_iter().enumerate() {
            picture.data[c * n + i] = color::from_level(level);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Planar8;
    use crate::jpeg::{self, tables};
    use crate::options::Limits;

    fn gate(quality: u8, subsampling: (usize, usize)) -> Gate {
        let clean = Planar8::new(PixelModel::Rgb, 16, 16, (1, 1));
        let bytes = jpeg::encode(&clean, quality, subsampling).unwrap();
        let file = jpeg::read(&bytes, &Limits::default()).unwrap();
        Gate::of(&jpeg::observe::from_file(&file))
    }

    #[test]
    fn it_closes_between_94_and_95_and_leaves_subsampled_chroma_to_the_network() {
        assert_eq!([(1, 1), (2, 2)].map(|s| gate(94, s)), [Gate::Open; 2]);
        assert_eq!(
            [(1, 1), (2, 1), (2, 2)].map(|s| gate(95, s)),
            [Gate::Closed, Gate::Luma, Gate::Luma]
        );
    }

    #[test]
    fn one_coefficient_in_a_hundred_may_be_far_outside() {
        let of = |far| Departures {
            known: 6400,
            left: 900,
            far,
        };
        let strange = |departures| Gate::Open.is_strange(&departures, 0.01);
        assert!(!strange(of(64)) && strange(of(65)));
        assert!(!strange(Departures::default()) && !Gate::Luma.is_strange(&of(65), 0.01));
    }

    #[test]
    fn a_step_counts_by_its_logarithm() {
        assert_eq!(mean_log2(&[8; 64]), 3.0);
        let table = tables::ijg(&tables::BASE_LUMA, 95);
        assert!((mean_log2(&table) - 2.16).abs() < 0.01);
    }

    /// Luma comes back to f32 rounding of a few operations on values up to 450, in 127.5ths.
    #[test]
    fn luma_is_the_decoded_and_chroma_the_restored() {
        let decoded = Picture::from_data(3, 1, 1, vec![0.5, -0.25, 0.1]).unwrap();
        let mut restored = Picture::from_data(3, 1, 1, vec![0.4, -0.2, 0.3]).unwrap();
        let ycc =
            |p: &Picture| color::rgb_to_ycc([0, 1, 2].map(|c: usize| color::to_level(p.data[c])));
        let chroma = ycc(&restored);
        keep_luma(&mut restored, &decoded);
        let (found, wanted) = (ycc(&restored), ycc(&decoded));
        assert!((found[0] - wanted[0]).abs() < 1e-2);
        assert!((found[1] - chroma[1]).abs() < 1e-2 && (found[2] - chroma[2]).abs() < 1e-2);
    }
}
