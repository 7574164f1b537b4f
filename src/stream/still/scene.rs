//! [`Scene`]: the blocks of a stream over time. Each stands still and is known better with
//! every frame, or has moved and starts over.
//!
//! A block starts over when a frame's cells lie farther from what its history allows than the
//! measured noise explains, by itself or together with its neighbours: what moves is seldom one
//! block, and single blocks of it may look like what was there before. All components start
//! over together. Used by `blocks`.

use crate::contract::QuantSteps;
use crate::interval::Bounds;
use crate::runtime::threads::crew;
use crate::stream::still::camera_noise::{LEAST, Noise};
use crate::stream::still::posterior::{Dither, MOST};
use crate::stream::still::track;
use crate::stream::still::track::{Answer, Step, Track};

/// Departure above which a block has moved, beyond what is expected of one that has not. In
/// units of the noise squared: some five standard deviations of one coefficient.
const ALONE: (f32, f32) = (30.0, 2.0);
/// Blocks that one thread takes at a time.
const PIECE: usize = 256;
/// Share of moved blocks above which the camera moved: then the whole picture starts over, even
/// where it looks unchanged.
const CAMERA: f32 = 0.35;
/// The same as [`ALONE`] of a block and its eight neighbours together.
const TOGETHER: (f32, f32) = (40.0, 1.6);

type Levels = [i16; 64];

/// One component of a frame.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Levels of its blocks; `None` where they are not known; empty where none is.
    pub levels: &'a [Option<Levels>],
    /// Its steps.
    pub steps: &'a QuantSteps,
    /// Blocks in a row.
    pub wide: usize,
    /// Picture pixels per sample, horizontally and vertically.
    pub factors: (usize, usize),
}

/// One component over time.
#[derive(Default)]
struct Part {
    blocks: Vec<Block>,
    last: Vec<Option<Levels>>,
    noise: Noise,
}

#[derive(Clone)]
struct Block {
    track: Track,
    answer: Answer,
    bounds: Bounds,
    changed: bool,
}

/// What the frames of a stream so far say, component by component.
#[derive(Default)]
pub struct Scene {
    parts: Vec<Part>,
}

impl Scene {
    /// Takes in the next frame, of the sizes and steps of the last one. Returns the share
    /// of the known blocks that started over.
    pub fn update(&mut self, seen: &[Seen<'_>]) -> f64 {
        self.parts.resize_with(seen.len(), Part::default);
        let moved = self.moved(seen);
        // Without noise a level that stays says no more than before, and one that does not moves.
        // Noise is in the first component if it is in any, and there is most to tell it by.
        let first = self.parts.first();
        let quiet = first.is_none_or(|part| part.noise.sigma() <= LEAST);
        let (mut begun, mut known) = (0, 0);
        for (part, seen) in self.parts.iter_mut().zip(seen) {
            let counts = part.take_in(seen, &moved, quiet);
            begun += counts.0;
            known += counts.1;
        }
        f64::from(begun) / f64::from(known.max(1))
    }

    /// The coefficients of block `at` of component `c` as all frames say, and the bounds that
    /// each may be restored within; `None` of a block that only this frame tells of.
    pub fn answer(&self, c: usize, at: usize) -> Option<(&[f32; 64], &Bounds)> {
        let block = self.parts.get(c)?.blocks.get(at)?;
        (block.track.frames() > 1).then_some((&block.answer.means, &block.bounds))
    }

    /// Whether the last frame changed the answer of a block.
    pub fn has_changed(&self, c: usize, at: usize) -> bool {
        let block = self.parts.get(c).and_then(|part| part.blocks.get(at));
        block.is_none_or(|block| block.changed)
    }

    /// The measured noise of component `c`, in 8-bit levels.
    pub fn sigma(&self, c: usize) -> Option<f32> {
        self.parts.get(c).map(|part| part.noise.sigma())
    }

    /// Which squares of the grid have moved, of all components together.
    fn moved(&mut self, seen: &[Seen<'_>]) -> Moved {
        let mut moved = Moved::new(seen);
        for (part, seen) in self.parts.iter_mut().zip(seen) {
            part.noise
                .add(&part.last, seen.levels, seen.wide, seen.steps);
            part.widen(seen.steps);
            let departures = part.departures(seen);
            let (ratio_x, ratio_y) = moved.ratio(seen);
            for at in 0..departures.len() {
                if has_moved(&departures, seen.wide, at) {
                    let (x, y) = (at % seen.wide / ratio_x, at / seen.wide / ratio_y);
                    moved.mark(x, y);
                }
            }
        }
        moved.with_the_camera()
    }
}

/// Squares of one block of the coarsest component each.
struct Moved {
    coarsest: (usize, usize),
    wide: usize,
    marks: Vec<bool>,
}

impl Moved {
    fn new(seen: &[Seen<'_>]) -> Self {
        let coarsest = seen.iter().fold((1, 1), |most, part| {
            (most.0.max(part.factors.0), most.1.max(part.factors.1))
        });
        let sizes = seen.iter().map(|part| {
            let high = part.levels.len().div_ceil(part.wide.max(1));
            (
                (part.wide * part.factors.0).div_ceil(coarsest.0),
                (high * part.factors.1).div_ceil(coarsest.1),
            )
        });
        let (wide, high) = sizes.fold((0, 0), |most, size| {
            (most.0.max(size.0), most.1.max(size.1))
        });
        Self {
            coarsest,
            wide,
            marks: vec![false; wide * high],
        }
    }

    /// Blocks of a component in one square, horizontally and vertically.
    fn ratio(&self, seen: &Seen<'_>) -> (usize, usize) {
        (
            (self.coarsest.0 / seen.factors.0.max(1)).max(1),
            (self.coarsest.1 / seen.factors.1.max(1)).max(1),
        )
    }

    fn mark(&mut self, x: usize, y: usize) {
        if let Some(mark) = self.marks.get_mut(y * self.wide + x) {
            *mark = true;
        }
    }

    fn with_the_camera(mut self) -> Self {
        let marked = self.marks.iter().filter(|mark| **mark).count();
        if marked as f32 > CAMERA * self.marks.len() as f32 {
            self.marks.fill(true);
        }
        self
    }

    fn is_marked(&self, x: usize, y: usize) -> bool {
        self.marks.get(y * self.wide + x).is_some_and(|mark| *mark)
    }
}

/// How far a block lies from its history, and how far it would if it stood still.
type Departure = (f32, f32);

/// By itself, or with its neighbours.
fn has_moved(departures: &[Departure], wide: usize, at: usize) -> bool {
    let beyond =
        |(found, expected): Departure, (limit, scale): (f32, f32)| found > limit + scale * expected;
    if beyond(departures[at], ALONE) {
        return true;
    }
    let (x, y) = (at % wide, at / wide);
    let high = departures.len() / wide;
    let mut together = (0.0, 0.0);
    for y in y.saturating_sub(1)..(y + 2).min(high) {
        for x in x.saturating_sub(1)..(x + 2).min(wide) {
            let (found, expected) = departures[y * wide + x];
            together = (together.0 + found, together.1 + expected);
        }
    }
    beyond(together, TOGETHER)
}

impl Part {
    fn dither(&self, steps: &QuantSteps) -> [Dither; 64] {
        steps.map(|step| Dither::new(self.noise.sigma() / f32::from(step)))
    }

    /// Answers of single frames by the noise that is known by now: of the first frame of a
    /// stream none is.
    fn widen(&mut self, steps: &QuantSteps) {
        let dither = self.dither(steps);
        crew::each(self.blocks.chunks_mut(PIECE), |_, blocks| {
            let single = blocks.iter_mut().filter(|block| block.track.frames() == 1);
            single.for_each(|block| block.answer = block.track.answer(steps, &dither));
        });
    }

    fn departures(&self, seen: &Seen<'_>) -> Vec<Departure> {
        let sigma = self.noise.sigma();
        let expected = expected(seen.steps, &self.dither(seen.steps), sigma);
        let pieces = self.blocks.chunks(PIECE).zip(seen.levels.chunks(PIECE));
        let one = |(block, levels): (&Block, &Option<Levels>)| match levels {
            Some(levels) if block.track.frames() > 0 => (
                block.answer.departure(levels, seen.steps, sigma),
                expected[block.track.frames().min(MOST).ilog2() as usize],
            ),
            _ => (0.0, 0.0),
        };
        let departures = crew::map_owned(pieces, |_, (blocks, levels)| {
            blocks.iter().zip(levels).map(one).collect::<Vec<_>>()
        });
        departures.concat()
    }

    /// Carries every block on, without noise if `quiet`. Returns how many started over, and how
    /// many are known.
    fn take_in(&mut self, seen: &Seen<'_>, moved: &Moved, quiet: bool) -> (u32, u32) {
        self.blocks.resize_with(seen.levels.len(), Block::default);
        let dither = self.dither(seen.steps);
        let ratio = moved.ratio(seen);
        let last = &self.last;
        let pieces = self.blocks.chunks_mut(PIECE).zip(seen.levels.chunks(PIECE));
        let one = |(at, (block, levels)): (usize, (&mut Block, &Option<Levels>))| {
            let (x, y) = (at % seen.wide / ratio.0, at / seen.wide / ratio.1);
            let same = last.get(at) == Some(levels);
            if quiet && same && levels.is_some() {
                block.changed = false;
                return (0, 1);
            }
            let moved = quiet || moved.is_marked(x, y);
            block.take_in(levels.as_ref(), moved, seen.steps, &dither)
        };
        let sum = |a: (u32, u32), b: (u32, u32)| (a.0 + b.0, a.1 + b.1);
        let counts = crew::map_owned(pieces, |n, (blocks, levels)| {
            let pairs = blocks.iter_mut().zip(levels).enumerate();
            let counts = pairs.map(|(i, pair)| one((n * PIECE + i, pair)));
            counts.fold((0, 0), sum)
        });
        let counts = counts.into_iter().fold((0, 0), sum);
        self.last.clear();
        self.last.extend_from_slice(seen.levels);
        counts
    }
}

impl Default for Block {
    fn default() -> Self {
        Self {
            track: Track::default(),
            answer: Answer::default(),
            bounds: [(0.0, 0.0); 64],
            changed: true,
        }
    }
}

impl Block {
    fn take_in(
        &mut self,
        levels: Option<&Levels>,
        moved: bool,
        steps: &QuantSteps,
        dither: &[Dither; 64],
    ) -> (u32, u32) {
        let Some(levels) = levels else {
            *self = Self::default();
            return (0, 0);
        };
        let step = match moved || self.track.frames() == 0 {
            true => self.track.begin(levels),
            false => self.track.add(levels, dither),
        };
        self.changed = step != Step::Gathered;
        if self.changed {
            self.answer = self.track.answer(steps, dither);
            self.bounds = self.answer.bounds(steps);
        }
        (u32::from(step == Step::Begun), 1)
    }
}

/// The departure to be expected of a block that stands still, for answers of 1, 2, 4 … frames.
///
/// A coefficient's own noise and that of its answer make a difference of variance
/// v = σ²(1 + 1/n); beyond a, half a step and the bounds' reach, E[(|d| − a)₊²] =
/// 2((v + a²) Q(a/√v) − a √v φ(a/√v)).
fn expected(steps: &QuantSteps, dither: &[Dither; 64], sigma: f32) -> Vec<f32> {
    let of = |n: u32| {
        let one = |(step, dither): (&u16, &Dither)| {
            let v = 1.0 + 1.0 / n as f32;
            let a = f32::from(*step) * (0.5 + track::reach(n, *dither)) / sigma;
            let t = a / v.sqrt();
            let tail = 0.5 * libm::erfcf(t * std::f32::consts::FRAC_1_SQRT_2);
            let density = 0.398_942_3 * libm::expf(-0.5 * t * t);
            (2.0 * ((v + a * a) * tail - a * v.sqrt() * density)).max(0.0)
        };
        steps.iter().zip(dither).map(one).sum()
    };
    (0..=MOST.ilog2()).map(|n| of(1 << n)).collect()
}

#[cfg(test)]
#[path = "scene_tests.rs"]
mod scene_tests;
