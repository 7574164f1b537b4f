//! The identity gate: pictures that restoration would harm are returned as decoded.
//!
//! Decided by the tables, the sampling and the levels, not by a quality number, so that it holds
//! for any table, and by how many of the prior's coefficients lie far outside the cells, which
//! tells pictures that it does not know, such as pages of text. docs/measurements/gate.md has the
//! measurements. Called by `task`.

use crate::contract::{Denoiser, mean_log2};
use crate::jpeg::grid::Observation;
use crate::jpeg::grid::measure::Departures;
use crate::report::Gate;

/// Mean log2 of the luma steps below which nothing is gained but chroma that was subsampled both
/// ways: libjpeg's quality 99 has 0.4, its 98 has 1.0.
const FINEST: f64 = 0.5;
/// The same for drawings whose chroma is not subsampled: quality 92 has 2.88, 90 has 3.17.
const FINE: f64 = 3.0;
/// Share of the blocks of luma of which nothing but DC is left from which a picture is a drawing:
/// of 41 photographs at quality 94 the most had 20 %, of three drawings the least had 34 %.
const DRAWN: f64 = 0.27;

impl Gate {
    /// What the tables, the sampling and the levels of `seen` say; `limit` is what the prior says
    /// of such tables (`ModelFacts::strange_share`).
    #[doc(hidden)]
    pub fn of(seen: &Observation, limit: Option<f64>) -> Self {
        let Some(luma) = seen.components.first() else {
            return Self::Open;
        };
        let fineness = mean_log2(&luma.coarser_steps());
        let factors = seen.components.iter().map(|c| c.factors);
        let (wide, high) = factors.fold((1, 1), |most, f| (most.0.max(f.0), most.1.max(f.1)));
        let nothing_to_gain = fineness < FINEST && wide * high < 4;
        let drawn = || wide * high == 1 && fineness < FINE && flat_share(seen) > DRAWN;
        match limit == Some(0.0) || nothing_to_gain || drawn() {
            true => Self::Closed,
            false => Self::Open,
        }
    }
}

/// What `denoiser` says of pictures of such tables and sampling.
pub(crate) fn limit(seen: &Observation, denoiser: &dyn Denoiser) -> Option<f64> {
    let luma = seen.components.first()?;
    let subsampling = seen.components.get(1).map_or((1, 1), |c| c.factors);
    denoiser
        .facts()
        .strange_share(&luma.coarser_steps(), subsampling)
}

/// Whether estimates that stood so to their cells come from a prior that does not know such
/// pictures; `limit` is [`limit`].
pub(crate) fn is_strange(departures: &Departures, limit: f64) -> bool {
    departures.luma_far as f64 > limit * departures.luma_known as f64
}

/// Share of the known blocks of the first component of which no level but DC's is left.
fn flat_share(seen: &Observation) -> f64 {
    let known = || seen.components[0].levels.iter().flatten();
    let flat = known().filter(|levels| levels[1..].iter().all(|&level| level == 0));
    flat.count() as f64 / known().count().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{PixelModel, Planar8};
    use crate::jpeg;
    use crate::options::Limits;

    /// The gate of a picture that is smooth, with texture on every so many-th block.
    fn gate(quality: u8, subsampling: (usize, usize), every: usize) -> Gate {
        Gate::of(&observed(quality, subsampling, every), None)
    }

    fn observed(quality: u8, subsampling: (usize, usize), every: usize) -> Observation {
        let mut clean = Planar8::new(PixelModel::Rgb, 128, 128, (1, 1));
        for plane in &mut clean.planes {
            for (i, value) in plane.data.iter_mut().enumerate() {
                let (x, y) = (i % 128, i / 128);
                let textured = (x / 8 + y / 8 * 16).is_multiple_of(every);
                *value = if textured {
                    (x * 37 + y * 91) as u8
                } else {
                    90
                };
            }
        }
        let bytes = jpeg::encode(&clean, quality, subsampling).unwrap();
        let file = jpeg::read(&bytes, &Limits::default()).unwrap();
        jpeg::grid::from_file(&file)
    }

    #[test]
    fn it_closes_at_99_unless_chroma_was_subsampled_both_ways() {
        let at = |quality| [(1, 1), (2, 1), (2, 2)].map(|s| gate(quality, s, 1));
        assert_eq!(at(98), [Gate::Open; 3]);
        assert_eq!(at(99), [Gate::Closed, Gate::Closed, Gate::Open]);
    }

    #[test]
    fn it_closes_on_drawings_with_fine_tables_and_all_their_chroma() {
        assert_eq!(
            [1, 4].map(|every| gate(94, (1, 1), every)),
            [Gate::Open, Gate::Closed]
        );
        assert_eq!(gate(90, (1, 1), 4), Gate::Open);
        assert_eq!(gate(94, (2, 2), 4), Gate::Open);
    }

    #[test]
    fn it_closes_on_what_is_beyond_the_prior() {
        let seen = observed(50, (2, 2), 1);
        let of = |limit| Gate::of(&seen, limit);
        assert_eq!([Some(0.0), Some(0.01)].map(of), [Gate::Closed, Gate::Open]);
    }

    #[test]
    fn it_goes_by_luma() {
        let of = |far| Departures {
            known: 12800,
            left: 900,
            far: 700,
            luma_known: 6400,
            luma_far: far,
        };
        assert!(!is_strange(&of(64), 0.01) && is_strange(&of(65), 0.01));
        assert!(!is_strange(&Departures::default(), 0.01));
    }
}
