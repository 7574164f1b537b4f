//! [`Noise`]: how strong the noise of a camera is, by the levels of two frames.
//!
//! Between two frames of a still scene a coefficient moves by the difference of two noises,
//! and its level by as many steps as there are edges between: E|Δk| q = E|n₁ − n₂| = 2σ/√π,
//! whatever the step, as long as the coefficient may lie anywhere in its cell. Those of levels
//! 0 and ±1 lie nearer to 0 more often, so they do not count. What moves is left out by taking
//! the median over parts of the picture.
//!
//! When all of it moves, that is no help: so the noise is never taken to be more than the flat
//! parts of a single frame show, where it is what makes low frequencies other than 0. Called by
//! `scene`.

use crate::contract::QuantSteps;

/// Noise below this is the rounding of the encoder's 8-bit input.
pub const LEAST: f32 = 0.3;
/// Blocks in a row and rows of blocks of one part.
const PART: usize = 6;
/// Fewer coefficients than this in a part tell nothing.
const FEWEST: u32 = 40;
/// Share of the parts that are taken to be flat, and how much more noise than these show may be.
const FLAT: f32 = 0.2;
const MARGIN: f32 = 1.25;
/// Frequencies whose levels flat parts are told by: low ones, with fine steps.
const LOW: [usize; 9] = [1, 2, 3, 8, 9, 10, 16, 17, 24];
/// Frames that the estimate looks back.
const MEMORY: f32 = 16.0;

/// The standard deviation of the noise of one component, in coefficient units, which are
/// 8-bit levels of white noise.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Noise {
    frames: f32,
    sigma: f32,
}

impl Noise {
    /// The estimate so far, at least [`LEAST`].
    pub fn sigma(&self) -> f32 {
        self.sigma.max(LEAST)
    }

    /// Takes in two frames' levels, `wide` blocks in a row.
    pub fn add(
        &mut self,
        before: &[Option<[i16; 64]>],
        now: &[Option<[i16; 64]>],
        wide: usize,
        steps: &QuantSteps,
    ) {
        let mut parts: Vec<f32> = parts(before, now, wide, steps);
        if parts.is_empty() {
            return;
        }
        // √π / 2
        let moved = 0.886_227 * quantile(&mut parts, 0.5);
        let most = quantile(&mut flatness(now, wide, steps), FLAT);
        let sigma = moved.min(MARGIN * most);
        self.frames = (self.frames + 1.0).min(MEMORY);
        self.sigma += (sigma - self.sigma) / self.frames;
    }
}

/// The value below which a share of `values` lies; infinite of none.
fn quantile(values: &mut [f32], share: f32) -> f32 {
    let at = (share * values.len() as f32) as usize;
    match values.len() {
        0 => f32::INFINITY,
        n => {
            *values
                .select_nth_unstable_by(at.min(n - 1), f32::total_cmp)
                .1
        }
    }
}

/// The noise that would make as many of each part's low frequencies other than 0, were that
/// part flat: the σ of which a share p lies beyond half a step.
fn flatness(now: &[Option<[i16; 64]>], wide: usize, steps: &QuantSteps) -> Vec<f32> {
    let step = LOW.iter().map(|&i| f32::from(steps[i])).sum::<f32>() / LOW.len() as f32;
    let counts = by_part(now.len(), wide, |at| {
        let levels = now.get(at)?.as_ref()?;
        let others = LOW.iter().filter(|&&i| levels[i] != 0).count();
        Some((others as f32, LOW.len() as u32))
    });
    let whole = counts.into_iter().filter(|(_, count)| *count >= FEWEST);
    let sigma = |(others, count): (f32, u32)| {
        // None of so many may be half of one.
        let share = others.max(0.5) / count as f32;
        0.5 * step / beyond(share)
    };
    whole.map(sigma).collect()
}

/// How many standard deviations from its mean a share of a Gaussian lies, to both sides.
fn beyond(share: f32) -> f32 {
    let (mut low, mut high) = (1e-3f32, 6.0f32);
    for _ in 0..24 {
        let middle = 0.5 * (low + high);
        match libm::erfcf(middle * std::f32::consts::FRAC_1_SQRT_2) > share {
            true => low = middle,
            false => high = middle,
        }
    }
    low
}

/// Sums over the blocks of each part of what `of` says of a block, by its number.
fn by_part(
    blocks: usize,
    wide: usize,
    of: impl Fn(usize) -> Option<(f32, u32)>,
) -> Vec<(f32, u32)> {
    let wide = wide.max(1);
    let across = wide.div_ceil(PART);
    let down = blocks.div_ceil(wide).div_ceil(PART);
    let mut sums = vec![(0.0f32, 0u32); across * down];
    for (at, (value, count)) in (0..blocks).filter_map(|at| Some((at, of(at)?))) {
        let part = at / wide / PART * across + at % wide / PART;
        sums[part].0 += value;
        sums[part].1 += count;
    }
    sums
}

/// E|Δk| q of each part that has enough coefficients.
fn parts(
    before: &[Option<[i16; 64]>],
    now: &[Option<[i16; 64]>],
    wide: usize,
    steps: &QuantSteps,
) -> Vec<f32> {
    let sums = by_part(before.len(), wide, |at| {
        let (before, now) = (before.get(at)?.as_ref()?, now.get(at)?.as_ref()?);
        let levels = before.iter().zip(now).zip(steps);
        let mut moved = (0.0, 0);
        for ((before, now), step) in levels.filter(|((k, _), _)| k.unsigned_abs() > 1) {
            let edges = (i32::from(*now) - i32::from(*before)).unsigned_abs();
            moved.0 += f32::from(*step) * edges as f32;
            moved.1 += 1;
        }
        Some(moved)
    });
    let enough = sums.into_iter().filter(|(_, count)| *count >= FEWEST);
    enough.map(|(sum, count)| sum / count as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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

    /// Coefficients of a still scene under noise `sigma`, quantised by `steps`.
    fn frame(seed: u64, sigma: f64, steps: &QuantSteps) -> Vec<Option<[i16; 64]>> {
        let block = |b: u64| {
            let level = |i: usize| {
                let c = 300.0 * (uniform(b * 64 + i as u64) - 0.5) / (1.0 + i as f64 / 4.0);
                let noisy = c + sigma * gaussian(seed * 1_000_003 + b * 64 + i as u64);
                (noisy / f64::from(steps[i])).round() as i16
            };
            Some(std::array::from_fn(level))
        };
        (0..30 * 20).map(block).collect()
    }

    /// Within 15 %, for noise far below, at and above the steps. Coefficients chosen for their
    /// level are there by their noise a little more often, which makes 12 % in the worst case.
    #[test]
    fn noise_is_told_whatever_the_step() {
        for (sigma, step) in [(1.0, 12), (3.0, 10), (6.0, 4)] {
            let steps = [step; 64];
            let (a, b) = (frame(1, sigma, &steps), frame(2, sigma, &steps));
            let mut noise = Noise::default();
            noise.add(&a, &b, 30, &steps);
            let found = f64::from(noise.sigma());
            assert!(
                (found / sigma - 1.0).abs() < 0.15,
                "{sigma} {step}: {found}"
            );
        }
    }

    /// A third of the picture is another; what is still gives the median.
    #[test]
    fn what_moves_is_not_noise() {
        let steps = [10; 64];
        let (a, mut b) = (frame(1, 2.0, &steps), frame(2, 2.0, &steps));
        for block in b.iter_mut().take(200) {
            *block = Some([9; 64]);
        }
        let mut noise = Noise::default();
        noise.add(&a, &b, 30, &steps);
        assert!((noise.sigma() / 2.0 - 1.0).abs() < 0.2, "{}", noise.sigma());
    }

    #[test]
    fn a_still_picture_has_the_least() {
        let steps = [10; 64];
        let a = frame(1, 2.0, &steps);
        let mut noise = Noise::default();
        noise.add(&a, &a, 30, &steps);
        assert_eq!(noise.sigma(), LEAST);
    }
}
