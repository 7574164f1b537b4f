//! The cell sampler: every estimate is brought into the cells of the file before it is
//! used, as the mean of a Gaussian around it truncated to the cell.
//!
//! FACTS: against the published step this halves the coefficient error of a good estimate,
//! because it never jumps and uses where in the cell the estimate lies.

use super::Problem;
use super::plan::{CellSettings, Plan, Start};
use super::schedule;
pub use crate::contract::ONE_CALL_SIGMA;
use crate::contract::{NoiseSource, Spread, Trust};
use crate::error::Result;
use crate::frame::Picture;

/// One call of a network that has the ability, at [`ONE_CALL_SIGMA`], brought into the cells and
/// trusted as far as it deserves ([`Trust::Judged`]). `calls` is the number of calls that the whole plan makes, for the progress report.
pub fn one_call(problem: &Problem<'_>, calls: usize) -> Result<Picture> {
    problem.control.step(0, calls)?;
    // The identity returns what it is given: the decoded picture, the best guess there is.
    let start = &problem.hint.decoded;
    let mut x0 = problem
        .denoiser
        .denoise(start, ONE_CALL_SIGMA, Some(problem.hint))?;
    problem.measurement.project(&mut x0, Trust::Judged);
    problem.control.step(1, calls)?;
    Ok(x0)
}

/// The mean of `settings.samples` draws, each begun from the same picture, of which
/// `1 - settings.share` stays.
pub fn mean_of_draws<N: NoiseSource>(
    problem: &Problem<'_>,
    settings: &CellSettings,
    noise_of: impl Fn(usize) -> N,
) -> Result<Picture> {
    let calls = Plan::Cell(settings.clone()).calls();
    let start = match settings.start {
        Start::OneCall => one_call(problem, calls)?,
        Start::Decoded => problem.hint.decoded.clone(),
    };
    let mut mean = start.clone();
    let rest = 1.0 - settings.share as f32;
    mean.data.iter_mut().for_each(|value| *value *= rest);
    let weight = settings.share as f32 / settings.samples as f32;
    for sample in 0..settings.samples {
        let done = calls - (settings.samples - sample) * settings.steps;
        let x0 = draw(
            problem,
            settings,
            &start,
            &mut noise_of(sample),
            (done, calls),
        )?;
        for (sum, value) in mean.data.iter_mut().zip(&x0.data) {
            *sum += weight * value;
        }
    }
    problem.measurement.project(&mut mean, Trust::Clamp);
    Ok(mean)
}

/// One draw: from `start` + σ₀ z down a Karras grid.
///
/// Per step: x0 = D(x, σ); x0' = E[N(x0, r(σ, u, v)²) truncated to the cells]; e = (x − x0') / σ;
/// x ← x0' + σ_next (c1 z + c2 e), c1² + c2² = 1.
fn draw(
    problem: &Problem<'_>,
    settings: &CellSettings,
    start: &Picture,
    noise: &mut dyn NoiseSource,
    (done, calls): (usize, usize),
) -> Result<Picture> {
    let grid = schedule::karras(settings.start_sigma, settings.end_sigma, settings.steps);
    let (c1, c2) = (
        settings.fresh,
        (1.0 - settings.fresh.powi(2)).max(0.0).sqrt(),
    );
    let mut z = start.clone();
    noise.fill(0, &mut z);
    let mut x = start.clone();
    add_scaled(&mut x, settings.start_sigma as f32, &z);
    let mut x0 = start.clone();
    for (i, &sigma) in grid.iter().enumerate() {
        x0 = problem.denoiser.denoise(&x, sigma, Some(problem.hint))?;
        let spread = spread(problem, settings, sigma);
        problem.measurement.project(&mut x0, Trust::Mean(&spread));
        problem.control.step(done + i + 1, calls)?;
        let Some(&next) = grid.get(i + 1) else { break };
        noise.fill(i as u64 + 1, &mut z);
        let (fresh, kept) = ((next * c1) as f32, (next * c2 / sigma) as f32);
        for ((x, &x0), &z) in x.data.iter_mut().zip(&x0.data).zip(&z.data) {
            *x = x0 + fresh * z + kept * (*x - x0);
        }
    }
    Ok(x0)
}

/// r(σ, u, v): the prior's own, where it was measured and is asked for.
fn spread(problem: &Problem<'_>, settings: &CellSettings, sigma: f64) -> Spread {
    let measured = settings.calibrated.and_then(|factor| {
        let spread = problem.denoiser.spread(sigma, Some(problem.hint))?;
        Some(spread.times(factor))
    });
    measured.unwrap_or_else(|| Spread::white(settings.spread * sigma))
}

fn add_scaled(x: &mut Picture, scale: f32, z: &Picture) {
    for (x, z) in x.data.iter_mut().zip(&z.data) {
        *x += scale * z;
    }
}
