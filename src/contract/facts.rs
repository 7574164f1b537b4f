//! [`ModelFacts`]: what is known of a prior beside what it computes, as plain data.
//!
//! Filled in where a model is opened, read by whoever runs it: plan, tiles, gate, sampler, reports.

use std::borrow::Cow;
use std::sync::Arc;

use crate::contract::gate_limits::GateLimits;
use crate::contract::spread::SpreadTable;
use crate::contract::{Hint, QuantSteps, Spread};

/// What is known of a prior.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFacts {
    /// What it was opened as, for messages: a name or a path; empty where nobody named it.
    pub name: Cow<'static, str>,
    /// Whether one call at a noise level beyond every picture restores from the hint alone.
    /// Samplers begin all others at a level of noise on the decoded picture.
    pub one_call: bool,
    /// Whether that one call is all it can do: it has never seen noise. Samplers that walk down
    /// from noise have no use for it.
    pub one_call_only: bool,
    /// How many pieces of one size may be asked at once, from a thread each, and then cost less
    /// than one after another; 1 where nothing is gained.
    pub at_once: usize,
    /// Bytes of the process that its maps take for each pixel of a tile, about; 0 where they do not
    /// matter: few, or on a device of their own. Tiles of large pictures are cut by it.
    pub pixel_bytes: usize,
    /// The arithmetic inside its network, as a word, where that is chosen by the machine: the same
    /// picture comes out a little different in another.
    pub precision: Option<&'static str>,
    /// What its user should know once, such as an arithmetic that had to be given up.
    pub caution: Option<String>,
    /// ᾱ by timestep of the discrete schedule it was trained on; `None` for a prior that
    /// takes every level alike.
    pub alpha_bar: Option<Arc<[f64]>>,
    /// How far off its estimates are, where that was measured.
    pub spread: Option<Arc<SpreadTable>>,
    /// Which pictures it does not know, where that was measured.
    pub gate: Option<GateLimits>,
}

impl ModelFacts {
    /// Those of a prior of which nothing is known.
    pub const UNKNOWN: Self = Self {
        name: Cow::Borrowed(""),
        one_call: false,
        one_call_only: false,
        at_once: 1,
        pixel_bytes: 0,
        precision: None,
        caution: None,
        alpha_bar: None,
        spread: None,
        gate: None,
    };

    /// [`Self::UNKNOWN`], to lend.
    pub fn unknown() -> &'static Self {
        static UNKNOWN: ModelFacts = ModelFacts::UNKNOWN;
        &UNKNOWN
    }

    /// How far off the estimates at `sigma` are, where that was measured: with a hint only.
    pub fn spread(&self, sigma: f64, hint: Option<&Hint>) -> Option<Spread> {
        let (table, hint) = self.spread.as_ref().zip(hint)?;
        Some(table.at(sigma, &hint.luma, &hint.chroma))
    }

    /// Share of the luma coefficients of a one-call answer that lie more than half a step outside
    /// their cells above which the picture is of a kind that this prior does not know, such as
    /// a page of text, by the steps of luma and the luma samples per chroma sample; 0 where all
    /// pictures are beyond it, `None` where nobody has measured it or none is.
    pub fn strange_share(&self, luma: &QuantSteps, subsampling: (usize, usize)) -> Option<f64> {
        self.gate?.share(luma, subsampling)
    }
}

impl Default for ModelFacts {
    fn default() -> Self {
        Self::UNKNOWN
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Picture;

    #[test]
    fn a_spread_is_known_where_it_was_measured_and_there_is_a_hint() {
        let tables = [([4; 64], [8; 64])];
        let table = SpreadTable::new(vec![0.1], &tables, vec![Spread::white(0.02)]).unwrap();
        let facts = ModelFacts {
            spread: Some(Arc::new(table)),
            ..ModelFacts::default()
        };
        let hint = Hint {
            decoded: Picture::new(3, 8, 8),
            luma: [4; 64],
            chroma: [8; 64],
            subsampling: (1, 1),
        };
        let found = facts.spread(0.1, Some(&hint)).unwrap();
        assert!((found.overall() - 0.02).abs() < 1e-6);
        assert_eq!(facts.spread(0.1, None), None);
        assert_eq!(ModelFacts::unknown().spread(0.1, Some(&hint)), None);
    }
}
