//! The published sampler, guided: told a class, it ends nearer to that class than unguided.
//!
//! There is no published trajectory, since the published program takes the gradient at the
//! wrong point; networks and classifier are the golden ones.

#![cfg(feature = "torch")]

#[expect(dead_code, reason = "other tests read more of the files")]
mod golden;

use ddrmjpeg::contract::Control;
use ddrmjpeg::frame::Picture;
use ddrmjpeg::jpeg::grid::published_operator::PublishedMeasurement;
use ddrmjpeg::model::adm::{AdmUNet, Classifier, ClassifierConfig};
use ddrmjpeg::model::published::epsilon::{EpsilonDenoiser, EpsilonParts, Guidance};
use ddrmjpeg::model::published::timesteps::Timesteps;
use ddrmjpeg::runtime::pictures::to_tensor;
use ddrmjpeg::runtime::tensors::load::Loader;
use ddrmjpeg::sampler;
use ddrmjpeg::sampler::plan::{Plan, PublishedSettings};
use ddrmjpeg::sampler::{Problem, schedule};
use golden::Fixture;
use tch::{Device, Kind, Tensor};

/// The gradients of a classifier that was never trained are small: this makes its pull one of
/// some tenths of the noise.
const SCALE: f64 = 2000.0;

fn classifier() -> Classifier {
    let fixture = Fixture::open("net_adm_classifier");
    let mut config = fixture.metadata("config");
    let pool = config.as_object_mut().unwrap().remove("pool").unwrap();
    let config = ClassifierConfig {
        pool: serde_json::from_value(pool).unwrap(),
        encoder: serde_json::from_value(config).unwrap(),
    };
    Classifier::load(
        &config,
        &mut Loader::new(&fixture, Device::Cpu, Kind::Float),
    )
    .unwrap()
}

fn denoiser(scale: f64) -> EpsilonDenoiser {
    let fixture = Fixture::open("net_adm_class_cond");
    let config = serde_json::from_value(fixture.metadata("config")).unwrap();
    let mut loader = Loader::new(&fixture, Device::Cpu, Kind::Float);
    EpsilonDenoiser::new(EpsilonParts {
        network: Box::new(AdmUNet::load(&config, &mut loader).unwrap()),
        guidance: Some(Guidance {
            classifier: classifier(),
            scale,
        }),
        class: Some(0),
        timesteps: Timesteps::new(&schedule::published_alpha_bar()).unwrap(),
        device: Device::Cpu,
    })
    .unwrap()
}

/// A picture of the networks' size, measured at a quality that leaves room.
fn measurement() -> PublishedMeasurement {
    let fixture = Fixture::open("sampler__ddpm__default");
    PublishedMeasurement::of(&fixture.pictures("x0")[0], 10).unwrap()
}

fn run(denoiser: &EpsilonDenoiser, measurement: &PublishedMeasurement, class: i64) -> Picture {
    let plan = Plan::Published(PublishedSettings {
        timesteps: 8,
        ..PublishedSettings::default()
    });
    let problem = Problem {
        denoiser: &denoiser.with_class(class).unwrap(),
        measurement,
        hint: &measurement.hint(),
        control: Control::default(),
    };
    sampler::run(&plan, &problem, 7).unwrap()
}

/// log p(class | x) at the timestep of clean pictures.
fn log_prob(classifier: &Classifier, x: &Picture, class: i64) -> f64 {
    let x = to_tensor(x, Device::Cpu).unwrap();
    let logits = classifier
        .logits(&x, &Tensor::from_slice(&[0.0f32]))
        .unwrap();
    logits
        .log_softmax(-1, Kind::Float)
        .double_value(&[0, class])
}

#[test]
fn guidance_leads_to_the_class() {
    let (guided, free) = (denoiser(SCALE), denoiser(0.0));
    let (measurement, classifier) = (measurement(), classifier());
    let classes = guided.classes().unwrap();
    let gains: Vec<f64> = (0..classes)
        .map(|class| {
            let with = run(&guided, &measurement, class);
            let without = run(&free, &measurement, class);
            log_prob(&classifier, &with, class) - log_prob(&classifier, &without, class)
        })
        .collect();
    println!("{gains:?}");
    // The pull is along log p at x_t, not at the end, and steps are few: most must gain, and
    // all on the mean.
    let gained = gains.iter().filter(|&&gain| gain > 0.0).count();
    assert!(10 * gained >= 8 * gains.len(), "{gains:?}");
    assert!(gains.iter().sum::<f64>() > 0.0, "{gains:?}");
}

#[test]
fn a_guided_run_can_be_repeated() {
    let (guided, measurement) = (denoiser(SCALE), measurement());
    let first = run(&guided, &measurement, 3);
    assert_eq!(first, run(&guided, &measurement, 3));
    assert_ne!(first, run(&guided, &measurement, 4));
    assert!(first.data.iter().all(|x| x.is_finite()));
}
