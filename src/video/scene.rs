//! [`Scene`]: the blocks of a stream over time: each stands still and is known better with
//! every frame, or has moved and begins anew.
//!
//! A block begins anew when a frame's cells lie farther from what its history allows than the
//! measured noise explains, by itself or together with its neighbours: what moves is seldom one
//! block, and single blocks of it may look like what was there before. All components begin
//! anew together. Called by `restore`.

use rayon::iter::{
    IndexedParallelIterator, IntoParallelRefIterator, IntoParallelRefMutIterator, ParallelIterator,
};

use super::noise::Noise;
use super::posterior::{Dither, MOST};
use super::track::{self, Answer, Step, Track};
use crate::contract::QuantSteps;
use crate::interval::Bounds;

/// Departure above which a block has moved, beyond what is expected of one that has not. In
/// units of the noise squared: some five standard deviations of one coefficient.
const ALONE: (f32, f32) = (30.0, 2.0);
/// The same of a block and its eight neighbours together.
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
    /// Steps that would leave as much unknown in one frame as the answers do.
    steps: Option<QuantSteps>,
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
    /// Takes in the next frame, of the sizes and steps of the last one. Answers the share of
    /// the known blocks that began anew.
    pub fn update(&mut self, seen: &[Seen<'_>]) -> f64 {
        self.parts.resize_with(seen.len(), Part::default);
        let moved = self.moved(seen);
        let (mut begun, mut known) = (0, 0);
        for (part, seen) in self.parts.iter_mut().zip(seen) {
            let counts = part.take_in(seen, &moved);
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

    /// Whether the answer of a block is another than before the last frame.
    pub fn has_changed(&self, c: usize, at: usize) -> bool {
        let block = self.parts.get(c).and_then(|part| part.blocks.get(at));
        block.is_none_or(|block| block.changed)
    }

    /// The measured noise of component `c`, in 8-bit levels.
    pub fn sigma(&self, c: usize) -> Option<f32> {
        self.parts.get(c).map(|part| part.noise.sigma())
    }

    /// Steps of component `c` that would leave as much unknown in one frame as all frames do,
    /// which a prior may be told. They change only with most of the picture.
    pub fn steps(&self, c: usize) -> Option<&QuantSteps> {
        self.parts.get(c)?.steps.as_ref()
    }

    /// Which squares of the grid have moved, of all components together.
    fn moved(&mut self, seen: &[Seen<'_>]) -> Moved {
        let mut moved = Moved::new(seen);
        for (part, seen) in self.parts.iter_mut().zip(seen) {
            part.noise
                .add(&part.last, seen.levels, seen.wide, seen.steps);
            let departures = part.departures(seen);
            let (ratio_x, ratio_y) = moved.ratio(seen);
            for at in 0..departures.len() {
                if has_moved(&departures, seen.wide, at) {
                    let (x, y) = (at % seen.wide / ratio_x, at / seen.wide / ratio_y);
                    moved.mark(x, y);
                }
            }
        }
        moved
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

    fn departures(&self, seen: &Seen<'_>) -> Vec<Departure> {
        let sigma = self.noise.sigma();
        let expected = expected(seen.steps, &self.dither(seen.steps), sigma);
        let pairs = self.blocks.par_iter().zip(seen.levels);
        let one = |(block, levels): (&Block, &Option<Levels>)| match levels {
            Some(levels) if block.track.frames() > 0 => (
                block.answer.departure(levels, seen.steps, sigma),
                expected[block.track.frames().min(MOST).ilog2() as usize],
            ),
            _ => (0.0, 0.0),
        };
        pairs.map(one).collect()
    }

    /// Carries every block on. How many began anew, and how many are known.
    fn take_in(&mut self, seen: &Seen<'_>, moved: &Moved) -> (u32, u32) {
        self.blocks.resize_with(seen.levels.len(), Block::default);
        let dither = self.dither(seen.steps);
        let ratio = moved.ratio(seen);
        let pairs = self.blocks.par_iter_mut().zip(seen.levels).enumerate();
        let one = |(at, (block, levels)): (usize, (&mut Block, &Option<Levels>))| {
            let (x, y) = (at % seen.wide / ratio.0, at / seen.wide / ratio.1);
            block.take_in(levels.as_ref(), moved.is_marked(x, y), seen.steps, &dither)
        };
        let counts = pairs.map(one);
        let counts = counts.reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        self.last.clear();
        self.last.extend_from_slice(seen.levels);
        let changed = self.blocks.iter().filter(|block| block.changed).count();
        if 2 * changed > self.blocks.len() {
            self.steps = Some(self.equivalent(seen.steps));
        }
        counts
    }

    /// A step whose cell deviates as the answers do in the mean, frequency by frequency; never
    /// above the true one.
    fn equivalent(&self, steps: &QuantSteps) -> QuantSteps {
        let (mut sums, mut count) = ([0.0f32; 64], 0.0f32);
        for block in self.blocks.iter().filter(|b| b.track.frames() > 0) {
            count += 1.0;
            for i in 0..64 {
                let step = f32::from(steps[i]);
                sums[i] += match block.track.frames() {
                    1 => step,
                    // √12
                    _ => (3.464_102 * block.answer.spreads[i]).min(step),
                };
            }
        }
        std::array::from_fn(|i| ((sums[i] / count.max(1.0)).round() as u16).clamp(1, steps[i]))
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
mod tests {
    use super::*;

    const WIDE: usize = 12;
    const HIGH: usize = 10;
    const STEPS: QuantSteps = [10; 64];

    /// A hash that is uniform in 0..1.
    fn uniform(n: u64) -> f64 {
        let mut x = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        x ^= x >> 31;
        x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x ^= x >> 29;
        (x >> 11) as f64 / (1u64 << 53) as f64
    }

    fn gaussian(n: u64) -> f64 {
        (-2.0 * uniform(2 * n + 1).max(1e-12).ln()).sqrt()
            * (std::f64::consts::TAU * uniform(2 * n + 2)).cos()
    }

    /// The true coefficients of a block: pictures of number `which`.
    fn truth(which: u64, at: usize) -> [f64; 64] {
        let n = which * 77_777 + at as u64 * 64;
        std::array::from_fn(|i| 240.0 * (uniform(n + i as u64) - 0.5) / (1.0 + i as f64 / 3.0))
    }

    fn quantised(which: u64, at: usize, frame: u64, sigma: f64) -> Option<Levels> {
        let truth = truth(which, at);
        Some(std::array::from_fn(|i| {
            let noise = sigma * gaussian((frame * 10_007 + at as u64) * 64 + i as u64);
            ((truth[i] + noise) / 10.0).round() as i16
        }))
    }

    /// A frame in which blocks of the columns `moving` show another picture each time.
    fn frame(number: u64, sigma: f64, moving: std::ops::Range<usize>) -> Vec<Option<Levels>> {
        let block = |at: usize| {
            let which = if moving.contains(&(at % WIDE)) {
                number
            } else {
                0
            };
            quantised(which, at, number, sigma)
        };
        (0..WIDE * HIGH).map(block).collect()
    }

    fn update(scene: &mut Scene, levels: &[Option<Levels>]) -> f64 {
        scene.update(&[Seen {
            levels,
            steps: &STEPS,
            wide: WIDE,
            factors: (1, 1),
        }])
    }

    fn error(scene: &Scene, at: usize) -> f64 {
        let (means, _) = scene.answer(0, at).unwrap();
        let squares = means.iter().zip(truth(0, at));
        squares
            .map(|(mean, c)| (f64::from(*mean) - c).powi(2))
            .sum()
    }

    /// One frame is off by the noise and the step, σ² + q²/12 = 17.3; sixteen should be by a
    /// sixteenth. A fifth leaves room for the noise not being known.
    #[test]
    fn a_still_scene_is_known_better_with_every_frame() {
        let mut scene = Scene::default();
        for number in 0..16 {
            let share = update(&mut scene, &frame(number, 3.0, 0..0));
            assert!(number == 0 || share < 0.02, "{number}: {share}");
        }
        let mean = (0..WIDE * HIGH).map(|at| error(&scene, at)).sum::<f64>();
        let mean = mean / (64 * WIDE * HIGH) as f64;
        assert!(mean < 17.3 / 5.0, "{mean}");
        let sigma = scene.sigma(0).unwrap();
        assert!((sigma / 3.0 - 1.0).abs() < 0.2, "{sigma}");
        // 5.3, √12 times the deviation of the mean of sixteen, but for the noise's own error.
        let steps = scene.steps(0).unwrap();
        assert!(steps.iter().all(|step| (2..=6).contains(step)), "{steps:?}");
    }

    /// Of one frame nothing is known but its cells.
    #[test]
    fn the_first_frame_has_its_own_steps() {
        let mut scene = Scene::default();
        update(&mut scene, &frame(0, 3.0, 0..0));
        assert_eq!(scene.steps(0), Some(&STEPS));
    }

    /// Coefficients lie within their bounds, about a standard deviation to either side: six in
    /// ten.
    #[test]
    fn the_bounds_hold_the_truth() {
        let mut scene = Scene::default();
        for number in 0..8 {
            update(&mut scene, &frame(number, 3.0, 0..0));
        }
        let mut inside = 0;
        for at in 0..WIDE * HIGH {
            let (_, bounds) = scene.answer(0, at).unwrap();
            let pairs = bounds.iter().zip(truth(0, at));
            inside += pairs
                .filter(|((low, high), c)| (f64::from(*low)..=f64::from(*high)).contains(c))
                .count();
        }
        assert!(inside * 10 > 6 * 64 * WIDE * HIGH, "{inside}");
    }

    #[test]
    fn what_moves_begins_anew_at_once_and_what_stands_still_does_not() {
        let mut scene = Scene::default();
        for number in 0..9 {
            update(&mut scene, &frame(number, 3.0, 4..7));
            for at in 0..WIDE * HIGH {
                let known = scene.answer(0, at).is_some();
                match at % WIDE {
                    4..7 => assert!(!known, "{number} {at}"),
                    // The neighbours may begin anew with it.
                    3 | 7 => {}
                    _ => assert!(known || number == 0, "{number} {at}"),
                }
            }
        }
    }

    /// The answer is as it was at all but frames 2, 4, 8 and 16.
    #[test]
    fn what_is_shown_changes_ever_more_seldom() {
        let mut scene = Scene::default();
        for number in 0..20 {
            update(&mut scene, &frame(number, 3.0, 0..0));
            let changed = (0..WIDE * HIGH)
                .filter(|&at| scene.has_changed(0, at))
                .count();
            let all = [0, 1, 3, 7, 15].contains(&number);
            // Two in a hundred may have begun anew, on a clock of their own.
            let allowed = WIDE * HIGH / 20;
            match all {
                true => assert!(changed >= WIDE * HIGH - allowed, "{number}: {changed}"),
                false => assert!(changed <= allowed, "{number}: {changed}"),
            }
        }
    }

    #[test]
    fn a_cut_begins_anew_everywhere_and_what_is_not_known_has_no_answer() {
        let mut scene = Scene::default();
        for number in 0..4 {
            update(&mut scene, &frame(number, 3.0, 0..0));
        }
        assert!(update(&mut scene, &frame(4, 3.0, 0..WIDE)) > 0.95);
        let mut levels = frame(5, 3.0, 0..0);
        levels[3] = None;
        update(&mut scene, &levels);
        assert!(scene.answer(0, 3).is_none() && scene.has_changed(0, 3));
        assert!(scene.answer(0, 9999).is_none() && scene.answer(7, 0).is_none());
    }
}
