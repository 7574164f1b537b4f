//! Pictures that are joined into one call, with a network whose results are known.

use super::*;
use std::thread::scope;

/// Noise that depends on all inputs of a picture.
struct Toy;

impl EpsilonNetwork for Toy {
    fn epsilon(&self, x: &Tensor, t: &Tensor, class: Option<&Tensor>) -> Result<Tensor> {
        let column = |x: &Tensor| x.f_to_kind(Kind::Float)?.f_view([-1, 1, 1, 1]);
        let told = class.ok_or_else(|| Error::Backend("no class".into()))?;
        let e = x.f_sin()?.f_add(&column(t)?.f_mul_scalar(1e-3)?)?;
        Ok(e.f_sub(&column(told)?.f_mul_scalar(0.1)?)?)
    }

    fn side_px(&self) -> i64 {
        16
    }

    fn classes(&self) -> Option<i64> {
        Some(9)
    }
}

fn toy() -> EpsilonDenoiser {
    let alpha_bar: Vec<f64> = (1..=100).map(|t| 0.95f64.powi(t)).collect();
    EpsilonDenoiser::new(EpsilonParts {
        network: Box::new(Toy),
        guidance: None,
        class: Some(0),
        timesteps: Timesteps::new(&alpha_bar).unwrap(),
        device: Device::Cpu,
    })
    .unwrap()
}

fn picture(seed: usize) -> Picture {
    let data = (0..3 * 256).map(|i| ((i + 31 * seed) as f32 * 0.37).sin());
    Picture::from_data(3, 16, 16, data.collect()).unwrap()
}

/// Each has its own level and class. One of them fails.
#[test]
fn windows_that_are_asked_together_are_one_call() {
    let options = ModelOptions {
        max_batch: 4,
        max_delay_ms: 10_000.0,
        ..ModelOptions::default()
    };
    let (alone, joined) = (toy(), toy().joining(&options, Device::Cpu));
    assert_eq!((alone.facts().at_once, joined.facts().at_once), (1, 4));
    let asked = [(0.1, 1), (0.7, 8), (f64::NAN, 2), (3.0, 0)];
    joined.expect(4);
    let joined = &joined;
    let found: Vec<Result<Picture>> = scope(|scope| {
        let ask = |(n, &(sigma, class)): (usize, &(f64, i64))| {
            scope.spawn(move || joined.with_class(class)?.denoise(&picture(n), sigma, None))
        };
        let asking: Vec<_> = asked.iter().enumerate().map(ask).collect();
        asking.into_iter().map(|a| a.join().unwrap()).collect()
    });
    let batcher = joined.batcher.as_ref().unwrap();
    assert_eq!(*batcher.calls.lock().unwrap(), [4]);
    for (n, ((sigma, class), found)) in asked.into_iter().zip(found).enumerate() {
        let wanted = alone
            .with_class(class)
            .unwrap()
            .denoise(&picture(n), sigma, None);
        match wanted {
            Ok(wanted) => assert_eq!(found.unwrap(), wanted),
            Err(_) => assert!(found.unwrap_err().to_string().contains("not finite")),
        }
    }
}
