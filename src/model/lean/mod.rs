//! The lean prior: convolutions only, no norm, no attention, half resolution.
//!
//! One network that is the unconditional prior (no hint), the conditional prior, and, at
//! σ = 20, a one-call restorer. Since it only convolves, a tile with its halo gives the
//! pixels of the whole picture. `network` holds the layers, `shape` their sizes; the rest is its row
//! in the registry.

mod network;
mod shape;

pub(crate) use crate::model::lean::network::net;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::frame::Picture;
    use crate::model::registry;
    use crate::options::Precision;
    use crate::runtime::arithmetic::race;
    use crate::runtime::conv_engine::Engine;
    use crate::runtime::conv_engine::engine::Question;
    use crate::runtime::conv_net::edm::Case;
    use crate::runtime::tensors::TensorSource;
    use safetensors::SafeTensors;

    /// The embedded weights.
    pub(crate) fn source() -> impl TensorSource {
        registry::get("lean").unwrap().checkpoint().unwrap()
    }

    /// The engine with the embedded weights.
    pub(crate) fn engine(precision: Precision) -> Engine {
        let net = net(source().metadata()).unwrap();
        Engine::new(
            net,
            Box::new(source()),
            (race::choose(precision, false).arithmetic, None),
            0,
        )
        .unwrap()
    }

    /// The prior that libtorch computes, as its own type.
    #[cfg(feature = "torch")]
    pub(crate) fn plain(
        options: &crate::options::ModelOptions,
    ) -> crate::runtime::conv_net::plain_prior::PlainPrior {
        let lean = registry::get("lean").unwrap();
        let facts = lean.facts(source().metadata(), "lean".into()).unwrap();
        let net = net(source().metadata()).unwrap();
        let known = (lean.reach, facts);
        crate::runtime::conv_net::plain_prior::PlainPrior::load(
            Box::new(source()),
            net,
            options,
            known,
        )
        .unwrap()
    }

    const NUMBERS: &[u8] = include_bytes!("../../../tests/data/lean_numbers.safetensors");

    fn numbers(name: &str) -> Vec<f32> {
        let file = SafeTensors::deserialize(NUMBERS).unwrap();
        let bytes = file.tensor(name).unwrap().data();
        let words = bytes.chunks_exact(4);
        words
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect()
    }

    /// Relative L2 distance of the network's x0 from the recorded one, case by case.
    fn distances(precision: Precision) -> Vec<f64> {
        let lean = engine(precision);
        let (x, y) = (numbers("x"), numbers("y"));
        let (sigma, qvec, x0) = (numbers("sigma"), numbers("qvec"), numbers("x0"));
        let n = 3 * 48 * 64;
        let case = |i: usize| {
            let part = |data: &[f32]| data[i * n..(i + 1) * n].to_vec();
            let picture = |data: &[f32]| Picture::from_data(3, 64, 48, part(data)).unwrap();
            let (x, y, wanted) = (picture(&x), picture(&y), part(&x0));
            let level = f64::from(sigma[i]);
            let tables = std::array::from_fn(|k| qvec[12 * i + k]);
            let case = Case {
                sigma: level,
                tables,
            };
            let question = Question {
                size: (64, 48),
                x: (level < lean.one_call_sigma()).then_some(&x),
                y: Some(&y),
                case,
            };
            let got = lean.estimate(question).unwrap();
            let square = |x: f32| f64::from(x).powi(2);
            let apart: f64 = got
                .data
                .iter()
                .zip(&wanted)
                .map(|(a, b)| square(a - b))
                .sum();
            let size: f64 = wanted.iter().map(|&b| square(b)).sum();
            (apart / size).sqrt()
        };
        (0..3).map(case).collect()
    }

    /// The tolerance of the numbers' own README: f32, summed in another order.
    #[test]
    fn the_forward_pass_is_the_recorded_one_in_f32() {
        let found = distances(Precision::F32);
        assert!(found.iter().all(|&d| d < 1e-4), "{found:?}");
    }

    /// bf16 has 8 bits of mantissa: 1e-2 is the README's tolerance.
    #[test]
    fn the_forward_pass_is_the_recorded_one_in_bf16() {
        let found = distances(Precision::Bf16);
        assert!(found.iter().all(|&d| d < 1e-2), "{found:?}");
    }
}
