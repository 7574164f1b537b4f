//! The lean prior: convolutions only, no norm, no attention, half resolution.
//!
//! One network that is the unconditional prior (no hint), the conditional prior, and, at
//! σ = 20, a one-call restorer. Since it only convolves, a tile with its halo gives the
//! pixels of the whole picture. `network` holds the layers, `edm` what surrounds
//! them, `film` what runs them, this file the contract.

mod network;
mod shape;

use std::collections::BTreeMap;

use tch::Kind;

use crate::contract::{Denoiser, Follower, Hint, QuantSteps, Reach};
use crate::error::Result;
use crate::frame::Picture;
use crate::model::checkpoint::Checkpoint;
use crate::model::gate_limits;
use crate::model::lean::network::Network;
use crate::model::lean::shape::Config;
use crate::options::Options;
use crate::runtime::conv_engine::{Form, Prior};
use crate::runtime::conv_net::edm::Core;
use crate::runtime::tensors::TensorSource;
use crate::runtime::tensors::shapes::{Shapes, shapes_of};
use crate::runtime::tensors::source::Weights;

/// The weights that ship with the library, f16.
static EMBEDDED: &[u8] = include_bytes!("../../../models/lean.safetensors");

/// Pixels around a tile that matter to it. The receptive field ends at 112, where tiles are
/// the whole picture's bit for bit; at 64 the shipped weights differ by at most 4e-5 of the
/// `[-1, 1]` range (four pictures, quality 10 to 60, σ 0.15 and 20), at 48 by 2e-3.
const HALO_PX: usize = 64;

/// The checkpoint that is built in.
///
/// # Errors
/// None in a build that passes its tests.
pub fn embedded_checkpoint() -> Result<Checkpoint> {
    Checkpoint::from_bytes(EMBEDDED)
}

/// Names and shapes of the tensors of the network that `metadata` describe.
///
/// # Errors
/// [`crate::Error::Checkpoint`] when they describe none.
pub fn shapes(metadata: &BTreeMap<String, String>) -> Result<Shapes> {
    let config = Config::of(metadata)?;
    shapes_of(|loader| Network::load(&config, loader, Kind::Float))
}

/// F of `weights`, which may be changing, in the arithmetic `kind`.
///
/// # Errors
/// [`crate::Error::Checkpoint`] when the metadata describe no lean network.
pub(crate) fn core(
    metadata: &BTreeMap<String, String>,
    weights: &mut dyn Weights,
    kind: Kind,
) -> Result<Box<dyn Core>> {
    let config = Config::of(metadata)?;
    Ok(Box::new(Network::load(&config, weights, kind)?))
}

/// The lean prior on one device.
pub struct Lean(Prior<Network>);

impl Lean {
    /// The embedded weights.
    ///
    /// # Errors
    /// [`crate::Error::Options`] for a device that is not there, or backend failures.
    pub fn embedded(options: &Options, form: Form) -> Result<Self> {
        Self::load(Box::new(embedded_checkpoint()?), options, form)
    }

    /// The weights in `source`.
    ///
    /// # Errors
    /// As [`Self::embedded`]; [`crate::Error::Checkpoint`] when they are not lean's.
    pub(crate) fn load(
        source: Box<dyn TensorSource>,
        options: &Options,
        form: Form,
    ) -> Result<Self> {
        let config = Config::of(source.metadata())?;
        let build = move |weights: &mut dyn Weights, kind| Network::load(&config, weights, kind);
        Prior::load(source, options, form, build).map(Self)
    }
}

impl Denoiser for Lean {
    fn denoise(&self, x: &Picture, sigma: f64, hint: Option<&Hint>) -> Result<Picture> {
        self.0.denoise(x, sigma, hint)
    }

    fn precision(&self) -> Option<&'static str> {
        Some(self.0.precision())
    }

    fn caution(&self) -> Option<&str> {
        self.0.caution()
    }

    fn reach(&self) -> Reach {
        Reach::Halo {
            halo_px: HALO_PX,
            align_px: 16,
        }
    }

    fn pixel_bytes(&self) -> usize {
        self.0.pixel_bytes()
    }

    fn one_call(&self) -> bool {
        true
    }

    fn at_once(&self) -> usize {
        self.0.at_once()
    }

    fn expect(&self, pieces: usize) {
        self.0.expect(pieces);
    }

    fn strange_share(&self, luma: &QuantSteps, subsampling: (usize, usize)) -> Option<f64> {
        gate_limits::strange_share(luma, subsampling, self.0.knows_drawings())
    }

    fn follower(&self) -> Option<Box<dyn Follower>> {
        self.0.follower()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::options::{Device, Precision};
    use crate::runtime::conv_net::edm::Case;
    use crate::runtime::tensors::load::Loader;
    use safetensors::SafeTensors;

    /// The embedded weights.
    pub(crate) fn source() -> impl TensorSource {
        embedded_checkpoint().unwrap()
    }

    /// The layers of the embedded weights.
    pub(crate) fn build(weights: &mut dyn Weights, kind: Kind) -> Result<Network> {
        Network::load(&Config::of(source().metadata())?, weights, kind)
    }

    /// The same in f32.
    pub(crate) fn network() -> Network {
        let source = source();
        let mut loader = Loader::new(&source, tch::Device::Cpu, Kind::Float);
        build(&mut loader, Kind::Float).unwrap()
    }

    /// The prior, as the film modules have it.
    pub(crate) fn prior(options: &Options, form: Form) -> Prior<Network> {
        Lean::embedded(options, form).unwrap().0
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
        let options = Options {
            precision,
            device: Device::Cpu,
            ..Options::default()
        };
        let lean = Lean::embedded(&options, Form::Fast).unwrap();
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
            let got = lean.0.estimate(&x, &y, case).unwrap();
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
