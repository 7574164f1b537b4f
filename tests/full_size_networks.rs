//! The published networks at their published sizes: parameters counted without weights, and,
//! by name, one call each with random weights, with its time and peak memory.

#![cfg(feature = "torch")]

use std::time::Instant;

use ddrmjpeg::error::Result;
use ddrmjpeg::model::adm::arguments::default_channel_mult;
use ddrmjpeg::model::adm::{AdmConfig, AdmUNet, Classifier, ClassifierConfig, Pool};
use ddrmjpeg::model::ddpm::{DdpmConfig, DdpmUNet};
use ddrmjpeg::runtime::tensors::load::Loader;
use ddrmjpeg::runtime::tensors::shapes::{RandomWeights, Shapes, parameter_count, shapes_of};
use tch::{Device, Kind, Tensor};

/// The ImageNet UNets: 256 channels, heads of 64, residual resampling.
fn adm(image_size: i64, num_classes: Option<i64>) -> AdmConfig {
    AdmConfig {
        image_size,
        channel_mult: default_channel_mult(image_size).unwrap(),
        attention_resolutions: [32, 16, 8].map(|side| image_size / side).to_vec(),
        num_head_channels: Some(64),
        num_classes,
        use_scale_shift_norm: true,
        resblock_updown: true,
        ..AdmConfig::default()
    }
}

/// The ImageNet classifiers: half as wide, with an attention pool.
fn classifier(image_size: i64) -> ClassifierConfig {
    ClassifierConfig {
        encoder: AdmConfig {
            model_channels: 128,
            out_channels: 1000,
            ..adm(image_size, None)
        },
        pool: Pool::Attention,
    }
}

fn adm_shapes(config: &AdmConfig) -> Shapes {
    shapes_of(|loader| AdmUNet::load(config, loader)).unwrap()
}

fn millions(shapes: &Shapes) -> String {
    format!("{:.1}", parameter_count(shapes) as f64 / 1e6)
}

#[test]
fn parameters_are_as_many_as_published() {
    // 552.8 M and 113.7 M: the published figures for the two families at 256x256.
    assert_eq!(millions(&adm_shapes(&adm(256, None))), "552.8");
    let ddpm = shapes_of(|loader| DdpmUNet::load(&DdpmConfig::default(), loader)).unwrap();
    assert_eq!(millions(&ddpm), "113.7");
    // A thousand classes add a table of 1000 x 1024 and nothing else.
    let conditional = parameter_count(&adm_shapes(&adm(256, Some(1000))));
    let unconditional = parameter_count(&adm_shapes(&adm(256, None)));
    assert_eq!(conditional - unconditional, 1000 * 1024);
}

#[test]
fn every_default_channel_mult_makes_a_network() {
    for size in [64, 128, 256, 512] {
        let shapes = adm_shapes(&adm(size, None));
        assert!(shapes.contains_key("out.2.weight"), "{size}");
    }
    // 512 begins at half the channels.
    let shapes = adm_shapes(&adm(512, None));
    assert_eq!(shapes["input_blocks.0.0.weight"], [128, 3, 3, 3]);
}

#[test]
fn the_classifier_of_256_pools_64_pixels_and_their_mean() {
    let shapes = shapes_of(|loader| Classifier::load(&classifier(256), loader)).unwrap();
    assert_eq!(shapes["out.2.positional_embedding"], [512, 65]);
    assert_eq!(shapes["out.2.c_proj.weight"], [1000, 512, 1]);
}

/// Peak resident memory of this process so far, in MiB.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    let seconds = start.elapsed().as_secs_f64();
    println!("{what}: {seconds:.2} s, peak {} MiB", peak_mib());
    result
}

fn build<T>(shapes: Shapes, kind: Kind, load: impl Fn(&mut Loader) -> Result<T>) -> T {
    let source = RandomWeights::new(shapes, 1);
    let mut loader = Loader::new(&source, Device::Cpu, kind);
    let network = timed("built from random weights", || load(&mut loader)).unwrap();
    loader.finish().unwrap();
    network
}

fn noise() -> (Tensor, Tensor) {
    tch::manual_seed(1);
    let x = Tensor::randn([1, 3, 256, 256], (Kind::Float, Device::Cpu));
    (x, Tensor::from_slice(&[500.0f32]))
}

fn sound(out: &Tensor, shape: &[i64]) {
    assert_eq!(out.size(), shape);
    assert!(bool::try_from(out.isfinite().all()).unwrap());
}

fn call_adm(kind: Kind) {
    tch::set_num_threads(2);
    let config = adm(256, None);
    let network = build(adm_shapes(&config), kind, |l| AdmUNet::load(&config, l));
    let (x, t) = noise();
    for call in ["first call", "second call"] {
        let out = timed(call, || network.forward(&x, &t, None)).unwrap();
        sound(&out, &[1, 6, 256, 256]);
    }
}

fn call_ddpm(kind: Kind) {
    tch::set_num_threads(2);
    let config = DdpmConfig::default();
    let load = |l: &mut Loader| DdpmUNet::load(&config, l);
    let network = build(shapes_of(load).unwrap(), kind, load);
    let (x, t) = noise();
    for call in ["first call", "second call"] {
        let out = timed(call, || network.forward(&x, &t)).unwrap();
        sound(&out, &[1, 3, 256, 256]);
    }
}

#[test]
#[ignore = "full-size network, minutes and gigabytes: run by name"]
fn adm_256_bf16() {
    call_adm(Kind::BFloat16);
}

#[test]
#[ignore = "full-size network, minutes and gigabytes: run by name"]
fn adm_256_f32() {
    call_adm(Kind::Float);
}

#[test]
#[ignore = "full-size network, minutes and gigabytes: run by name"]
fn ddpm_256_bf16() {
    call_ddpm(Kind::BFloat16);
}

#[test]
#[ignore = "full-size network, minutes and gigabytes: run by name"]
fn ddpm_256_f32() {
    call_ddpm(Kind::Float);
}

#[test]
#[ignore = "full-size network, minutes and gigabytes: run by name"]
fn classifier_256_gradient() {
    tch::set_num_threads(2);
    let config = classifier(256);
    let load = |l: &mut Loader| Classifier::load(&config, l);
    let network = build(shapes_of(load).unwrap(), Kind::BFloat16, load);
    let (x, t) = noise();
    let y = Tensor::from_slice(&[7i64]);
    let grad = timed("gradient", || network.log_prob_grad(&x, &t, &y)).unwrap();
    sound(&grad, &[1, 3, 256, 256]);
}
