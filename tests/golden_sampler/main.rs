//! The published sampler against trajectories computed once by the published Python code.
//!
//! Each step is taken from the recorded state before it, and must lead to the recorded state after
//! it, to a rounding: so it holds for trajectories of any seed. A whole walk carries a flip at a
//! tie on; it is compared as far as there is none.

#![cfg(feature = "torch")]

#[path = "../golden/mod.rs"]
mod golden;
mod recording;
mod ties;

use ddrmjpeg::contract::{Control, Denoiser, Hint, ModelFacts, Reach};
use ddrmjpeg::error::Error;
use ddrmjpeg::frame::Picture;
use ddrmjpeg::jpeg::grid::published_operator::{PublishedJpeg, PublishedMeasurement};
use ddrmjpeg::model::adm::AdmUNet;
use ddrmjpeg::model::ddpm::DdpmUNet;
use ddrmjpeg::model::published::epsilon::{EpsilonDenoiser, EpsilonNetwork, EpsilonParts};
use ddrmjpeg::model::published::timesteps::Timesteps;
use ddrmjpeg::runtime::tensors::load::Loader;
use ddrmjpeg::sampler::Problem;
use ddrmjpeg::sampler::published;
use ddrmjpeg::sampler::published::Walk;
use ddrmjpeg::sampler::schedule;
use golden::Fixture;
use recording::Recording;
use tch::{Device, Kind};
use ties::{Count, Pair, alike, compare};

/// What a whole walk may be off while no level flipped: each step adds a rounding.
const WHOLE: f64 = 1e-4;

/// How many seeds are tried.
const SEEDS: u64 = 6;

fn load<T>(fixture: &Fixture, build: impl FnOnce(&mut Loader) -> Result<T, Error>) -> T {
    let mut loader = Loader::new(fixture, Device::Cpu, Kind::Float);
    let network = build(&mut loader).unwrap();
    loader.finish().unwrap();
    network
}

/// The network of the file `name`, of whichever family its metadata say.
fn network(name: &str) -> Box<dyn EpsilonNetwork> {
    let fixture = Fixture::open(name);
    let mut config = fixture.metadata("config");
    match config.as_object_mut().unwrap().remove("type") {
        Some(_) => {
            let config = serde_json::from_value(config).unwrap();
            Box::new(load(&fixture, |loader| DdpmUNet::load(&config, loader)))
        }
        None => {
            let config = serde_json::from_value(config).unwrap();
            Box::new(load(&fixture, |loader| AdmUNet::load(&config, loader)))
        }
    }
}

fn denoiser(name: &str) -> EpsilonDenoiser {
    EpsilonDenoiser::new(EpsilonParts {
        network: network(name),
        guidance: None,
        class: None,
        timesteps: Timesteps::new(&schedule::published_alpha_bar()).unwrap(),
        device: Device::Cpu,
    })
    .unwrap()
}

/// What a recording is compared with: the same problem, here.
struct Here<'a> {
    recording: &'a Recording,
    denoiser: &'a dyn Denoiser,
    operator: PublishedJpeg,
    measurement: PublishedMeasurement,
    hint: Hint,
}

impl<'a> Here<'a> {
    /// The recorded y0 is what is measured: a flip in it is no matter of the walk.
    fn new(recording: &'a Recording, denoiser: &'a dyn Denoiser) -> Self {
        let measurement = PublishedMeasurement::of(&recording.y0, recording.quality).unwrap();
        Self {
            recording,
            denoiser,
            operator: PublishedJpeg::new(recording.quality),
            hint: measurement.hint(),
            measurement,
        }
    }

    fn problem(&self) -> Problem<'_> {
        Problem {
            denoiser: self.denoiser,
            measurement: &self.measurement,
            hint: &self.hint,
            control: Control::default(),
        }
    }

    /// y0 from the picture, and again from itself.
    fn measured(&self) -> Result<Count, String> {
        let Recording { x_true, y0, .. } = self.recording;
        let own = PublishedMeasurement::of(x_true, self.recording.quality).unwrap();
        alike(&self.measurement.decoded().data, &y0.data)?;
        let pair = Pair {
            ours: own.decoded(),
            recorded: y0,
            estimate: x_true,
            weight: 1.0,
        };
        compare(&self.operator, &pair)
    }

    /// Step `k`, from the recorded state before it.
    fn step(&self, k: usize) -> Result<Count, String> {
        let Recording { xs, x0s, .. } = self.recording;
        let (levels, settings) = (self.recording.levels(k), &self.recording.settings);
        let z = &self.recording.noise[k + 1];
        let stepped = published::step(&self.problem(), settings, &xs[k], z, levels).unwrap();
        alike(&stepped.x0.data, &x0s[k].data)?;
        let pair = Pair {
            ours: &stepped.x,
            recorded: &xs[k + 1],
            estimate: &x0s[k],
            weight: -(levels.1.sqrt() * settings.eta_b) as f32,
        };
        compare(&self.operator, &pair)
    }

    /// Every step by itself; the flips in each.
    fn steps(&self) -> Result<Vec<Count>, String> {
        let at = |k: usize| move |e| format!("step {k}: {e}");
        (0..self.recording.x0s.len())
            .map(|k| self.step(k).map_err(at(k)))
            .collect()
    }

    /// The walk as a whole, up to the first of the `steps` in which a level flipped or the
    /// estimates round to other levels; how many steps that are.
    fn walk(&self, steps: &[Count]) -> Result<usize, String> {
        let Recording { xs, x0s, .. } = self.recording;
        let (problem, noise) = (self.problem(), self.recording.draws());
        let mut walk = Walk::start(&problem, &self.recording.settings, noise);
        alike(&walk.state().data, &xs[0].data).map_err(|e| format!("start: {e}"))?;
        for (k, count) in steps.iter().enumerate() {
            let x0 = walk.step().unwrap().ok_or("the walk ended early")?;
            let levels = [&x0, &x0s[k]].map(|x0| self.operator.encode(x0).unwrap());
            if count.flips > 0 || levels[0] != levels[1] {
                return Ok(k);
            }
            let distance = golden::relative_l2(&walk.state().data, &xs[k + 1].data);
            if distance.is_nan() || distance > WHOLE {
                return Err(format!("state {k} of the walk: {distance:e}"));
            }
        }
        match walk.step().unwrap() {
            None => Ok(steps.len()),
            Some(_) => Err("the walk goes on".into()),
        }
    }
}

/// Compares one recorded picture; its count, and the steps in which the whole walk kept to it.
fn compared(recording: &Recording, denoiser: &dyn Denoiser) -> Result<(Count, usize), String> {
    let here = Here::new(recording, denoiser);
    let mut sum = here.measured().map_err(|e| format!("y0: {e}"))?;
    let steps = here.steps()?;
    steps.iter().for_each(|&count| sum.add(count));
    Ok((sum, here.walk(&steps)?))
}

/// Compares every picture of a fixture.
fn check(name: &str) {
    let fixture = Fixture::open(name);
    let denoiser = denoiser(fixture.metadata("model").as_str().unwrap());
    let mut sum = Count::default();
    for (i, recording) in Recording::all(&fixture).iter().enumerate() {
        let found = compared(recording, &denoiser);
        let (count, kept) = found.unwrap_or_else(|e| panic!("{name}, picture {i}: {e}"));
        println!("{name} {i}: {count:?}, {kept} steps of the walk");
        sum.add(count);
    }
    sum.check().unwrap_or_else(|e| panic!("{name}: {e}"));
}

#[test]
fn adm_with_the_defaults() {
    check("sampler__adm_legacy_attention__default");
}

#[test]
fn adm_with_little_fresh_noise() {
    check("sampler__adm_legacy_attention__eta");
}

#[test]
fn ddpm_with_the_defaults() {
    check("sampler__ddpm__default");
}

#[test]
fn ddpm_with_steps_that_do_not_divide_evenly() {
    check("sampler__ddpm__uneven");
}

/// A network that rounds otherwise: each number of its answer is off by up to `relative` of the
/// answer's root mean square.
struct Off<'a> {
    of: &'a dyn Denoiser,
    relative: f64,
}

impl Denoiser for Off<'_> {
    fn denoise(&self, x: &Picture, sigma: f64, hint: Option<&Hint>) -> Result<Picture, Error> {
        let mut answer = self.of.denoise(x, sigma, hint)?;
        let square: f64 = answer.data.iter().map(|&x| f64::from(x).powi(2)).sum();
        let length = self.relative * (square / answer.data.len() as f64).sqrt();
        for (i, value) in answer.data.iter_mut().enumerate() {
            // Any sequence without a pattern.
            let turn = (7919.0 * (i as f64 + sigma)).sin();
            *value += (length * turn) as f32;
        }
        Ok(answer)
    }

    fn reach(&self) -> Reach {
        self.of.reach()
    }

    fn facts(&self) -> &ModelFacts {
        self.of.facts()
    }
}

/// Walks of other seeds, recorded by a network that rounds otherwise, as another program's does.
#[test]
fn trajectories_of_any_seed_are_followed() {
    for name in [
        "sampler__adm_legacy_attention__eta",
        "sampler__ddpm__uneven",
    ] {
        let fixture = Fixture::open(name);
        let denoiser = denoiser(fixture.metadata("model").as_str().unwrap());
        let off = Off {
            of: &denoiser,
            relative: 2e-6,
        };
        let like = &Recording::all(&fixture)[0];
        for seed in 0..SEEDS {
            let mut sum = Count::default();
            for picture in 0..2 {
                let recording = like.anew(&off, 2 * seed + picture);
                let (count, kept) = compared(&recording, &denoiser).unwrap();
                println!("{name}, seed {seed}: {count:?}, {kept} steps of the walk");
                sum.add(count);
            }
            sum.check()
                .unwrap_or_else(|e| panic!("{name}, seed {seed}: {e}"));
        }
    }
}

/// Steps that are not the published ones, if only by little, are refused.
#[test]
fn other_steps_are_refused() {
    let fixture = Fixture::open("sampler__ddpm__uneven");
    let denoiser = denoiser(fixture.metadata("model").as_str().unwrap());
    let refused =
        |recording: &Recording, denoiser: &dyn Denoiser| compared(recording, denoiser).unwrap_err();
    let recorded = || Recording::all(&fixture).remove(0);
    let mut other = recorded();
    other.settings.eta += 1e-3;
    assert!(refused(&other, &denoiser).starts_with("step 0"));
    let mut other = recorded();
    other.settings.eta_b -= 1e-3;
    assert!(refused(&other, &denoiser).starts_with("step 0"));
    let mut other = recorded();
    other.noise.swap(3, 4);
    assert!(refused(&other, &denoiser).starts_with("step 2"));
    let mut other = recorded();
    other.noise.swap(0, 1);
    other.noise[1] = recorded().noise.swap_remove(1);
    assert!(refused(&other, &denoiser).starts_with("start"));
    let off = Off {
        of: &denoiser,
        relative: 1e-4,
    };
    assert!(refused(&recorded(), &off).starts_with("step 0"));
}
