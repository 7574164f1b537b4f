//! The noise level of an example, and the expected error there.
//!
//! Errors differ by orders of magnitude between levels and qualities. Each example's loss is
//! divided by the figures below, so that no example dominates. They are rules of thumb; their
//! accuracy only affects the emphasis.

use crate::train::examples::random::Draws;
use ddrmjpeg::contract::Hint;
use ddrmjpeg::contract::spread::coarseness;
use ddrmjpeg::runtime::conv_net::conditioning;
use ddrmjpeg::runtime::conv_net::edm::Case;

/// Share of the examples with noise that also have a hint.
const HINTED_SHARE: f64 = 13.0 / 18.0;
/// Noise levels with a hint.
const HINTED: (f64, f64) = (0.01, 1.0);
/// Noise levels without.
const BLIND: (f64, f64) = (0.01, 5.0);
/// Weight of an example with noise. Lower, because the errors of a single call should count most.
const NOISY_WEIGHT: f64 = 0.4;

/// What the network has to estimate in an example.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Task {
    /// The picture from its hint alone.
    OneCall,
    /// The picture from its hint and itself under noise of that σ.
    Hinted(f64),
    /// The picture from itself under noise of that σ.
    Blind(f64),
}

impl Task {
    /// Draws a task; it is `OneCall` with the probability `one_call_share`.
    pub fn draw(one_call_share: f64, draws: &mut Draws) -> Self {
        let sigma =
            |(low, high): (f64, f64), draws: &mut Draws| draws.between(low.ln(), high.ln()).exp();
        if draws.chance(one_call_share) {
            return Self::OneCall;
        }
        match draws.chance(HINTED_SHARE) {
            true => Self::Hinted(sigma(HINTED, draws)),
            false => Self::Blind(sigma(BLIND, draws)),
        }
    }

    /// σ of the noise in x, if the network uses x.
    pub fn noise(self) -> Option<f64> {
        match self {
            Self::OneCall => None,
            Self::Hinted(sigma) | Self::Blind(sigma) => Some(sigma),
        }
    }

    /// The network's other inputs; `one_call_sigma` is the level at which it ignores x.
    pub fn case(self, hint: &Hint, one_call_sigma: f64) -> Case {
        Case {
            sigma: self.noise().unwrap_or(one_call_sigma),
            tables: match self {
                Self::Blind(_) => [0.0; conditioning::LENGTH],
                _ => conditioning::describe(hint),
            },
        }
    }

    /// The weight of an example whose JPEG is off by the mean square `jpeg_error`, in squared units
    /// of the `[-1, 1]` range: one over the expected error.
    pub fn weight(self, hint: &Hint, jpeg_error: f64) -> f64 {
        let from_hint = jpeg_error + typical_error(hint);
        match self {
            Self::OneCall => 1.0 / from_hint,
            Self::Hinted(sigma) => NOISY_WEIGHT * (1.0 / from_hint + 1.0 / denoised(sigma)),
            Self::Blind(sigma) => NOISY_WEIGHT / denoised(sigma),
        }
    }
}

/// Mean square error of a JPEG with those tables: 29.4 dB at quality 20, 2.4 dB per octave of luma
/// step, as measured on CID22. Coarse tables reach 255 in the high frequencies, so only the lower
/// ones are used.
fn typical_error(hint: &Hint) -> f64 {
    /// Mean log2 of quality 20's luma steps up to u + v = 5.
    const AT_QUALITY_20: f64 = 5.43;
    let mean = coarseness(&hint.luma);
    4.0 * 10f64.powf(-2.94 + 0.24 * (mean - AT_QUALITY_20))
}

/// Mean square error of a small denoiser at σ: about 38 dB at 5 levels of noise, 30 at 25,
/// 24 at 127.
fn denoised(sigma: f64) -> f64 {
    1.0 / (1.0 / sigma.powi(2) + 1.0 / (0.02 * sigma.powf(0.9)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddrmjpeg::frame::Picture;
    use ddrmjpeg::jpeg::grid::tables as steps;

    fn hint(quality: u8) -> Hint {
        let (luma, chroma) = steps::ijg_pair(quality);
        Hint {
            decoded: Picture::new(3, 16, 16),
            luma,
            chroma,
            subsampling: (2, 2),
        }
    }

    /// Measured on 41 pictures of CID22: 26.88, 29.41 and 31.63 dB. Within 1 dB is enough for a
    /// weight.
    #[test]
    fn typical_errors_are_those_of_cid22() {
        for (quality, wanted) in [(10, 26.88), (20, 29.41), (40, 31.63)] {
            let found = -10.0 * (typical_error(&hint(quality)) / 4.0).log10();
            assert!((found - wanted).abs() < 1.0, "{quality}: {found} dB");
        }
    }

    #[test]
    fn levels_are_drawn_in_their_ranges() {
        let all: Vec<Task> = (0..3000)
            .map(|i| Task::draw(0.8, &mut Draws::new(2, i, 0)))
            .collect();
        let once = all.iter().filter(|t| **t == Task::OneCall).count() as f64 / 3000.0;
        // Four standard errors.
        assert!((once - 0.8).abs() < 0.03, "{once}");
        for task in all {
            match task {
                Task::OneCall => {}
                Task::Hinted(s) => assert!((HINTED.0..=HINTED.1).contains(&s)),
                Task::Blind(s) => assert!((BLIND.0..=BLIND.1).contains(&s)),
            }
        }
    }

    #[test]
    fn only_the_blind_are_told_nothing() {
        let hint = hint(50);
        assert_eq!(Task::Blind(0.1).case(&hint, 20.0).tables, [0.0; 12]);
        assert_eq!(Task::Hinted(0.1).case(&hint, 20.0).tables[0], 1.0);
        assert_eq!(Task::OneCall.case(&hint, 20.0).sigma, 20.0);
    }
}
