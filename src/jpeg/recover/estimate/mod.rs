//! Estimates the quantisation table and the grid of a decoded plane from its pixels.
//!
//! Coefficients of a decoded JPEG are at multiples of the steps, blurred by the rounding to 8 bits.
//! `grid` finds where the blocks start, `spectrum` counts the coefficients, `comb` scores each step
//! of each frequency, `table` makes a whole table of the scores. Any table of 8-bit steps is found;
//! libjpeg's need less evidence. Without enough confidence there is no estimate. Called by
//! `recover` and by `source`.

pub(super) mod comb;
mod grid;
pub(super) mod spectrum;
mod table;

use crate::jpeg::recover::estimate::comb::Comb;
use crate::jpeg::recover::estimate::spectrum::Spectrum;
use crate::jpeg::recover::estimate::table::Role;

use crate::contract::QuantSteps;
use crate::frame::Plane8;

pub use crate::jpeg::recover::estimate::spectrum::Offset;
pub use crate::jpeg::recover::estimate::table::{Fill, Known};

/// Standard deviation of a coefficient around its multiple if samples were rounded to 8 bits once:
/// 0.29, plus a little for the integer DCT.
pub const BLUR: f32 = 0.32;
/// Fewer coefficients than this are not enough for an estimate.
const FEWEST: u32 = 100;
/// Lowest confidence that is reported. Clean pictures stay below 0.3, libjpeg's quality 95 reaches
/// 1.
const CONFIDENT: f64 = 0.6;
/// Fewer blocks than this may agree by chance.
const FEWEST_BLOCKS: usize = 32;
/// Frequencies that show at small cost whether there is any comb.
const PROBED: [usize; 10] = [1, 8, 9, 10, 17, 18, 27, 28, 36, 45];
/// Number of offsets other than the origin that are examined.
const CANDIDATES: usize = 3;

/// A table and its confidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// All 64 steps, natural order.
    pub steps: QuantSteps,
    /// How each step is known.
    pub known: [Known; 64],
    /// Nats by which each step leads the next likely one; 0 if nothing shows it.
    pub step_confidence: [f32; 64],
    /// How steps that nothing shows were filled in.
    pub fill: Fill,
    /// Offset of the first whole block, 0..=7 in both directions.
    pub offset: Offset,
    /// Mean log likelihood per visible coefficient, relative to unquantised pixels, in nats.
    pub confidence: f64,
}

impl Estimate {
    /// Number of steps that coefficients of their own frequency show.
    pub fn seen(&self) -> usize {
        self.known
            .iter()
            .filter(|&&known| known == Known::Seen)
            .count()
    }

    /// The quality, if this is a table of libjpeg.
    pub fn quality(&self) -> Option<u8> {
        match self.fill {
            Fill::Ijg(quality) => Some(quality),
            Fill::Neighbours => None,
        }
    }
}

/// Estimates the table of a luma plane, on any grid; `None` if that is not possible.
pub fn luma(plane: &Plane8) -> Option<Estimate> {
    at(&[plane], (0, 0), &table::LUMA, BLUR).or_else(|| {
        let likely = grid::ranked(plane).into_iter().take(CANDIDATES);
        let found = likely.filter_map(|offset| at(&[plane], offset, &table::LUMA, BLUR));
        found.max_by(|a, b| a.confidence.total_cmp(&b.confidence))
    })
}

/// Possible offsets of the first whole block of a plane, the likeliest first, whatever its table.
pub fn likely_offsets(plane: &Plane8) -> Vec<Offset> {
    grid::ranked(plane)
}

/// Estimates the common table of the two chroma planes, whose blocks start at `offset` in their own
/// samples, after any margin. `blur` is [`BLUR`], or more if the samples are less exact.
pub fn chroma(planes: [&Plane8; 2], offset: Offset, blur: f32) -> Option<Estimate> {
    at(&planes, offset, &table::CHROMA, blur)
}

/// The table on that grid, if it shows a comb that another grid does not: drawings and stretched
/// contrast have combs too, but the same on every grid.
fn at(planes: &[&Plane8], offset: Offset, role: &Role, blur: f32) -> Option<Estimate> {
    let spectrum = Spectrum::of(planes, offset);
    let probe = combs(&spectrum, &PROBED, blur);
    let promising = probe
        .iter()
        .any(|comb| best_gain(std::slice::from_ref(comb)) > 0.5 * CONFIDENT);
    if spectrum.blocks < FEWEST_BLOCKS || !promising {
        return None;
    }
    let all: Vec<usize> = (0..64).collect();
    let combs_here = combs(&spectrum, &all, blur);
    let visible: u32 = combs_here.iter().map(|comb| comb.visible).sum();
    let table = table::of(&combs_here, role);
    let elsewhere = Spectrum::of(planes, (offset.0 + 4, offset.1 + 3));
    let control = best_gain(&combs(&elsewhere, &all, blur));
    let confidence = table.gain / f64::from(visible.max(1)) - control.max(0.0);
    (visible >= FEWEST && confidence >= CONFIDENT).then_some(Estimate {
        confidence,
        steps: table.steps,
        known: table.known,
        step_confidence: table.step_confidence,
        fill: table.fill,
        offset,
    })
}

fn combs(spectrum: &Spectrum, frequencies: &[usize], blur: f32) -> Vec<Comb> {
    frequencies
        .iter()
        .map(|&i| Comb::of(&spectrum.counts[i], blur, i == 0))
        .collect()
}

/// Nats per visible coefficient, each frequency with its own best step.
fn best_gain(combs: &[Comb]) -> f64 {
    let visible: u32 = combs.iter().map(|comb| comb.visible).sum();
    let gain: f64 = combs
        .iter()
        .filter_map(|comb| {
            comb.best()
                .map(|(step, _)| comb.gain[usize::from(step) - 1])
        })
        .sum();
    gain / f64::from(visible.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{PixelModel, Planar8};
    use crate::jpeg::file::{pixels, write};
    use crate::jpeg::grid::tables;
    use crate::options::Limits;

    /// Texture at all frequencies: a sum of waves and a hash.
    fn scene() -> Planar8 {
        let mut out = Planar8::new(PixelModel::Grey, 256, 256, (1, 1));
        for (i, value) in out.planes[0].data.iter_mut().enumerate() {
            let (x, y) = ((i % 256) as f32, (i / 256) as f32);
            let wave = 40.0 * (x / 9.0).sin() * (y / 13.0).cos() + 25.0 * (x * y / 700.0).sin();
            let grain = ((i * 2_654_435_761) >> 7) % 21;
            *value = (110.0 + wave + grain as f32) as u8;
        }
        out
    }

    fn decoded(steps: &QuantSteps) -> Plane8 {
        let jpeg = write::encode_with(&scene(), &[*steps; 3], (1, 1)).unwrap();
        pixels::decode(&jpeg, &Limits::default())
            .unwrap()
            .planes
            .swap_remove(0)
    }

    #[test]
    fn libjpegs_table_comes_back_whole() {
        for quality in [10, 20, 35, 50, 65, 80, 90] {
            let steps = tables::ijg(&tables::BASE_LUMA, quality);
            let found = luma(&decoded(&steps)).expect("a table shows");
            assert_eq!((found.steps, found.quality()), (steps, Some(quality)));
        }
    }

    /// With grain, every step of these tables shows; none is libjpeg's.
    #[test]
    fn any_table_comes_back_on_any_grid() {
        let steps = std::array::from_fn(|i| 5 + (i * 11 % 9) as u16);
        let plane = decoded(&steps).without_margin((5, 3));
        let found = luma(&plane).expect("a table shows");
        assert_eq!((found.offset, found.fill), ((3, 5), Fill::Neighbours));
        let right = found
            .steps
            .iter()
            .zip(&steps)
            .filter(|(a, b)| a == b)
            .count();
        assert!(right >= 62, "{right} of 64");
    }

    #[test]
    fn clean_or_flat_planes_show_none() {
        assert_eq!(luma(&scene().planes[0]), None);
        let mut flat = Plane8::new(64, 64);
        flat.data.fill(128);
        assert_eq!(luma(&flat), None);
        assert_eq!(luma(&Plane8::new(3, 3)), None);
    }
}
