//! Maps noise levels to timesteps: the discrete schedule that an ε-network was trained on.
//!
//! A network with timesteps 0..T was trained on x_t = √ᾱ_t·x0 + √(1-ᾱ_t)·n, which is √ᾱ_t·(x0 +
//! σ_t·n) with σ_t = √((1-ᾱ_t)/ᾱ_t). No torch; the schedules come from the sampler.

use crate::error::{Error, Result};

/// The noise levels of a discrete schedule, by timestep.
#[derive(Clone, Debug, PartialEq)]
pub struct Timesteps {
    /// ᾱ_t, falling.
    alpha_bar: Vec<f64>,
    /// ln σ_t, ascending; the last may be infinite.
    log_sigmas: Vec<f64>,
}

impl Timesteps {
    /// `alpha_bar[t]` for t = 0.., strictly falling, each in `(0, 1)`; the last may be 0, as in
    /// the schedule `jsd`.
    ///
    /// # Errors
    /// [`Error::Options`] for any other table.
    pub fn new(alpha_bar: &[f64]) -> Result<Self> {
        if alpha_bar.is_empty() {
            return Err(Error::options("a schedule of 0 timesteps".into()));
        }
        let last = alpha_bar.len() - 1;
        let mut before = 1.0;
        for (t, &a) in alpha_bar.iter().enumerate() {
            let falls = a < before && (a > 0.0 || (a == 0.0 && t == last));
            if !falls {
                return Err(Error::options(format!(
                    "alpha_bar {a} at timestep {t} is not between 0 and {before}, its forerunner"
                )));
            }
            before = a;
        }
        let log_sigmas = alpha_bar.iter().map(|a| 0.5 * ((1.0 - a) / a).ln());
        Ok(Self {
            alpha_bar: alpha_bar.to_vec(),
            log_sigmas: log_sigmas.collect(),
        })
    }

    /// The timestep whose noise level is nearest to `sigma` on a logarithmic scale; exact for the
    /// schedule's own levels. 0 for `sigma` 0, the last one if `sigma` is larger than all.
    ///
    /// # Errors
    /// [`Error::Options`] if `sigma` is negative or NaN.
    pub fn nearest(&self, sigma: f64) -> Result<usize> {
        if sigma.is_nan() || sigma < 0.0 {
            return Err(Error::options(format!("sigma {sigma} is not 0 or more")));
        }
        let wanted = sigma.ln();
        let above = self.log_sigmas.partition_point(|&s| s < wanted);
        if above == 0 {
            return Ok(0);
        }
        let Some(&upper) = self.log_sigmas.get(above) else {
            return Ok(above - 1);
        };
        let lower = self.log_sigmas[above - 1];
        Ok(if wanted - lower < upper - wanted {
            above - 1
        } else {
            above
        })
    }

    /// ᾱ by timestep.
    pub fn alpha_bar(&self) -> &[f64] {
        &self.alpha_bar
    }

    /// The noise level of timestep `t`; `None` past the end.
    pub fn sigma(&self, t: usize) -> Option<f64> {
        self.log_sigmas.get(t).map(|s| s.exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published schedule: betas from 1e-4 to 0.02 in a thousand equal steps.
    fn linear() -> Vec<f64> {
        let beta = |t: usize| 1e-4 + (0.02 - 1e-4) * t as f64 / 999.0;
        (0..1000)
            .scan(1.0, |a, t| {
                *a *= 1.0 - beta(t);
                Some(*a)
            })
            .collect()
    }

    #[test]
    fn levels_of_the_schedule_give_their_own_timestep() {
        let alpha_bar = linear();
        let steps = Timesteps::new(&alpha_bar).unwrap();
        for (t, a) in alpha_bar.iter().enumerate() {
            let sigma = ((1.0 - a) / a).sqrt();
            assert_eq!(steps.nearest(sigma).unwrap(), t);
            // Also after a conversion through f32.
            assert_eq!(steps.nearest(f64::from(sigma as f32)).unwrap(), t);
            assert!((steps.sigma(t).unwrap() / sigma - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn other_levels_go_to_the_nearest_in_the_logarithm() {
        let steps = Timesteps::new(&[0.5, 0.2, 0.0588235294117647]).unwrap();
        // σ: 1, 2, 4; the borders are at √2 and √8.
        let expected = [
            (0.0, 0),
            (0.01, 0),
            (1.41, 0),
            (1.42, 1),
            (2.82, 1),
            (2.84, 2),
            (99.0, 2),
        ];
        for (sigma, t) in expected {
            assert_eq!(steps.nearest(sigma).unwrap(), t, "{sigma}");
        }
        assert!(steps.nearest(-1.0).is_err() && steps.nearest(f64::NAN).is_err());
    }

    #[test]
    fn a_schedule_may_end_in_pure_noise_and_nowhere_else() {
        let steps = Timesteps::new(&[0.5, 0.2, 0.0]).unwrap();
        assert_eq!(steps.nearest(1e9).unwrap(), 1);
        assert_eq!(steps.nearest(f64::INFINITY).unwrap(), 2);
        for wrong in [&[][..], &[1.0], &[0.5, 0.5], &[0.5, 0.0, 0.0], &[f64::NAN]] {
            assert!(Timesteps::new(wrong).is_err(), "{wrong:?}");
        }
    }
}
