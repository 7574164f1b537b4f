//! One picture's walk by the published sampler: read from a fixture, or recorded here.

use ddrmjpeg::contract::{Control, Denoiser, NoiseSource};
use ddrmjpeg::frame::Picture;
use ddrmjpeg::jpeg::grid::published_operator::PublishedMeasurement;
use ddrmjpeg::sampler::Problem;
use ddrmjpeg::sampler::noise::Field;
use ddrmjpeg::sampler::plan::PublishedSettings;
use ddrmjpeg::sampler::published::{Walk, step_list};
use ddrmjpeg::sampler::schedule;
use serde_json::Value;

use super::golden::Fixture;

pub struct Recording {
    pub settings: PublishedSettings,
    pub quality: u8,
    pub x_true: Picture,
    /// decode(encode(x_true)).
    pub y0: Picture,
    /// The start's noise, then that of each step.
    pub noise: Vec<Picture>,
    /// The state at the start, then after each step.
    pub xs: Vec<Picture>,
    /// The network's estimate in each step.
    pub x0s: Vec<Picture>,
}

/// Recorded noise, draw by draw.
pub struct Drawn<'a>(&'a [Picture]);

impl NoiseSource for Drawn<'_> {
    fn fill(&mut self, draw: u64, out: &mut Picture) {
        out.data.clone_from(&self.0[draw as usize].data);
    }
}

impl Recording {
    /// Every picture of `fixture`.
    pub fn all(fixture: &Fixture) -> Vec<Self> {
        let settings = settings(fixture);
        assert_eq!(fixture.metadata("clip"), Value::from("none"));
        let mut seq: Vec<usize> = serde_json::from_value(fixture.metadata("seq")).unwrap();
        seq.reverse();
        assert_eq!(step_list(settings.timesteps, settings.init_timestep), seq);
        let (pictures, decoded) = (fixture.pictures("x0"), fixture.pictures("y0"));
        let pairs = pictures.into_iter().zip(decoded).enumerate();
        let one = |(i, (x_true, y0))| Self {
            settings: settings.clone(),
            quality: fixture.metadata("qf").as_u64().unwrap() as u8,
            x_true,
            y0,
            noise: track(fixture, "noise", i),
            xs: track(fixture, "xs", i),
            x0s: track(fixture, "x0_preds", i),
        };
        let all: Vec<Self> = pairs.map(one).collect();
        for one in &all {
            let steps = seq.len();
            assert_eq!([one.noise.len(), one.xs.len()], [steps + 1; 2]);
            assert_eq!(one.x0s.len(), steps);
        }
        all
    }

    /// The same picture walked by `denoiser`, with the noise of `seed`.
    pub fn anew(&self, denoiser: &dyn Denoiser, seed: u64) -> Self {
        let measurement = PublishedMeasurement::of(&self.x_true, self.quality).unwrap();
        let problem = Problem {
            denoiser,
            measurement: &measurement,
            hint: &measurement.hint(),
            control: Control::default(),
        };
        let field = || Field::new(seed, 0);
        let mut walk = Walk::start(&problem, &self.settings, field());
        let (mut xs, mut x0s) = (vec![walk.state().clone()], Vec::new());
        while let Some(x0) = walk.step().unwrap() {
            x0s.push(x0);
            xs.push(walk.state().clone());
        }
        let mut noise = vec![self.x_true.clone(); xs.len()];
        for (draw, out) in noise.iter_mut().enumerate() {
            field().fill(draw as u64, out);
        }
        Self {
            settings: self.settings.clone(),
            quality: self.quality,
            x_true: self.x_true.clone(),
            y0: measurement.decoded().clone(),
            noise,
            xs,
            x0s,
        }
    }

    pub fn draws(&self) -> Drawn<'_> {
        Drawn(&self.noise)
    }

    /// ᾱ before and after step `k`.
    pub fn levels(&self, k: usize) -> (f64, f64) {
        let alpha_bar = schedule::published_alpha_bar();
        let timesteps = step_list(self.settings.timesteps, self.settings.init_timestep);
        let next = timesteps.get(k + 1).map_or(1.0, |&t| alpha_bar[t]);
        (alpha_bar[timesteps[k]], next)
    }
}

fn settings(fixture: &Fixture) -> PublishedSettings {
    let number = |key: &str| fixture.metadata(key).as_f64().unwrap();
    PublishedSettings {
        timesteps: number("timesteps") as usize,
        init_timestep: number("init_timestep") as usize,
        eta: number("eta"),
        eta_b: number("eta_b"),
        samples: 1,
    }
}

/// Picture `i` of each of the batches in `name`, `[steps, batch, 3, H, W]`.
fn track(fixture: &Fixture, name: &str, i: usize) -> Vec<Picture> {
    let batch = fixture.floats(name).0[1];
    let pictures = fixture.pictures(name).into_iter();
    pictures.skip(i).step_by(batch).collect()
}
