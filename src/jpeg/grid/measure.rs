//! [`JpegMeasurement`]: the cells of an [`Observation`] as a [`Measurement`].
//!
//! x + A⁺(P(Ax) − Ax) in the file's own colour space, in one pass over rows of MCUs on all cores.
//! Blocks with unknown levels do not change x.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::contract::{Measurement, Spread, Trust};
use crate::frame::{Picture, PixelModel};
use crate::interval::Bounds;
use crate::jpeg::grid::Observation;
use crate::jpeg::grid::cell::Slack;
use crate::jpeg::grid::color;
use crate::jpeg::grid::component::{Observed, fetch, store};
use crate::jpeg::grid::dct;
pub use crate::jpeg::grid::departures::Departures;
use crate::jpeg::grid::departures::{Counts, add};
use crate::jpeg::grid::rules::{IntoCells, Kept, Known, Rule};
use crate::jpeg::grid::sampling;
use crate::runtime::threads::crew;
use crate::simd;
use crate::simd::Kernel;

/// A part of one row of MCUs that consists of whole blocks of every component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Index of the row of MCUs.
    pub row: usize,
    /// Left edge in pixels, a multiple of 8 times each component's factor.
    pub x: usize,
    /// Width in pixels, likewise.
    pub width: usize,
}

/// The bounds of a block, by component and block number, if it has its own.
pub type BoundsOf<'a> = dyn Fn(usize, usize) -> Option<&'a Bounds> + Sync + 'a;

/// Moves estimates into the cells of an observation.
pub struct JpegMeasurement<'a> {
    observation: &'a Observation,
    pub(crate) slack: Slack,
    /// Bounds of blocks of which more is known than their levels.
    pub(crate) narrower: Option<&'a BoundsOf<'a>>,
    released: bool,
    stood: [AtomicU64; 5],
}

impl<'a> JpegMeasurement<'a> {
    /// The cells of `observation`, widened (or narrowed) by `slack`.
    pub fn new(observation: &'a Observation, slack: Slack) -> Self {
        Self {
            observation,
            slack,
            narrower: None,
            released: false,
            stood: Default::default(),
        }
    }

    /// The same, but blocks with their own `bounds` are moved into these, except for
    /// [`Trust::Swap`]. Departures are still counted from the cells.
    pub fn within(self, bounds: &'a BoundsOf<'a>) -> Self {
        Self {
            narrower: Some(bounds),
            ..self
        }
    }

    /// The same, but estimates are not changed if `released`: the caller knows that the levels do
    /// not explain the damage.
    pub fn released_if(self, released: bool) -> Self {
        Self { released, ..self }
    }

    /// How far the estimates so far were outside their cells.
    pub fn departures(&self) -> Departures {
        let counts = self.stood.each_ref();
        Departures::from(counts.map(|count| count.load(Ordering::Relaxed)))
    }

    /// The part of `spread` for `component`.
    pub(crate) fn part<'s>(&self, spread: &'s Spread, component: &Observed) -> &'s [f32; 64] {
        let first = std::ptr::eq(component, &self.observation.components[0]);
        match first || self.observation.model != PixelModel::YCbCr {
            true => &spread.luma,
            false => &spread.chroma,
        }
    }

    /// How many known coefficients of `x` quantise to the observed level, and how many are known.
    pub fn consistency(&self, x: &Picture) -> (u64, u64) {
        let mut copy = x.clone();
        let [kept, known, ..] = self.for_each_stripe(&mut copy, &Kept);
        (kept, known)
    }

    /// Applies `rule` to every known block, and sums its counters.
    fn for_each_stripe(&self, x: &mut Picture, rule: &impl Rule) -> Counts {
        let (n, width) = (x.plane_len(), x.width);
        let stripe = self.observation.mcu_rows * self.observation.padded_width;
        let (red, rest) = x.data.split_at_mut(n);
        let (green, blue) = rest.split_at_mut(n);
        let rows = red.chunks_mut(stripe).zip(green.chunks_mut(stripe));
        let rows = rows.zip(blue.chunks_mut(stripe));
        let counts = crew::map_owned(rows, |row, ((r, g), b)| {
            let mut counts = [[0; 5]];
            let run = Run { row, x: 0, width };
            self.run(run, [r, g, b], rule, (width, &mut counts));
            counts[0]
        });
        counts.into_iter().fold([0; 5], add)
    }

    /// Moves a part of a picture, its three planes `[rows of an MCU, run.width]`, into the cells,
    /// bit for bit as [`Measurement::project`] does. Returns the departures for every `unit` pixels
    /// of its width, which are whole blocks of every component; they are not added to
    /// [`Self::departures`].
    pub fn project_run(
        &self,
        run: Run,
        rgb: [&mut [f32]; 3],
        trust: Trust<'_>,
        unit: usize,
    ) -> Vec<Departures> {
        let mut counts = vec![[0; 5]; run.width.div_ceil(unit)];
        self.run(run, rgb, &self.rule_of(trust), (unit, &mut counts));
        counts.into_iter().map(Departures::from).collect()
    }

    fn rule_of<'t>(&'t self, trust: Trust<'t>) -> IntoCells<'t, 'a> {
        IntoCells {
            measurement: self,
            trust,
        }
    }

    /// Processes a part of one row of MCUs, with counts for every `unit` pixels of its width.
    fn run(
        &self,
        run: Run,
        mut rgb: [&mut [f32]; 3],
        rule: &impl Rule,
        (unit, counts): (usize, &mut [Counts]),
    ) {
        let mut planes = to_components(self.observation.model, &rgb);
        for (c, plane) in planes.iter_mut().enumerate() {
            correct(self.observation, c, run, plane, rule, (unit, counts));
        }
        to_rgb(self.observation.model, &planes, &mut rgb);
    }
}

/// Converts RGB in `[-1, 1]` to level-shifted component planes at full size.
pub(crate) fn to_components(model: PixelModel, rgb: &[&mut [f32]; 3]) -> Vec<Vec<f32>> {
    let n = rgb[0].len();
    let from = rgb.each_ref().map(|row| &**row);
    let mut planes = [vec![0.0; n], vec![0.0; n], vec![0.0; n]];
    let to = planes.each_mut().map(|plane| &mut plane[..]);
    match model {
        PixelModel::Rgb => simd::rows(from, to, |rgb| rgb.map(|x| color::to_level(x) - 128.0)),
        _ => simd::rows(from, to, |rgb| {
            let [y, cb, cr] = color::rgb_to_ycc(rgb.map(color::to_level));
            [y - 128.0, cb, cr]
        }),
    }
    let count = if model == PixelModel::Grey { 1 } else { 3 };
    planes.into_iter().take(count).collect()
}

/// The inverse of [`to_components`]; a grey picture has no chroma.
fn to_rgb(model: PixelModel, planes: &[Vec<f32>], rgb: &mut [&mut [f32]; 3]) {
    let from: [&[f32]; 3] = match planes {
        [a, b, c] => [a, b, c],
        _ => [&planes[0]; 3],
    };
    let to = rgb.each_mut().map(|row| &mut **row);
    match model {
        PixelModel::YCbCr => simd::rows(from, to, |[y, cb, cr]| {
            color::ycc_to_rgb([y + 128.0, cb, cr]).map(color::from_level)
        }),
        _ => simd::rows(from, to, |x| x.map(|x| color::from_level(x + 128.0))),
    }
}

/// plane += A⁺(P(A·plane) − A·plane) for component `c` of a part of one row of MCUs.
fn correct(
    observation: &Observation,
    c: usize,
    run: Run,
    plane: &mut [f32],
    rule: &impl Rule,
    (unit, counts): (usize, &mut [Counts]),
) {
    let Some(component) = observation.components.get(c) else {
        return;
    };
    if component.levels.is_empty() {
        return;
    }
    let factors = component.factors;
    let small = match factors {
        (1, 1) => Cow::Borrowed(&*plane),
        _ => Cow::Owned(sampling::mean(plane, run.width, factors)),
    };
    let mut delta = vec![0.0; small.len()];
    let block_rows = observation.mcu_rows / (8 * factors.1);
    for band in 0..block_rows {
        let width = run.width / factors.0;
        let span = band * 8 * width..(band + 1) * 8 * width;
        simd::run(Band {
            component,
            c,
            first: (run.row * block_rows + band) * component.blocks_wide + run.x / (8 * factors.0),
            samples: &small[span.clone()],
            delta: &mut delta[span],
            width,
            rule,
            unit: (unit / (8 * factors.0)).max(1),
            counts: &mut *counts,
        });
    }
    sampling::add_repeated(plane, run.width, &delta, factors);
}

/// Part of a row of blocks.
struct Band<'a, R> {
    component: &'a Observed,
    c: usize,
    /// Index of the first block.
    first: usize,
    samples: &'a [f32],
    /// The change, to be added.
    delta: &'a mut [f32],
    /// Samples in a line.
    width: usize,
    rule: &'a R,
    /// Blocks that are counted together.
    unit: usize,
    counts: &'a mut [Counts],
}

impl<R: Rule> Kernel for Band<'_, R> {
    #[inline(always)]
    fn run(self) {
        for x in 0..self.width / 8 {
            let at = self.first + x;
            let Some((levels, steps)) = self.component.block(at) else {
                continue;
            };
            let before = dct::forward_within(&fetch(self.samples, self.width, x));
            let block = Known {
                place: (self.c, at),
                component: self.component,
                levels,
                steps,
            };
            let (after, added) = self.rule.apply(block, &before);
            let counts = &mut self.counts[x / self.unit];
            *counts = add(*counts, added);
            if let Some(mut change) = after {
                for (after, before) in change.iter_mut().zip(&before) {
                    *after -= before;
                }
                store(self.delta, self.width, x, &dct::inverse_within(&change));
            }
        }
    }
}

impl Measurement for JpegMeasurement<'_> {
    fn project(&self, x0: &mut Picture, trust: Trust<'_>) {
        if self.released {
            return;
        }
        let counts = self.for_each_stripe(x0, &self.rule_of(trust));
        for (sum, count) in self.stood.iter().zip(counts) {
            sum.fetch_add(count, Ordering::Relaxed);
        }
    }
}
