//! The published networks against numbers computed once by the published Python code.
//!
//! What a network looks like is read from its fixture's metadata.

#![cfg(feature = "torch")]

#[expect(dead_code, reason = "other tests read more of the files")]
mod golden;

use ddrmjpeg::error::{Error, Result};
use ddrmjpeg::model::adm::{AdmConfig, AdmUNet, Classifier, ClassifierConfig};
use ddrmjpeg::model::ddpm::{DdpmConfig, DdpmUNet};
use ddrmjpeg::runtime::tensors::load::Loader;
use golden::Fixture;
use safetensors::Dtype as FileDtype;
use serde_json::Value;
use tch::{Device, Kind, Tensor};

/// Relative L2 in f32: sums in another order, through some 20 layers.
const TOLERANCE_F32: f64 = 1e-5;
/// Relative L2 in bf16: 8 bits of mantissa, rounded at every layer.
const TOLERANCE_BF16: f64 = 2e-2;

/// The tensor `name` of `fixture`, or none.
fn get(fixture: &Fixture, name: &str) -> Option<Tensor> {
    let file = fixture.tensors();
    let view = file.tensor(name).ok()?;
    let kind = match view.dtype() {
        FileDtype::I64 => Kind::Int64,
        _ => Kind::Float,
    };
    let shape: Vec<i64> = view.shape().iter().map(|&n| n as i64).collect();
    Some(Tensor::from_data_size(view.data(), &shape, kind))
}

fn build<T>(fixture: &Fixture, kind: Kind, build: impl FnOnce(&mut Loader) -> Result<T>) -> T {
    let mut loader = Loader::new(fixture, Device::Cpu, kind);
    let network = build(&mut loader).unwrap();
    loader.finish().unwrap();
    network
}

/// ‖a - b‖ / ‖b‖.
fn relative(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.size(), b.size());
    let (a, b) = (a.to_kind(Kind::Double), b.to_kind(Kind::Double));
    f64::try_from((a - &b).norm() / b.norm()).unwrap()
}

fn close(what: &str, got: &Tensor, want: &Tensor, kind: Kind) {
    let tolerance = match kind {
        Kind::Float => TOLERANCE_F32,
        _ => TOLERANCE_BF16,
    };
    let error = relative(got, want);
    println!("{what} {kind:?}: relative L2 {error:.2e}");
    assert!(
        error < tolerance,
        "{what} {kind:?}: {error:e} >= {tolerance:e}"
    );
}

fn without(mut config: Value, key: &str) -> Value {
    config.as_object_mut().unwrap().remove(key);
    config
}

fn adm_config(fixture: &Fixture) -> AdmConfig {
    serde_json::from_value(fixture.metadata("config")).unwrap()
}

fn check_adm(name: &str) {
    let fixture = Fixture::open(name);
    let config = adm_config(&fixture);
    let [x, t, want] = ["in.x", "in.t", "out.eps"].map(|key| get(&fixture, key).unwrap());
    let y = get(&fixture, "in.y");
    for kind in [Kind::Float, Kind::BFloat16] {
        let network = build(&fixture, kind, |loader| AdmUNet::load(&config, loader));
        let got = network.forward(&x, &t, y.as_ref()).unwrap();
        close(name, &got, &want, kind);
        // A single picture takes another path through the norms.
        let y = y.as_ref().map(|y| y.narrow(0, 0, 1));
        let one = network
            .forward(&x.narrow(0, 0, 1), &t.narrow(0, 0, 1), y.as_ref())
            .unwrap();
        close(name, &one, &want.narrow(0, 0, 1), kind);
    }
}

#[test]
fn adm_legacy_attention() {
    check_adm("net_adm_legacy_attention");
}

#[test]
fn adm_new_attention_plain() {
    check_adm("net_adm_new_attention_plain");
}

#[test]
fn adm_class_cond() {
    check_adm("net_adm_class_cond");
}

/// Half precision is what `use_fp16` of the published configs asks for.
#[test]
fn adm_in_half_precision() {
    let fixture = Fixture::open("net_adm_new_attention_plain");
    let config = adm_config(&fixture);
    let [x, t, want] = ["in.x", "in.t", "out.eps"].map(|key| get(&fixture, key).unwrap());
    let network = build(&fixture, Kind::Half, |loader| {
        AdmUNet::load(&config, loader)
    });
    let error = relative(&network.forward(&x, &t, None).unwrap(), &want);
    // Three bits of mantissa more than bf16: an eighth of its error, with some room.
    assert!(error < TOLERANCE_BF16 / 6.0, "{error:e}");
}

#[test]
fn adm_classifier() {
    let fixture = Fixture::open("net_adm_classifier");
    let config = fixture.metadata("config");
    let config = ClassifierConfig {
        pool: serde_json::from_value(config["pool"].clone()).unwrap(),
        encoder: serde_json::from_value(without(config, "pool")).unwrap(),
    };
    let [x, t, y] = ["in.x", "in.t", "in.y"].map(|key| get(&fixture, key).unwrap());
    for kind in [Kind::Float, Kind::BFloat16] {
        let network = build(&fixture, kind, |loader| Classifier::load(&config, loader));
        let logits = network.logits(&x, &t).unwrap();
        close(
            "logits",
            &logits,
            &get(&fixture, "out.logits").unwrap(),
            kind,
        );
        let grad = network.log_prob_grad(&x, &t, &y).unwrap();
        close("gradient", &grad, &get(&fixture, "out.grad").unwrap(), kind);
    }
}

#[test]
fn ddpm() {
    let fixture = Fixture::open("net_ddpm");
    let config: DdpmConfig =
        serde_json::from_value(without(fixture.metadata("config"), "type")).unwrap();
    let [x, t, want] = ["in.x", "in.t", "out.eps"].map(|key| get(&fixture, key).unwrap());
    for kind in [Kind::Float, Kind::BFloat16] {
        let network = build(&fixture, kind, |loader| DdpmUNet::load(&config, loader));
        close("ddpm", &network.forward(&x, &t).unwrap(), &want, kind);
    }
}

#[test]
fn a_config_of_another_network_is_refused_by_name() {
    let fixture = Fixture::open("net_adm_new_attention_plain");
    let config = AdmConfig {
        use_scale_shift_norm: true,
        num_classes: Some(10),
        ..adm_config(&fixture)
    };
    let mut loader = Loader::new(&fixture, Device::Cpu, Kind::Float);
    AdmUNet::load(&config, &mut loader).unwrap();
    let error = loader.finish().unwrap_err().to_string();
    assert!(error.contains("missing label_emb.weight"), "{error}");
    assert!(
        error.contains("input_blocks.1.0.emb_layers.1.weight is [32, 128], wanted [64, 128]"),
        "{error}"
    );
}

#[test]
fn wrong_inputs_are_errors() {
    let fixture = Fixture::open("net_adm_new_attention_plain");
    let config = adm_config(&fixture);
    let network = build(&fixture, Kind::Float, |loader| {
        AdmUNet::load(&config, loader)
    });
    let t = Tensor::from_slice(&[3.0f32]);
    let odd = Tensor::zeros([1, 3, 31, 32], (Kind::Float, Device::Cpu));
    assert!(matches!(
        network.forward(&odd, &t, None),
        Err(Error::Input(_))
    ));
    let x = Tensor::zeros([1, 3, 32, 32], (Kind::Float, Device::Cpu));
    let y = Tensor::from_slice(&[0i64]);
    assert!(matches!(
        network.forward(&x, &t, Some(&y)),
        Err(Error::Options(_))
    ));
}
