//! What a clean picture suffers: tables, sampling, sometimes an earlier compression.
//!
//! The operator is the library's own encoder, and the decoded picture that restoration sees.

use super::pictures::cut;
use super::random::Draws;
use crate::contract::{Hint, QuantSteps};
use crate::error::Result;
use crate::frame::{PixelModel, Planar8};
use crate::jpeg::{self, observe, pixels, tables};
use crate::options::Limits;

/// Share of the examples between quality 5 and 60; the others are anywhere in 3..=98.
const COARSE_SHARE: f64 = 0.75;
/// Share with tables as cameras and editors have them.
const CAMERA_SHARE: f64 = 0.15;
/// Share that had been a JPEG before, on another grid half of the time.
const TWICE_SHARE: f64 = 0.08;
/// Pixels around an example for an earlier grid to be shifted in.
pub(super) const MARGIN_PX: usize = 16;

/// Luma samples per chroma sample; `None` is grey.
type Sampling = Option<(usize, usize)>;

const SAMPLINGS: [(Sampling, f64); 5] = [
    (Some((2, 2)), 0.55),
    (Some((1, 1)), 0.2),
    (Some((2, 1)), 0.15),
    (Some((1, 2)), 0.05),
    (None, 0.05),
];

/// How one example is compressed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Degradation {
    sampling: Sampling,
    steps: [QuantSteps; 3],
    /// Quality and corner of the earlier compression.
    earlier: Option<(u8, (usize, usize))>,
}

impl Degradation {
    pub fn draw(draws: &mut Draws) -> Self {
        let (luma, chroma) = match draws.chance(CAMERA_SHARE) {
            true => camera(draws),
            false => tables::ijg_pair(quality(draws)),
        };
        let twice = draws.chance(TWICE_SHARE);
        Self {
            sampling: SAMPLINGS[draws.pick(&SAMPLINGS.map(|(_, share)| share))].0,
            steps: [luma, chroma, chroma],
            earlier: twice.then(|| earlier(draws)),
        }
    }
}

fn quality(draws: &mut Draws) -> u8 {
    match draws.chance(COARSE_SHARE) {
        true => 5 + draws.below(56) as u8,
        false => 3 + draws.below(96) as u8,
    }
}

fn earlier(draws: &mut Draws) -> (u8, (usize, usize)) {
    let corner = match draws.chance(0.5) {
        true => (0, 0),
        false => (draws.below(MARGIN_PX), draws.below(MARGIN_PX)),
    };
    (60 + draws.below(36) as u8, corner)
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

/// Compresses the middle of `source`, which has [`MARGIN_PX`] more than `side_px` on a side:
/// the clean picture (grey when the JPEG is) and what a restorer is told.
///
/// # Errors
/// None for squares whose sides are multiples of 16.
pub(super) fn compress(
    source: &Planar8,
    side_px: usize,
    how: &Degradation,
) -> Result<(Planar8, Hint)> {
    let size = (side_px, side_px);
    let corner = how.earlier.map_or((0, 0), |(_, corner)| corner);
    let whole = match how.sampling {
        None => grey(source),
        Some(_) => source.clone(),
    };
    let clean = cut(&whole, corner, size);
    let seen = match how.earlier {
        None => clean.clone(),
        Some((quality, _)) => {
            let sampling = how.sampling.unwrap_or((1, 1));
            let bytes = jpeg::encode(&whole, quality, sampling)?;
            let decoded = pixels::decode(&bytes, &Limits::default())?;
            let decoded = if how.sampling.is_none() {
                grey(&decoded)
            } else {
                decoded
            };
            cut(&decoded, corner, size)
        }
    };
    let sampling = how.sampling.unwrap_or((1, 1));
    let bytes = jpeg::write::encode_with(&seen, &how.steps, sampling)?;
    let file = jpeg::read(&bytes, &Limits::default())?;
    Ok((clean, observe::from_file(&file).hint()))
}

/// BT.601 luma, as JFIF has it.
fn grey(picture: &Planar8) -> Planar8 {
    let mut out = Planar8::new(PixelModel::Grey, picture.width(), picture.height(), (1, 1));
    if let [r, g, b] = picture.planes.as_slice() {
        let pixels = r.data.iter().zip(&g.data).zip(&b.data);
        for (to, ((&r, &g), &b)) in out.planes[0].data.iter_mut().zip(pixels) {
            let luma = 0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b);
            *to = luma.round() as u8;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::scene::scene;
    use super::*;

    fn plain(quality: u8, sampling: Sampling) -> Degradation {
        let (luma, chroma) = tables::ijg_pair(quality);
        Degradation {
            sampling,
            steps: [luma, chroma, chroma],
            earlier: None,
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
            .map(|i| Degradation::draw(&mut Draws::new(9, i, 0)))
            .collect();
        let share = |is: &dyn Fn(&Degradation) -> bool| {
            all.iter().filter(|d| is(d)).count() as f64 / 2000.0
        };
        assert!((share(&|d| d.sampling == Some((2, 2))) - 0.55).abs() < 0.045);
        assert!((share(&|d| d.sampling.is_none()) - 0.05).abs() < 0.02);
        assert!((share(&|d| d.earlier.is_some()) - 0.08).abs() < 0.025);
        let steps = all.iter().flat_map(|d| d.steps.iter().flatten());
        assert!(steps.into_iter().all(|s| (1..=255).contains(s)));
    }
}
