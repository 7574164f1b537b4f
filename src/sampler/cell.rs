//! The cell sampler: every estimate is moved into the cells of the file before it is used, as the
//! mean of a Gaussian around it truncated to the cell.
//!
//! Compared with the published step this halves the coefficient error of a good estimate, because
//! it never jumps and uses the position of the estimate in the cell.

pub use crate::contract::ONE_CALL_SIGMA;
use crate::contract::{NoiseSource, Spread, Trust};
use crate::error::Result;
use crate::frame::Picture;
use crate::sampler::plan::{CellSettings, Start};
use crate::sampler::schedule;
use crate::sampler::{Problem, Warm};

/// One call of a network that supports it, at [`ONE_CALL_SIGMA`], moved into the cells with
/// [`Trust::Judged`]. `calls` is the number of calls of the whole plan, for the progress report.
pub fn one_call(problem: &Problem<'_>, calls: usize) -> Result<Picture> {
    problem.control.step(0, calls)?;
    // The identity returns its input, so it gets the decoded picture, which is the best estimate
    // available.
    let start = &problem.hint.decoded;
    let mut x0 = problem
        .denoiser
        .denoise(start, ONE_CALL_SIGMA, Some(problem.hint))?;
    problem.measurement.project(&mut x0, Trust::Judged);
    problem.control.step(1, calls)?;
    Ok(x0)
}

/// The mean of `settings.samples` draws, all started from the same picture, mixed with
/// `1 - settings.share` of that picture. `warm` is used if the settings say how.
pub fn mean_of_draws<N: NoiseSource>(
    problem: &Problem<'_>,
    settings: &CellSettings,
    warm: Option<&Warm<'_>>,
    noise_of: impl Fn(usize) -> N,
) -> Result<Picture> {
    let walk = Walk::new(problem, settings, warm);
    let start = walk.start()?;
    let mut mean = start.clone();
    let rest = 1.0 - settings.share as f32;
    mean.data.iter_mut().for_each(|value| *value *= rest);
    let weight = settings.share as f32 / settings.samples as f32;
    for sample in 0..settings.samples {
        let x0 = walk.draw(&start, sample, &mut noise_of(sample))?;
        for (sum, value) in mean.data.iter_mut().zip(&x0.data) {
            *sum += weight * value;
        }
    }
    problem.measurement.project(&mut mean, Trust::Clamp);
    Ok(mean)
}

/// What all draws have in common.
struct Walk<'a> {
    problem: &'a Problem<'a>,
    settings: &'a CellSettings,
    /// With the noise level at which its warm parts start.
    warm: Option<(&'a Warm<'a>, f64)>,
    /// Noise levels, downwards.
    grid: Vec<f64>,
    /// Index of the first level that is used.
    first: usize,
    /// Network calls of the whole plan, for the progress report.
    calls: usize,
}

impl<'a> Walk<'a> {
    fn new(
        problem: &'a Problem<'a>,
        settings: &'a CellSettings,
        warm: Option<&'a Warm<'a>>,
    ) -> Self {
        let grid = schedule::karras(settings.start_sigma, settings.end_sigma, settings.steps);
        // Warm parts need a step at or below their level.
        let reaches = |&(_, level): &(_, f64)| grid.last().is_some_and(|&sigma| sigma <= level);
        let warm = warm.zip(settings.warm_sigma).filter(reaches);
        let first = match warm {
            Some((warm, level)) if warm.cold.is_empty() => {
                grid.iter().filter(|&&sigma| sigma > level).count()
            }
            _ => 0,
        };
        let asks_first = first == 0 && settings.start == Start::OneCall;
        Self {
            calls: usize::from(asks_first) + settings.samples * (grid.len() - first),
            problem,
            settings,
            warm,
            grid,
            first,
        }
    }

    /// The picture from which every draw starts, before noise is added.
    fn start(&self) -> Result<Picture> {
        if let (Some((warm, _)), 1..) = (self.warm, self.first) {
            return Ok(warm.picture.clone());
        }
        let start = match self.settings.start {
            Start::OneCall => one_call(self.problem, self.calls)?,
            Start::Decoded => self.problem.hint.decoded.clone(),
        };
        Ok(match self.warm {
            Some((warm, _)) => warm.held(&start),
            None => start,
        })
    }

    /// One draw: from `start` + σ₀ z down a Karras grid of noise levels.
    ///
    /// Per step: x0 = D(x, σ); x0' = E[N(x0, r(σ, u, v)²) truncated to the cells];
    /// e = (x − x0') / σ; x ← x0' + σ_next (c1 z + c2 e), c1² + c2² = 1.
    fn draw(&self, start: &Picture, sample: usize, noise: &mut dyn NoiseSource) -> Result<Picture> {
        let levels = &self.grid[self.first..];
        let done = self.calls - (self.settings.samples - sample) * levels.len();
        let (c1, c2) = self.shares();
        let mut z = self.first_noise(start, noise);
        let mut x = start.clone();
        add_scaled(&mut x, levels[0] as f32, &z);
        let mut x0 = start.clone();
        for (i, &sigma) in levels.iter().enumerate() {
            x0 = self.estimate(&x, sigma)?;
            self.problem.control.step(done + i + 1, self.calls)?;
            let Some(&next) = levels.get(i + 1) else {
                break;
            };
            noise.fill((self.first + i) as u64 + 1, &mut z);
            let (fresh, kept) = ((next * c1) as f32, (next * c2 / sigma) as f32);
            for ((x, &x0), &z) in x.data.iter_mut().zip(&x0.data).zip(&z.data) {
                *x = x0 + fresh * z + kept * (*x - x0);
            }
        }
        Ok(x0)
    }

    /// (c1, c2): shares of fresh noise and of the noise of the last step.
    fn shares(&self) -> (f64, f64) {
        let c1 = self.settings.fresh;
        (c1, (1.0 - c1.powi(2)).max(0.0).sqrt())
    }

    /// The noise at the first level that is used: that of a draw from the top, if its estimates had
    /// no error.
    fn first_noise(&self, like: &Picture, noise: &mut dyn NoiseSource) -> Picture {
        let (c1, c2) = self.shares();
        let mut z = like.clone();
        noise.fill(0, &mut z);
        for draw in 1..=self.first as u64 {
            let mut fresh = like.clone();
            noise.fill(draw, &mut fresh);
            for (z, fresh) in z.data.iter_mut().zip(&fresh.data) {
                *z = c1 as f32 * fresh + c2 as f32 * *z;
            }
        }
        z
    }

    /// x0' at `sigma`. Above the level at which warm parts start, they do not change.
    fn estimate(&self, x: &Picture, sigma: f64) -> Result<Picture> {
        let above = |&(_, level): &(_, f64)| sigma > level;
        let held = self.warm.filter(above).map(|(warm, _)| warm);
        let denoiser = held.map_or(self.problem.denoiser, |warm| warm.denoiser);
        let mut x0 = denoiser.denoise(x, sigma, Some(self.problem.hint))?;
        let spread = spread(self.problem, self.settings, sigma);
        let measurement = self.problem.measurement;
        measurement.project(&mut x0, Trust::Mean(&spread));
        Ok(match held {
            Some(warm) => warm.held(&x0),
            None => x0,
        })
    }
}

/// r(σ, u, v): the prior's own, if it was measured and the settings use it.
fn spread(problem: &Problem<'_>, settings: &CellSettings, sigma: f64) -> Spread {
    let measured = settings.calibrated.and_then(|factor| {
        let spread = problem.denoiser.facts().spread(sigma, Some(problem.hint))?;
        Some(spread.times(factor))
    });
    measured.unwrap_or_else(|| Spread::white(settings.spread * sigma))
}

fn add_scaled(x: &mut Picture, scale: f32, z: &Picture) {
    for (x, z) in x.data.iter_mut().zip(&z.data) {
        *x += scale * z;
    }
}

#[cfg(test)]
#[path = "cell_tests.rs"]
mod cell_tests;
