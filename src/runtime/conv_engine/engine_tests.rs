//! Tests: the engine against libtorch's operators, parts against the whole, and its memory.

use super::*;
use crate::frame::Rect;
use crate::model::registry;
use crate::options::Precision;
use crate::runtime::arithmetic::race::choose;
use crate::runtime::conv_engine::trial;

/// Those that oneDNN has for this CPU.
fn arithmetics() -> Vec<Arithmetic> {
    let bf16 = choose(Precision::Bf16, false).arithmetic;
    match bf16 {
        Arithmetic::Bf16 => vec![Arithmetic::F32, bf16],
        Arithmetic::F32 => vec![bf16],
    }
}

fn engine(name: &str, arithmetic: Arithmetic, threads: usize) -> Engine {
    let own = registry::get(name).unwrap();
    let source = own.checkpoint().unwrap();
    let net = own.net(source.metadata()).unwrap();
    Engine::new(net, Box::new(source), (arithmetic, None), threads).unwrap()
}

fn waves(width: usize, height: usize, seed: f32) -> Picture {
    let data = (0..3 * width * height).map(|i| (i as f32 * (0.1 + seed)).sin());
    Picture::from_data(3, width, height, data.collect()).unwrap()
}

fn far(found: &Picture, wanted: &Picture) -> f64 {
    let square = |x: f32| f64::from(x).powi(2);
    let pairs = found.data.iter().zip(&wanted.data);
    let apart: f64 = pairs.map(|(a, b)| square(a - b)).sum();
    (apart / wanted.data.iter().map(|&b| square(b)).sum::<f64>()).sqrt()
}

/// f32 sums in another order; bf16 has 8 bits of mantissa.
#[cfg(feature = "torch")]
#[test]
fn the_engine_computes_what_libtorch_does() {
    use crate::options::{Device, ModelOptions};
    use crate::runtime::conv_engine::Form;
    let options = ModelOptions::default().with_device(Device::Cpu);
    for name in ["lean", "nano"] {
        let plain = registry::get(name)
            .unwrap()
            .embedded(&options, Form::Plain)
            .unwrap();
        let (x, y) = (waves(96, 72, 0.3), waves(96, 72, 0.0));
        for (arithmetic, allowed) in arithmetics().into_iter().zip([1e-5, 2e-2]) {
            let engine = engine(name, arithmetic, 0);
            for sigma in [0.3, 20.0] {
                let question = Question {
                    size: (96, 72),
                    x: (sigma < engine.one_call_sigma()).then_some(&x),
                    y: None,
                    case: super::super::denoiser::case(sigma, None),
                };
                let found = engine.estimate(question).unwrap();
                let apart = far(&found, &plain.denoise(&x, sigma, None).unwrap());
                assert!(apart < allowed, "{name} {arithmetic:?} {sigma}: {apart}");
                let hint = crate::contract::Hint {
                    decoded: y.clone(),
                    luma: [20; 64],
                    chroma: [30; 64],
                    subsampling: (2, 2),
                };
                let question = Question {
                    y: Some(&y),
                    case: super::super::denoiser::case(sigma, Some(&hint)),
                    ..question
                };
                let found = engine.estimate(question).unwrap();
                let apart = far(&found, &plain.denoise(&x, sigma, Some(&hint)).unwrap());
                assert!(apart < allowed, "{name} {arithmetic:?} {sigma}: {apart}");
            }
        }
    }
}

/// Bands, threads and the memory of a former question make no difference.
#[test]
fn the_same_question_has_the_same_answer() {
    for (name, arithmetic) in ["lean", "nano"]
        .into_iter()
        .flat_map(|n| arithmetics().into_iter().map(move |a| (n, a)))
    {
        let one = engine(name, arithmetic, 1);
        let many = engine(name, arithmetic, 3);
        for size in [(16, 16), (136, 88), (64, 200), (16, 16)] {
            let (x, y) = (waves(size.0, size.1, 0.2), waves(size.0, size.1, 0.0));
            let question = |x| Question {
                size,
                x,
                y: Some(&y),
                case: trial::case(20.0),
            };
            let wanted = one.estimate(question(None)).unwrap();
            for _ in 0..3 {
                assert_eq!(
                    many.estimate(question(None)).unwrap(),
                    wanted,
                    "{name} {size:?}"
                );
                let _ = many.estimate(Question {
                    case: trial::case(0.3),
                    ..question(Some(&x))
                });
            }
        }
    }
}

/// Two networks, each asked by two threads at once, about pictures of different sizes.
#[test]
fn questions_at_the_same_time_have_their_own_answers() {
    let engines = ["lean", "nano"].map(|name| engine(name, race(), 2));
    let pictures = [waves(136, 88, 0.0), waves(64, 120, 0.1)];
    let asked = engines
        .iter()
        .flat_map(|engine| pictures.iter().map(move |y| (engine, y)));
    let answer = |engine: &Engine, y: &Picture| {
        let question = Question {
            size: (y.width, y.height),
            x: None,
            y: Some(y),
            case: trial::case(20.0),
        };
        engine.estimate(question).unwrap()
    };
    let wanted: Vec<_> = asked.clone().map(|(engine, y)| answer(engine, y)).collect();
    let start = std::sync::Barrier::new(wanted.len());
    std::thread::scope(|scope| {
        for ((engine, y), wanted) in asked.zip(&wanted) {
            let (answer, start) = (&answer, &start);
            scope.spawn(move || {
                start.wait();
                for _ in 0..5 {
                    assert_eq!(answer(engine, y), *wanted);
                }
            });
        }
    });
}

/// With the peaks that its checkpoint has.
fn eight(name: &str, arithmetic: Arithmetic) -> Engine {
    let own = registry::get(name).unwrap();
    let source = own.checkpoint().unwrap();
    let net = own.net(source.metadata()).unwrap();
    let peaks = Peaks::of(source.metadata(), &net).unwrap();
    let peaks = peaks.expect("what ships was measured");
    Engine::new(net, Box::new(source), (arithmetic, Some(&peaks)), 0).unwrap()
}

/// Eight bits differ by their rounding, in one call; with x nothing is in eight bits.
#[test]
fn eight_bits_are_f32_rounded() {
    let (x, y) = (
        waves(96, 72, 0.3),
        trial::picture(96, 1).crop(Rect {
            x: 0,
            y: 0,
            width: 96,
            height: 72,
        }),
    );
    for name in ["lean", "nano"] {
        let full = engine(name, Arithmetic::F32, 0);
        for arithmetic in arithmetics() {
            let bytes = eight(name, arithmetic);
            assert_eq!(bytes.word(), "int8");
            let question = |x, sigma| Question {
                size: (96, 72),
                x,
                y: Some(&y),
                case: trial::case(sigma),
            };
            let wanted = full.estimate(question(None, 20.0)).unwrap();
            let found = bytes.estimate(question(None, 20.0)).unwrap();
            let apart = far(&found, &wanted);
            assert!(
                (1e-5..3e-2).contains(&apart),
                "{name} {arithmetic:?}: {apart}"
            );
            let plain = engine(name, arithmetic, 0)
                .estimate(question(Some(&x), 0.3))
                .unwrap();
            assert_eq!(bytes.estimate(question(Some(&x), 0.3)).unwrap(), plain);
        }
    }
}

/// Following a stream depends on it.
#[test]
fn parts_have_the_bits_of_the_whole() {
    for (name, arithmetic) in ["lean", "nano"]
        .into_iter()
        .flat_map(|n| arithmetics().into_iter().map(move |a| (n, a)))
    {
        assert!(
            engine(name, arithmetic, 0).in_parts(),
            "{name} {arithmetic:?}"
        );
        assert!(
            eight(name, arithmetic).in_parts(),
            "{name} int8 {arithmetic:?}"
        );
    }
}

/// lean has 64 channels at half the resolution, and three such maps at once.
#[test]
fn bytes_of_a_pixel_are_those_of_its_maps() {
    for (arithmetic, at_least) in arithmetics().into_iter().zip([192, 96]) {
        let found = engine("lean", arithmetic, 0).pixel_bytes();
        assert!(
            (at_least..2 * at_least).contains(&found),
            "{arithmetic:?}: {found}"
        );
    }
}

#[test]
fn a_picture_of_another_size_is_refused() {
    let engine = engine("nano", race(), 0);
    let y = waves(64, 32, 0.0);
    let question = Question {
        size: (64, 48),
        x: None,
        y: Some(&y),
        case: trial::case(20.0),
    };
    let message = engine.estimate(question).unwrap_err().to_string();
    assert!(
        message.contains("64 x 48") && message.contains("64 x 32"),
        "{message}"
    );
}

fn race() -> Arithmetic {
    choose(Precision::Auto, false).arithmetic
}

#[test]
fn spare_memory_is_used_if_it_fits() {
    let mut spare = vec![Buffer::new(1000), Buffer::new(5000), Buffer::new(1200)];
    assert_eq!(taken(&mut spare, 900).bytes(), Buffer::new(1000).bytes());
    assert_eq!(taken(&mut spare, 2000).bytes(), Buffer::new(2000).bytes());
    assert_eq!(spare.len(), 2);
}
