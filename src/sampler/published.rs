//! The published sampler, exactly: DDRM-JPEG, arXiv 2209.11888.
//!
//! Its mixing of fresh and kept noise (wrong variance for 0 < η < 1) and its step list are
//! reproduced here and nowhere else.

use crate::contract::{NoiseSource, Trust};
use crate::error::Result;
use crate::frame::Picture;
use crate::sampler::Problem;
use crate::sampler::plan::PublishedSettings;
use crate::sampler::schedule;

/// The timesteps used, from noisy to clean: `range(0, init, init // timesteps)` backwards.
///
/// Steps do not always divide evenly: 300 in 7 gives 8. With more steps than timesteps there is one
/// step for each; the published program crashes then.
pub fn step_list(timesteps: usize, init_timestep: usize) -> Vec<usize> {
    let stride = (init_timestep / timesteps.max(1)).max(1);
    let mut list: Vec<usize> = (0..init_timestep).step_by(stride).collect();
    list.reverse();
    list
}

/// The mean of `settings.samples` samples, each clamped to `[-1, 1]` first.
pub fn mean_of_samples<N: NoiseSource>(
    problem: &Problem<'_>,
    settings: &PublishedSettings,
    noise_of: impl Fn(usize) -> N,
) -> Result<Picture> {
    let y = &problem.hint.decoded;
    let mut mean = Picture::new(y.channels, y.width, y.height);
    let weight = 1.0 / settings.samples.max(1) as f32;
    for sample in 0..settings.samples {
        let mut walk = Walk::start(problem, settings, noise_of(sample));
        let calls = walk.timesteps.len() * settings.samples;
        let before = walk.timesteps.len() * sample;
        problem.control.step(before, calls)?;
        while walk.step()?.is_some() {
            problem.control.step(before + walk.done, calls)?;
        }
        for (sum, value) in mean.data.iter_mut().zip(&walk.x.data) {
            *sum += weight * value.clamp(-1.0, 1.0);
        }
    }
    Ok(mean)
}

/// The steps from the decoded picture with noise to a sample.
///
/// It starts with draw 0 of the noise; each step uses the next.
pub struct Walk<'a, N> {
    problem: &'a Problem<'a>,
    settings: &'a PublishedSettings,
    noise: N,
    /// ᾱ by timestep, from the prior's own schedule or the published one.
    alpha_bar: Vec<f64>,
    timesteps: Vec<usize>,
    /// Steps taken.
    done: usize,
    x: Picture,
}

impl<'a, N: NoiseSource> Walk<'a, N> {
    /// x = √ᾱ_s y + √(1−ᾱ_s) z, where s is the first timestep.
    pub fn start(problem: &'a Problem<'a>, settings: &'a PublishedSettings, mut noise: N) -> Self {
        let own = problem.denoiser.facts().alpha_bar.as_deref();
        let alpha_bar = own.map_or_else(schedule::published_alpha_bar, <[f64]>::to_vec);
        let init_timestep = settings.init_timestep.min(alpha_bar.len());
        let timesteps = step_list(settings.timesteps, init_timestep);
        let first = timesteps.first().map_or(1.0, |&t| alpha_bar[t]);
        let mut x = problem.hint.decoded.clone();
        let mut z = x.clone();
        noise.fill(0, &mut z);
        blend(&mut x, first.sqrt(), &z, (1.0 - first).sqrt());
        Self {
            problem,
            settings,
            noise,
            alpha_bar,
            timesteps,
            done: 0,
            x,
        }
    }

    /// x_t including its noise; after the last step the sample, not clamped.
    pub fn state(&self) -> &Picture {
        &self.x
    }

    /// Takes one step. Returns the network's estimate of x0, before the measurement, or `None` at
    /// the end.
    ///
    /// # Errors
    /// Those of the denoiser.
    pub fn step(&mut self) -> Result<Option<Picture>> {
        let Some(&t) = self.timesteps.get(self.done) else {
            return Ok(None);
        };
        self.done += 1;
        let next = self.timesteps.get(self.done);
        let next = next.map_or(1.0, |&t| self.alpha_bar[t]);
        let mut z = self.x.clone();
        self.noise.fill(self.done as u64, &mut z);
        let levels = (self.alpha_bar[t], next);
        let stepped = step(self.problem, self.settings, &self.x, &z, levels)?;
        self.x = stepped.x;
        Ok(Some(stepped.x0))
    }
}

/// The result of one step.
pub struct Stepped {
    /// The network's estimate of x0, before the measurement.
    pub x0: Picture,
    /// The next state.
    pub x: Picture,
}

/// One reverse step, from the state `x` at ᾱ_t to ᾱ_next, with the fresh noise `z`:
///
/// x0 = (x − √(1−ᾱ_t) e) / √ᾱ_t; x0' = x0 − decode(encode(x0)) + y;
/// x ← √ᾱ_next (η_b x0' + (1−η_b) x0) + √(1−ᾱ_next) (η z + (1−η) e).
///
/// # Errors
/// Those of the denoiser.
pub fn step(
    problem: &Problem<'_>,
    settings: &PublishedSettings,
    x: &Picture,
    z: &Picture,
    (alpha_bar, next): (f64, f64),
) -> Result<Stepped> {
    let (signal, noise) = (alpha_bar.sqrt() as f32, (1.0 - alpha_bar).sqrt() as f32);
    let mut exploding = x.clone();
    for value in &mut exploding.data {
        *value /= signal;
    }
    let sigma = schedule::sigma_of(alpha_bar);
    let x0 = problem
        .denoiser
        .denoise(&exploding, sigma, Some(problem.hint))?;
    let mut corrected = x0.clone();
    problem.measurement.project(&mut corrected, Trust::Swap);

    let (eta, eta_b) = (settings.eta as f32, settings.eta_b as f32);
    let (to_signal, to_noise) = (next.sqrt() as f32, (1.0 - next).sqrt() as f32);
    let mut out = x.clone();
    for (i, value) in out.data.iter_mut().enumerate() {
        let e = (x.data[i] - signal * x0.data[i]) / noise;
        let clean = eta_b * corrected.data[i] + (1.0 - eta_b) * x0.data[i];
        *value = to_signal * clean + to_noise * (eta * z.data[i] + (1.0 - eta) * e);
    }
    Ok(Stepped { x0, x: out })
}

/// x ← a x + b z.
fn blend(x: &mut Picture, a: f64, z: &Picture, b: f64) {
    for (x, z) in x.data.iter_mut().zip(&z.data) {
        *x = a as f32 * *x + b as f32 * z;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Control, Denoiser, Hint, Measurement, ModelFacts, Reach};
    use crate::sampler::noise::Field;

    /// Returns one and a half times its input, so that its samples leave the range.
    struct Loud;

    impl Denoiser for Loud {
        fn denoise(&self, x: &Picture, _: f64, _: Option<&Hint>) -> Result<Picture> {
            let mut out = x.clone();
            out.data.iter_mut().for_each(|x| *x *= 1.5);
            Ok(out)
        }

        fn reach(&self) -> Reach {
            Reach::Window { side_px: 8 }
        }

        fn facts(&self) -> &ModelFacts {
            ModelFacts::unknown()
        }
    }

    /// A measurement that allows everything.
    struct Nothing;

    impl Measurement for Nothing {
        fn project(&self, _: &mut Picture, _: Trust<'_>) {}
    }

    /// The published program clamps each sample before it adds them up.
    #[test]
    fn samples_are_clamped_before_they_are_averaged() {
        let problem = Problem {
            denoiser: &Loud,
            measurement: &Nothing,
            hint: &Hint {
                decoded: Picture::new(3, 8, 8),
                luma: [1; 64],
                chroma: [1; 64],
                subsampling: (1, 1),
            },
            control: Control::default(),
        };
        let settings = PublishedSettings {
            timesteps: 4,
            samples: 2,
            ..PublishedSettings::default()
        };
        let field = |sample| Field::new(9, sample);
        let mean = mean_of_samples(&problem, &settings, field).unwrap();
        let walked = [0, 1].map(|sample| {
            let mut walk = Walk::start(&problem, &settings, field(sample));
            while walk.step().unwrap().is_some() {}
            walk.state().data.clone()
        });
        assert!(walked.concat().iter().any(|x| x.abs() > 1.0));
        for (i, value) in mean.data.iter().enumerate() {
            let [a, b] = [0, 1].map(|k: usize| walked[k][i].clamp(-1.0, 1.0));
            // Two products and a sum in f32.
            assert!((value - 0.5 * (a + b)).abs() < 1e-6);
        }
    }

    /// The counts of the published program.
    #[test]
    fn steps_are_the_published_ones() {
        assert_eq!(step_list(20, 300).first(), Some(&285));
        assert_eq!(step_list(20, 300).len(), 20);
        assert_eq!(step_list(7, 300).len(), 8);
        assert_eq!(step_list(13, 300).len(), 14);
        assert_eq!(step_list(200, 300).len(), 300);
    }

    #[test]
    fn more_steps_than_levels_give_one_of_each() {
        assert_eq!(step_list(400, 300).len(), 300);
        assert!(step_list(20, 0).is_empty());
    }
}
