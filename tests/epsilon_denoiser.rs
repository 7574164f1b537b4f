//! ε-networks behind the contract: the algebra on a network whose answer is known, and the
//! published classes and guidance on a small ADM with random weights.

#![cfg(feature = "torch")]

use ddrmjpeg::contract::{Denoiser, Reach};
use ddrmjpeg::error::{Error, Result};
use ddrmjpeg::frame::Picture;
use ddrmjpeg::model::adm::{AdmConfig, AdmUNet, Classifier, ClassifierConfig, Pool};
use ddrmjpeg::model::published::epsilon::{
    EpsilonDenoiser, EpsilonNetwork, EpsilonParts, Guidance,
};
use ddrmjpeg::model::published::timesteps::Timesteps;
use ddrmjpeg::runtime::pictures::{to_picture, to_tensor};
use ddrmjpeg::runtime::tensors::load::Loader;
use ddrmjpeg::runtime::tensors::shapes::{RandomWeights, shapes_of};
use tch::{Device, Kind, Tensor};

/// Answers with x_t + t in the first three channels, and with nonsense in three more.
struct Echo;

impl EpsilonNetwork for Echo {
    fn epsilon(&self, x: &Tensor, t: &Tensor, class: Option<&Tensor>) -> Result<Tensor> {
        assert!(class.is_none());
        let told = x + t.reshape([-1, 1, 1, 1]);
        Ok(Tensor::cat(&[told, x * 1e9], 1))
    }

    fn side_px(&self) -> i64 {
        16
    }

    fn classes(&self) -> Option<i64> {
        None
    }
}

fn alpha_bar() -> Vec<f64> {
    (0..1000)
        .map(|t| (-1e-5 * f64::powi(f64::from(t) + 1.0, 2)).exp())
        .collect()
}

fn parts(network: impl EpsilonNetwork + 'static) -> EpsilonParts {
    EpsilonParts {
        network: Box::new(network),
        guidance: None,
        class: None,
        timesteps: Timesteps::new(&alpha_bar()).unwrap(),
        device: Device::Cpu,
    }
}

fn picture() -> Picture {
    let data = (0..3 * 16 * 16).map(|i| (i as f32 * 0.37).sin()).collect();
    Picture::from_data(3, 16, 16, data).unwrap()
}

#[test]
fn the_estimate_is_the_published_one() {
    let denoiser = EpsilonDenoiser::new(parts(Echo)).unwrap();
    assert_eq!(denoiser.reach(), Reach::Window { side_px: 16 });
    let x = picture();
    for t in [0usize, 17, 285] {
        let a = alpha_bar()[t];
        let sigma = ((1.0 - a) / a).sqrt();
        let out = denoiser.denoise(&x, sigma, None).unwrap();
        for (got, &x) in out.data.iter().zip(&x.data) {
            // x0 = (x_t - √(1-ᾱ)·e) / √ᾱ with x_t = √ᾱ·x.
            let x_t = a.sqrt() * f64::from(x);
            let want = (x_t - (1.0 - a).sqrt() * (x_t + t as f64)) / a.sqrt();
            // f32, on values up to σ·t.
            assert!((f64::from(*got) - want).abs() < 1e-6 * (1.0 + sigma * t as f64));
        }
    }
}

#[test]
fn levels_that_are_none_are_refused() {
    let denoiser = EpsilonDenoiser::new(parts(Echo)).unwrap();
    for sigma in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(
            denoiser.denoise(&picture(), sigma, None),
            Err(Error::Options(_))
        ));
    }
    let at_zero = denoiser.denoise(&picture(), 0.0, None).unwrap();
    assert_eq!(at_zero, picture());
}

fn config() -> AdmConfig {
    AdmConfig {
        image_size: 16,
        model_channels: 32,
        num_res_blocks: 1,
        attention_resolutions: vec![2],
        channel_mult: vec![1.0, 2.0],
        num_classes: Some(5),
        ..AdmConfig::default()
    }
}

fn build<T>(load: impl Fn(&mut Loader) -> Result<T>) -> T {
    let source = RandomWeights::new(shapes_of(&load).unwrap(), 3);
    let mut loader = Loader::new(&source, Device::Cpu, Kind::Float);
    let network = load(&mut loader).unwrap();
    loader.finish().unwrap();
    network
}

fn classifier() -> Classifier {
    let config = ClassifierConfig {
        encoder: AdmConfig {
            out_channels: 5,
            num_classes: None,
            ..config()
        },
        pool: Pool::Adaptive,
    };
    build(|l| Classifier::load(&config, l))
}

fn guided(class: Option<i64>, scale: f64) -> Result<EpsilonDenoiser> {
    EpsilonDenoiser::new(EpsilonParts {
        guidance: Some(Guidance {
            classifier: classifier(),
            scale,
        }),
        class,
        ..parts(build(|l| AdmUNet::load(&config(), l)))
    })
}

#[test]
fn guidance_pulls_along_the_gradient_at_x_t() {
    let (t, class, scale) = (200usize, 3i64, 2.5);
    let a = alpha_bar()[t];
    let sigma = ((1.0 - a) / a).sqrt();
    let out = |scale| {
        guided(Some(class), scale)
            .unwrap()
            .denoise(&picture(), sigma, None)
    };
    let (free, pulled) = (out(0.0).unwrap(), out(scale).unwrap());
    let x_t = to_tensor(&picture(), Device::Cpu).unwrap() * a.sqrt();
    let gradient = classifier()
        .log_prob_grad(
            &x_t,
            &Tensor::from_slice(&[t as f32]),
            &Tensor::from_slice(&[class]),
        )
        .unwrap();
    // x0 moves by σ·√(1-ᾱ)·scale times the gradient.
    let moved = to_picture(&(gradient * (sigma * (1.0 - a).sqrt() * scale))).unwrap();
    let largest = moved.data.iter().fold(0.0f32, |m, v| m.max(v.abs()));
    for ((p, f), m) in pulled.data.iter().zip(&free.data).zip(&moved.data) {
        // A difference of two f32 results of order 1.
        assert!((p - f - m).abs() < 2e-6, "{} {m}", p - f);
    }
    assert!(largest > 1e-3, "the pull is too weak to be seen: {largest}");
}

#[test]
fn classes_are_checked_when_the_parts_meet() {
    for class in [None, Some(5), Some(-1)] {
        assert!(
            matches!(guided(class, 1.0), Err(Error::Options(_))),
            "{class:?}"
        );
    }
    assert!(matches!(guided(Some(0), f64::NAN), Err(Error::Options(_))));
    let surplus = EpsilonDenoiser::new(EpsilonParts {
        class: Some(1),
        ..parts(Echo)
    });
    assert!(matches!(surplus, Err(Error::Options(_))));
}

#[test]
fn another_class_shares_the_networks_and_changes_the_result() {
    let third = guided(Some(3), 1.0).unwrap();
    let first = third.with_class(1).unwrap();
    let out = |denoiser: &EpsilonDenoiser| denoiser.denoise(&picture(), 1.0, None).unwrap();
    assert_ne!(out(&third), out(&first));
    assert_eq!(out(&third), out(&first.with_class(3).unwrap()));
    assert!(third.with_class(5).is_err());
}

#[test]
fn a_guided_network_need_not_be_told_itself() {
    let unconditional = AdmConfig {
        num_classes: None,
        ..config()
    };
    let denoiser = EpsilonDenoiser::new(EpsilonParts {
        guidance: Some(Guidance {
            classifier: classifier(),
            scale: 1.0,
        }),
        class: Some(2),
        ..parts(build(|l| AdmUNet::load(&unconditional, l)))
    })
    .unwrap();
    assert!(denoiser.denoise(&picture(), 0.5, None).is_ok());
}
