//! Noise levels: the published β schedules with their ᾱ, and the Karras grid of σ.
//!
//! All in f64. Pictures are in `[-1, 1]`; σ is the variance-exploding level,
//! σ = √((1 − ᾱ) / ᾱ).

/// Shapes of the β schedule in the published configurations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BetaSchedule {
    /// β is linear.
    Linear,
    /// √β is linear.
    Quad,
    /// Always the end value.
    Const,
    /// 1/T, 1/(T−1), …, 1.
    Jsd,
    /// Logistic from −6 to 6.
    Sigmoid,
}

/// `steps` values of β from `start` to `end`.
pub fn betas(schedule: BetaSchedule, start: f64, end: f64, steps: usize) -> Vec<f64> {
    match schedule {
        BetaSchedule::Linear => linspace(start, end, steps),
        BetaSchedule::Quad => linspace(start.sqrt(), end.sqrt(), steps)
            .iter()
            .map(|root| root * root)
            .collect(),
        BetaSchedule::Const => vec![end; steps],
        BetaSchedule::Jsd => (0..steps).map(|i| 1.0 / (steps - i) as f64).collect(),
        BetaSchedule::Sigmoid => linspace(-6.0, 6.0, steps)
            .iter()
            .map(|t| start + (end - start) / (1.0 + (-t).exp()))
            .collect(),
    }
}

fn linspace(start: f64, end: f64, count: usize) -> Vec<f64> {
    let last = count.saturating_sub(1).max(1) as f64;
    (0..count)
        .map(|i| start + (end - start) * (i as f64 / last))
        .collect()
}

/// ᾱ_t = Π (1 − β_s) for s ≤ t; index 0 is t = 0. The caller handles ᾱ(−1) = 1.
///
/// Each factor is rounded to f32, as in the published program: with a constant β of 0.02 that
/// changes ᾱ by 1e-6 after 50 steps.
pub fn alpha_bar(betas: &[f64]) -> Vec<f64> {
    betas
        .iter()
        .scan(1.0, |product, &beta| {
            *product *= f64::from(1.0 - beta as f32);
            Some(*product)
        })
        .collect()
}

/// The ᾱ of nearly every published model: linear β, 1e-4 to 0.02, 1000 steps.
pub fn published_alpha_bar() -> Vec<f64> {
    alpha_bar(&betas(BetaSchedule::Linear, 1e-4, 0.02, 1000))
}

/// σ from ᾱ: the level of x / √ᾱ.
pub fn sigma_of(alpha_bar: f64) -> f64 {
    ((1.0 - alpha_bar) / alpha_bar).sqrt()
}

/// `steps` levels from `start` down to `end`, spaced evenly in σ^(1/7).
///
/// Source: Karras et al., arXiv 2206.00364, equation 5, ρ = 7.
pub fn karras(start: f64, end: f64, steps: usize) -> Vec<f64> {
    const RHO: f64 = 7.0;
    linspace(start.powf(1.0 / RHO), end.powf(1.0 / RHO), steps)
        .iter()
        .map(|root| root.powf(RHO))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * b.abs()
    }

    /// Values computed by hand from the definitions.
    #[test]
    fn betas_are_the_published_ones() {
        let linear = betas(BetaSchedule::Linear, 1e-4, 0.02, 1000);
        assert!(close(linear[0], 1e-4) && close(linear[999], 0.02));
        assert!(close(linear[500], 1e-4 + 0.0199 * 500.0 / 999.0));
        let quad = betas(BetaSchedule::Quad, 1e-4, 0.02, 3);
        assert!(close(quad[1], ((0.01 + 0.02f64.sqrt()) / 2.0).powi(2)));
        let jsd = betas(BetaSchedule::Jsd, 0.0, 0.0, 4);
        assert_eq!(jsd, [0.25, 1.0 / 3.0, 0.5, 1.0]);
        let sigmoid = betas(BetaSchedule::Sigmoid, 0.0, 1.0, 3);
        assert!(close(sigmoid[1], 0.5) && close(sigmoid[0], 1.0 / (1.0 + 6f64.exp())));
        assert_eq!(betas(BetaSchedule::Const, 1e-4, 0.02, 2), [0.02, 0.02]);
    }

    #[test]
    fn alpha_bar_is_the_running_product() {
        // Factors that f32 holds exactly, and one that it rounds.
        let bars = alpha_bar(&[0.25, 0.5, 0.02]);
        assert_eq!(bars[..2], [0.75, 0.375]);
        assert_eq!(bars[2], 0.375 * f64::from(1.0 - 0.02f32));
    }

    #[test]
    fn karras_has_its_ends_and_falls() {
        let grid = karras(0.4, 0.03, 5);
        assert!(close(grid[0], 0.4) && close(grid[4], 0.03));
        assert!(grid.windows(2).all(|pair| pair[0] > pair[1]));
        assert_eq!(karras(0.4, 0.03, 1).len(), 1);
    }
}
