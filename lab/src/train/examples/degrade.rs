//! How a clean picture is degraded: tables, sampling, sometimes earlier saves.
//!
//! Uses the library's own encoder, and the decoded picture as restoration sees it.

use crate::train::examples::chain::Chain;
use crate::train::examples::pictures::cut;
use crate::train::examples::random::Draws;
use ddrmjpeg::contract::{Hint, QuantSteps};
use ddrmjpeg::error::Result;
use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::grid;
use ddrmjpeg::jpeg::grid::tables;
use ddrmjpeg::options::Limits;

/// Share of the examples between quality 5 and 60; the others are anywhere in 3..=98.
const COARSE_SHARE: f64 = 0.75;
/// Share with tables like those of cameras and editors.
const CAMERA_SHARE: f64 = 0.15;
/// Share that had been saved before.
const CHAIN_SHARE: f64 = 0.25;
/// Share of these whose last save is fine, so that most of the damage is from earlier ones.
const FINE_LAST_SHARE: f64 = 0.75;
/// Share of the chains where the network gets the quality of the coarsest save instead of the last
/// one's tables, as if a user had given it.
const STATED_SHARE: f64 = 0.3;
/// Pixels around an example, so that an earlier grid can be shifted.
pub(crate) const MARGIN_PX: usize = 16;

/// Luma samples per chroma sample; `None` is grey.
pub(crate) type Sampling = Option<(usize, usize)>;

const SAMPLINGS: [(Sampling, f64); 5] = [
    (Some((2, 2)), 0.55),
    (Some((1, 1)), 0.17),
    (Some((2, 1)), 0.15),
    (Some((1, 2)), 0.05),
    (None, 0.08),
];

/// How one example is compressed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Degradation {
    sampling: Sampling,
    steps: [QuantSteps; 3],
    chain: Option<Chain>,
    /// Quality that the network gets instead of the last save's tables.
    stated: Option<u8>,
}

impl Degradation {
    /// Draws one for squares of `side_px`, from pictures that contain squares of `most_px`.
    pub fn draw(side_px: usize, most_px: usize, draws: &mut Draws) -> Self {
        let least_scale = (side_px + MARGIN_PX) as f64 / most_px as f64;
        let chain = draws
            .chance(CHAIN_SHARE)
            .then(|| Chain::draw(least_scale, draws));
        let (luma, chroma) = match chain.is_some() && draws.chance(FINE_LAST_SHARE) {
            true => tables::ijg_pair(60 + draws.below(38) as u8),
            false => single(draws),
        };
        let stated = draws.chance(STATED_SHARE);
        Self {
            sampling: SAMPLINGS[draws.pick(&SAMPLINGS.map(|(_, share)| share))].0,
            steps: [luma, chroma, chroma],
            stated: chain.as_ref().map(Chain::worst_quality).filter(|_| stated),
            chain,
        }
    }

    /// Side of the clean square that becomes an example of `side_px`.
    pub fn source_px(&self, side_px: usize) -> usize {
        let scale = self.chain.as_ref().map_or(1.0, |chain| chain.scale);
        ((side_px + MARGIN_PX) as f64 / scale).floor() as usize
    }
}

fn single(draws: &mut Draws) -> (QuantSteps, QuantSteps) {
    match draws.chance(CAMERA_SHARE) {
        true => camera(draws),
        false => tables::ijg_pair(quality(draws)),
    }
}

fn quality(draws: &mut Draws) -> u8 {
    match draws.chance(COARSE_SHARE) {
        true => 5 + draws.below(56) as u8,
        false => 3 + draws.below(96) as u8,
    }
}

/// IJG tables of two qualities, tilted over the frequencies, every step off by some.
fn camera(draws: &mut Draws) -> (QuantSteps, QuantSteps) {
    let first = quality(draws);
    let second = (f64::from(first) + 10.0 * draws.gaussian()).clamp(3.0, 98.0) as u8;
    let tilt = 0.5 * draws.gaussian();
    let mut bend = |base: &QuantSteps, quality: u8| {
        let steps = tables::ijg(base, quality);
        std::array::from_fn(|i| {
            let frequency = (i / 8 + i % 8) as f64 / 14.0 - 0.5;
            let factor = (tilt * frequency + 0.12 * draws.gaussian()).exp();
            (f64::from(steps[i]) * factor).round().clamp(1.0, 255.0) as u16
        })
    };
    let luma = bend(&tables::BASE_LUMA, first);
    (luma, bend(&tables::BASE_CHROMA, second))
}

/// Compresses a square of `source`, whose side is [`Degradation::source_px`] of `side_px`. Returns
/// the clean picture (grey if the JPEG is) and the hint for the network.
///
/// # Errors
/// None for squares whose sides are multiples of 16.
pub(crate) fn compress(
    source: &Planar8,
    side_px: usize,
    how: &Degradation,
) -> Result<(Planar8, Hint)> {
    let size = (side_px, side_px);
    let whole = match how.sampling {
        None => grey(source),
        Some(_) => source.clone(),
    };
    let (seen, clean) = match &how.chain {
        None => {
            let clean = cut(&whole, (0, 0), size);
            (clean.clone(), clean)
        }
        Some(chain) => {
            let (damaged, clean) = chain.run(&whole, how.sampling, side_px + MARGIN_PX)?;
            let there = |picture| cut(picture, chain.corner, size);
            (there(&damaged), there(&clean))
        }
    };
    let sampling = how.sampling.unwrap_or((1, 1));
    let bytes = jpeg::file::write::encode_with(&seen, &how.steps, sampling)?;
    let file = jpeg::read(&bytes, &Limits::default())?;
    let mut hint = grid::from_file(&file).hint();
    if let Some(quality) = how.stated {
        (hint.luma, hint.chroma) = tables::ijg_pair(quality);
    }
    Ok((clean, hint))
}

/// BT.601 luma, as in JFIF.
pub(crate) fn grey(picture: &Planar8) -> Planar8 {
    let mut out = Planar8::new(PixelModel::Grey, picture.width(), picture.height(), (1, 1));
    if let [r, g, b] = picture.planes.as_slice() {
        let pixels = r.data.iter().zip(&g.data).zip(&b.data);
        for (to, ((&r, &g), &b)) in out.planes[0].data.iter_mut().zip(pixels) {
            let luma = 0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b);
            *to = luma.round() as u8;
        }
    } else {
        out.planes[0].data.copy_from_slice(&picture.planes[0].data);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::examples::scene::scene;

    fn plain(quality: u8, sampling: Sampling) -> Degradation {
        let (luma, chroma) = tables::ijg_pair(quality);
        Degradation {
            sampling,
            steps: [luma, chroma, chroma],
            chain: None,
            stated: None,
        }
    }

    fn source() -> Planar8 {
        scene(64 + MARGIN_PX, &mut Draws::new(5, 0, 0))
    }

    #[test]
    fn the_hint_is_what_the_file_says() {
        let (clean, hint) = compress(&source(), 64, &plain(20, Some((2, 1)))).unwrap();
        assert_eq!((clean.width(), clean.height()), (64, 64));
        assert_eq!(hint.luma, tables::ijg(&tables::BASE_LUMA, 20));
        assert_eq!(hint.chroma, tables::ijg(&tables::BASE_CHROMA, 20));
        assert_eq!(hint.subsampling, (2, 1));
        let (grey, hint) = compress(&source(), 64, &plain(20, None)).unwrap();
        assert_eq!(grey.planes.len(), 1);
        assert_eq!(hint.decoded.plane(0), hint.decoded.plane(2));
    }

    #[test]
    fn lower_quality_is_further_off() {
        let error = |quality| {
            let (clean, hint) = compress(&source(), 64, &plain(quality, Some((1, 1)))).unwrap();
            let pairs = clean.planes[1].data.iter().zip(hint.decoded.plane(1));
            pairs
                .map(|(&a, &b)| (f64::from(a) / 127.5 - 1.0 - f64::from(b)).powi(2))
                .sum::<f64>()
        };
        assert!(error(5) > 2.0 * error(30) && error(30) > 2.0 * error(95));
    }

    /// 2000 draws: shares to 4 standard errors, every step what baseline JPEG can say.
    #[test]
    fn draws_cover_what_they_should() {
        let all: Vec<Degradation> = (0..2000)
            .map(|i| Degradation::draw(64, 512, &mut Draws::new(9, i, 0)))
            .collect();
        let share = |is: &dyn Fn(&Degradation) -> bool| {
            all.iter().filter(|d| is(d)).count() as f64 / 2000.0
        };
        assert!((share(&|d| d.sampling == Some((2, 2))) - 0.55).abs() < 0.045);
        assert!((share(&|d| d.sampling.is_none()) - 0.08).abs() < 0.025);
        assert!((share(&|d| d.chain.is_some()) - 0.25).abs() < 0.04);
        assert!((share(&|d| d.stated.is_some()) - 0.075).abs() < 0.025);
        let steps = all.iter().flat_map(|d| d.steps.iter().flatten());
        assert!(steps.into_iter().all(|s| (1..=255).contains(s)));
    }

    /// Every kind of chain gives an example of the right size from a source of the size that it
    /// asks for, and the pictures are large enough for it.
    #[test]
    fn chains_become_examples() {
        let mut chains = 0;
        for index in 0..120 {
            let draws = &mut Draws::new(9, 1, index);
            let how = Degradation::draw(64, 160, draws);
            let side = how.source_px(64);
            assert!(side <= 160, "{side}");
            if how.chain.is_none() {
                continue;
            }
            let (clean, hint) = compress(&scene(side, draws), 64, &how).unwrap();
            assert_eq!((clean.width(), hint.decoded.width), (64, 64));
            if let Some(quality) = how.stated {
                assert_eq!(hint.luma, tables::ijg(&tables::BASE_LUMA, quality));
            }
            chains += 1;
        }
        assert!(chains > 10, "{chains}");
    }
}
