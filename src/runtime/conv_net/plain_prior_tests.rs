//! Tests: questions of several threads joined into calls, and half precision.

use super::*;
use crate::model::lean::net;
use crate::model::lean::tests::{plain as prior, source};
use crate::options;
use crate::options::Precision;
use std::sync::mpsc::channel;
use std::thread::{scope, sleep};
use std::time::Duration;

fn options(max_batch: usize, precision: Precision) -> ModelOptions {
    ModelOptions {
        device: options::Device::Cpu,
        precision,
        max_batch,
        max_delay_ms: 1000.0,
        ..ModelOptions::default()
    }
}

fn picture(width: usize, height: usize, seed: f32) -> Picture {
    let data = (0..3 * width * height).map(|i| (i as f32 * (0.1 + seed)).sin());
    Picture::from_data(3, width, height, data.collect()).unwrap()
}

fn hint(decoded: Picture, step: u16) -> Hint {
    Hint {
        decoded,
        luma: [step; 64],
        chroma: [2 * step; 64],
        subsampling: (2, 2),
    }
}

/// x, σ, hint.
type Asked = (Picture, f64, Option<Hint>);

/// Asks `prior` each question from its own thread while the torch thread is busy.
fn together(prior: &PlainPrior, asked: &[Asked]) -> Vec<Result<Picture>> {
    let batcher = prior.batcher.as_ref().unwrap();
    let worker = Worker::of(Device::Cpu, 0).unwrap();
    let ((begin, has_begun), (release, released)) = (channel(), channel());
    scope(|scope| {
        scope.spawn(move || {
            worker.call(move || {
                begin.send(()).unwrap();
                released.recv().unwrap();
                Ok(())
            })
        });
        has_begun.recv().unwrap();
        let asking = asked
            .iter()
            .map(|(x, sigma, hint)| scope.spawn(move || prior.denoise(x, *sigma, hint.as_ref())));
        let asking: Vec<_> = asking.collect();
        while batcher.inside() < asked.len() {
            sleep(Duration::from_millis(1));
        }
        release.send(()).unwrap();
        let answers = asking.into_iter().map(|asking| asking.join().unwrap());
        answers.collect()
    })
}

fn calls(prior: &PlainPrior) -> Vec<usize> {
    let mut calls = prior.batcher.as_ref().unwrap().calls.lock().unwrap();
    calls.sort_unstable();
    std::mem::take(&mut calls)
}

/// Questions with different noise levels and tables, one without tables.
fn several() -> Vec<Asked> {
    [
        (0.1, Some(10)),
        (0.3, Some(40)),
        (1.0, None),
        (2.0, Some(3)),
    ]
    .into_iter()
    .map(|(sigma, step)| {
        let hint = step.map(|step| hint(picture(64, 48, 0.01 * f32::from(step)), step));
        (picture(64, 48, sigma as f32), sigma, hint)
    })
    .collect()
}

/// Four pictures in one convolution may be summed in another order: 1e-6 on values of order one
/// is a few roundings of f32.
#[test]
fn what_is_asked_together_is_one_call_and_each_has_its_own_answer() {
    let joined = prior(&options(8, Precision::F32));
    let alone = prior(&options(1, Precision::F32));
    assert_eq!((joined.facts().at_once, alone.facts().at_once), (8, 1));
    let asked = several();
    let answers = together(&joined, &asked);
    assert_eq!(calls(&joined), [4]);
    for ((x, sigma, hint), found) in asked.iter().zip(answers) {
        let wanted = alone.denoise(x, *sigma, hint.as_ref()).unwrap();
        let found = found.unwrap();
        let pairs = found.data.iter().zip(&wanted.data);
        let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst <= 1e-6, "{worst} at {sigma}");
    }
}

#[test]
fn other_sizes_and_what_does_not_look_at_x_are_calls_of_their_own() {
    let prior = prior(&options(8, Precision::F32));
    let asked = [(64, 48, 0.3), (48, 64, 0.3), (64, 48, 20.0), (64, 48, 0.4)];
    let asked = asked.map(|(width, height, sigma)| {
        let x = picture(width, height, sigma as f32);
        (x.clone(), sigma, Some(hint(x, 20)))
    });
    let answers = together(&prior, &asked);
    assert!(answers.iter().zip(&asked).all(|(answer, (x, ..))| {
        let answer = answer.as_ref().unwrap();
        (answer.width, answer.height) == (x.width, x.height)
    }));
    assert_eq!(calls(&prior), [1, 1, 2]);
}

/// Its hint and its picture differ in size, so the network must fail.
#[test]
fn a_question_that_fails_does_not_fail_the_others() {
    let prior = prior(&options(8, Precision::F32));
    let mut asked = several();
    asked[1].2 = Some(hint(picture(64, 32, 0.2), 9));
    let answers = together(&prior, &asked);
    let failed: Vec<bool> = answers.iter().map(Result::is_err).collect();
    assert_eq!(failed, [false, true, false, false]);
    assert_eq!(calls(&prior), [4]);
}

/// The delay is a second: thirty delays would be noticed.
#[test]
fn a_lone_caller_does_not_wait() {
    let prior = prior(&options(8, Precision::F32));
    let x = picture(16, 16, 0.3);
    let begun = std::time::Instant::now();
    for _ in 0..30 {
        prior.denoise(&x, 0.3, None).unwrap();
    }
    assert!(begun.elapsed() < Duration::from_secs(25));
    assert_eq!(calls(&prior), [1; 30]);
}

fn network(kind: Kind) -> Network {
    let source = source();
    let net = net(source.metadata()).unwrap();
    Network::of(&source, net, (Device::Cpu, kind)).unwrap()
}

/// Runs on a CPU what happens on CUDA; a CPU computes in both kinds.
#[test]
fn half_precision_is_used_where_it_agrees() {
    tch::no_grad(|| {
        let mut used = network(Kind::Float);
        used.halve(Ok(network(Kind::BFloat16)));
        assert_eq!((used.kind, used.caution), (Kind::BFloat16, None));
    });
}

#[test]
fn half_precision_that_is_wrong_or_fails_is_not_used() {
    tch::no_grad(|| {
        let wrong = network(Kind::BFloat16);
        wrong.plain.spoil();
        let failed = Err(Error::Backend("no such kernel".into()));
        for half in [Ok(wrong), failed] {
            let mut used = network(Kind::Float);
            used.halve(half);
            assert_eq!(used.kind, Kind::Float);
            let caution = used.caution.unwrap();
            assert!(
                caution.starts_with("half precision is not used: "),
                "{caution}"
            );
        }
    });
}
