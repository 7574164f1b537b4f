//! Every option of the published networks that golden/ has no numbers for: it builds, has the
//! checkpoints' keys, runs, and obeys laws of its own.

#![cfg(feature = "torch")]

use ddrmjpeg::error::{Error, Result};
use ddrmjpeg::model::adm::{AdmConfig, AdmUNet, Classifier, ClassifierConfig, Pool};
use ddrmjpeg::model::ddpm::{DdpmConfig, DdpmUNet};
use ddrmjpeg::runtime::tensors::load::Loader;
use ddrmjpeg::runtime::tensors::shapes::{RandomWeights, Shapes, shapes_of};
use tch::{Device, Kind, Tensor};

fn small() -> AdmConfig {
    AdmConfig {
        image_size: 16,
        model_channels: 32,
        num_res_blocks: 1,
        attention_resolutions: vec![2],
        channel_mult: vec![1.0, 2.0],
        num_heads: 2,
        ..AdmConfig::default()
    }
}

fn small_classifier(pool: Pool) -> ClassifierConfig {
    ClassifierConfig {
        encoder: AdmConfig {
            out_channels: 5,
            num_head_channels: Some(16),
            use_scale_shift_norm: true,
            resblock_updown: true,
            ..small()
        },
        pool,
    }
}

fn build<T>(load: impl Fn(&mut Loader) -> Result<T>) -> (T, Shapes) {
    let shapes = shapes_of(&load).unwrap();
    let source = RandomWeights::new(shapes.clone(), 3);
    let mut loader = Loader::new(&source, Device::Cpu, Kind::Float);
    let network = load(&mut loader).unwrap();
    loader.finish().unwrap();
    (network, shapes)
}

fn noise(n: i64) -> (Tensor, Tensor) {
    tch::manual_seed(5);
    let x = Tensor::randn([n, 3, 16, 16], (Kind::Float, Device::Cpu));
    (x, Tensor::from_slice(&[40.0f32, 700.0]).narrow(0, 0, n))
}

fn distance(a: &Tensor, b: &Tensor) -> f64 {
    f64::try_from((a - b).norm() / b.norm()).unwrap()
}

#[test]
fn resampling_without_weights_has_no_keys_and_runs() {
    let config = AdmConfig {
        conv_resample: false,
        ..small()
    };
    let (network, shapes) = build(|l| AdmUNet::load(&config, l));
    assert!(!shapes.contains_key("input_blocks.2.0.op.weight"));
    let (x, t) = noise(2);
    assert_eq!(
        network.forward(&x, &t, None).unwrap().size(),
        [2, 6, 16, 16]
    );

    let config = DdpmConfig {
        image_size: 16,
        ch: 32,
        ch_mult: vec![1, 2],
        num_res_blocks: 1,
        attn_resolutions: vec![8],
        resamp_with_conv: false,
        ..DdpmConfig::default()
    };
    let (network, shapes) = build(|l| DdpmUNet::load(&config, l));
    assert!(!shapes.keys().any(|key| key.contains("sample")));
    assert_eq!(network.forward(&x, &t).unwrap().size(), [2, 3, 16, 16]);
}

#[test]
fn a_picture_does_not_depend_on_its_batch() {
    let config = AdmConfig {
        use_scale_shift_norm: true,
        ..small()
    };
    let (network, _) = build(|l| AdmUNet::load(&config, l));
    let (x, t) = noise(2);
    let both = network.forward(&x, &t, None).unwrap();
    for i in 0..2 {
        let (x, t) = (x.narrow(0, i, 1), t.narrow(0, i, 1));
        let one = network.forward(&x, &t, None).unwrap();
        // f32 sums in another order.
        assert!(distance(&one, &both.narrow(0, i, 1)) < 1e-5);
    }
}

#[test]
fn a_class_changes_the_result_and_is_checked() {
    let config = AdmConfig {
        num_classes: Some(4),
        ..small()
    };
    let (network, _) = build(|l| AdmUNet::load(&config, l));
    let (x, t) = noise(1);
    let told = |class: i64| network.forward(&x, &t, Some(&Tensor::from_slice(&[class])));
    assert!(distance(&told(0).unwrap(), &told(3).unwrap()) > 1e-3);
    assert!(matches!(told(4), Err(Error::Options(_))));
    assert!(matches!(told(-1), Err(Error::Options(_))));
    assert!(matches!(
        network.forward(&x, &t, None),
        Err(Error::Options(_))
    ));
}

#[test]
fn heads_of_the_upward_half_can_differ() {
    let config = AdmConfig {
        num_heads_upsample: Some(4),
        ..small()
    };
    let (x, t) = noise(1);
    let run = |config: &AdmConfig| {
        let (network, shapes) = build(|l| AdmUNet::load(config, l));
        (network.forward(&x, &t, None).unwrap(), shapes)
    };
    let ((more, shapes), (fewer, same)) = (run(&config), run(&small()));
    assert_eq!(shapes, same);
    assert!(distance(&more, &fewer) > 1e-6);
}

#[test]
fn every_pool_has_its_keys_and_a_true_gradient() {
    let heads: [(Pool, &str, &[i64]); 4] = [
        (Pool::Adaptive, "out.3.weight", &[5, 64, 1, 1]),
        (Pool::Attention, "out.2.positional_embedding", &[64, 65]),
        // 32 + 32 + 32 of the first level, 64 of the second, 64 of the middle.
        (Pool::Spatial, "out.0.weight", &[2048, 224]),
        (Pool::SpatialV2, "out.3.weight", &[5, 2048]),
    ];
    for (pool, key, shape) in heads {
        let config = small_classifier(pool);
        let (network, shapes) = build(|l| Classifier::load(&config, l));
        assert_eq!(shapes[key], shape, "{pool:?}");
        check_gradient(&network, pool);
    }
}

/// Compares the slope along the gradient with central differences.
fn check_gradient(network: &Classifier, pool: Pool) {
    let (x, t) = noise(1);
    let y = Tensor::from_slice(&[2i64]);
    let grad = network.log_prob_grad(&x, &t, &y).unwrap();
    assert_eq!(grad.size(), x.size());
    let slope = f64::try_from(grad.norm()).unwrap();
    let along = &grad / slope;
    let log_p = |step: f64| {
        let logits = network.logits(&(&x + &along * step), &t).unwrap();
        logits.log_softmax(-1, Kind::Double).double_value(&[0, 2])
    };
    let step = 0.02;
    let measured = (log_p(step) - log_p(-step)) / (2.0 * step);
    // The third derivative times step² and f32's rounding over the step: some 1e-3 each.
    let error = (measured - slope).abs() / slope;
    assert!(error < 0.01, "{pool:?}: {measured} {slope}");
}

#[test]
fn a_gradient_can_be_had_without_gradients_around_it() {
    let config = small_classifier(Pool::Adaptive);
    let (network, _) = build(|l| Classifier::load(&config, l));
    let (x, t) = noise(1);
    let y = Tensor::from_slice(&[2i64]);
    let outside = network.log_prob_grad(&x, &t, &y).unwrap();
    let inside = tch::no_grad(|| network.log_prob_grad(&x, &t, &y)).unwrap();
    assert_eq!(outside, inside);
    let wrong = Tensor::from_slice(&[5i64]);
    assert!(network.log_prob_grad(&x, &t, &wrong).is_err());
}
