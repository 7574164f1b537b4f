//! Networks to measure: those of the published shapes with random weights, and the built-in ones,
//! each in this program's arithmetic or in the published program's; and the speed of a bare
//! convolution.
//!
//! Not for restoring anything. Called by `bench`.

use std::sync::Arc;
use std::time::Instant;

use tch::{Device, Kind, Tensor};

use crate::families::{Arithmetic, Family};
use ddrmjpeg::contract::{Denoiser, Hint, ModelFacts, Reach};
use ddrmjpeg::error::{Error, Result};
use ddrmjpeg::frame::Picture;
use ddrmjpeg::model::adm::AdmUNet;
use ddrmjpeg::model::config::{Config, NetworkConfig, shipped};
use ddrmjpeg::model::ddpm::DdpmUNet;
use ddrmjpeg::model::published::epsilon::{EpsilonDenoiser, EpsilonNetwork, EpsilonParts};
use ddrmjpeg::model::published::timesteps::Timesteps;
use ddrmjpeg::model::registry::Own;
use ddrmjpeg::options::{ModelOptions, Precision};
use ddrmjpeg::runtime::backend;
use ddrmjpeg::runtime::conv_engine::Form;
use ddrmjpeg::runtime::multiplies::Shape;
use ddrmjpeg::runtime::native::allocator::without_reuse;
use ddrmjpeg::runtime::native::packed::{Geometry, PackedConv};
use ddrmjpeg::runtime::tensors::load::{Loader, channels_last};
use ddrmjpeg::runtime::tensors::shapes::{RandomWeights, shapes_of};
use ddrmjpeg::runtime::worker::Worker;

/// Opens `family`; `alpha_bar` is ᾱ by timestep for the ε-networks.
///
/// # Errors
/// [`Error::Options`] for a missing device or an invalid table of ᾱ, [`Error::Backend`].
pub fn open(
    family: Family,
    arithmetic: Arithmetic,
    alpha_bar: &[f64],
    options: &ModelOptions,
) -> Result<Arc<dyn Denoiser>> {
    let options = match arithmetic {
        Arithmetic::Ours => options.clone(),
        Arithmetic::AsPublished => options.clone().with_precision(Precision::F32),
    };
    let denoiser = open_plain(family, arithmetic, alpha_bar, &options)?;
    Ok(match arithmetic {
        Arithmetic::Ours => denoiser,
        Arithmetic::AsPublished => Arc::new(FreshMemory(denoiser)),
    })
}

/// A network with libtorch's default allocator.
struct FreshMemory(Arc<dyn Denoiser>);

impl Denoiser for FreshMemory {
    fn denoise(&self, x: &Picture, sigma: f64, hint: Option<&Hint>) -> Result<Picture> {
        without_reuse(|| self.0.denoise(x, sigma, hint))
    }

    fn reach(&self) -> Reach {
        self.0.reach()
    }

    fn facts(&self) -> &ModelFacts {
        self.0.facts()
    }

    fn expect(&self, pieces: usize) {
        self.0.expect(pieces);
    }
}

fn open_plain(
    family: Family,
    arithmetic: Arithmetic,
    alpha_bar: &[f64],
    options: &ModelOptions,
) -> Result<Arc<dyn Denoiser>> {
    let form = match arithmetic {
        Arithmetic::Ours => Form::Fast,
        Arithmetic::AsPublished => Form::Plain,
    };
    let text = match family {
        Family::Own(own) => return own.embedded(options, form),
        Family::Adm256 => shipped::text("imagenet_256"),
        Family::Ddpm => shipped::text("cat"),
    };
    let config = Config::parse(text.unwrap_or_default(), family.name())?.network()?;
    let timesteps = Timesteps::new(alpha_bar)?;
    let device = backend::device(options.device)?;
    let precision = options.precision;
    let worker = Worker::of(device, options.threads)?;
    let denoiser = EpsilonDenoiser::build(worker, move || {
        let kind = backend::kind(precision, device);
        Ok(EpsilonParts {
            network: random(&config, device, kind, arithmetic)?,
            guidance: None,
            class: None,
            timesteps,
            device,
        })
    })?;
    Ok(Arc::new(denoiser))
}

/// The network of `config` with random weights, the same at every call.
fn random(
    config: &NetworkConfig,
    device: Device,
    kind: Kind,
    arithmetic: Arithmetic,
) -> Result<Box<dyn EpsilonNetwork>> {
    let shapes = match config {
        NetworkConfig::Adm(config) => shapes_of(|loader| AdmUNet::load(config, loader))?,
        NetworkConfig::Ddpm(config) => shapes_of(|loader| DdpmUNet::load(config, loader))?,
        NetworkConfig::Own(own) => return Err(no_epsilon(own)),
    };
    let weights = RandomWeights::new(shapes, 1);
    let mut loader = Loader::new(&weights, device, kind);
    if arithmetic == Arithmetic::AsPublished {
        loader.as_published();
    }
    Ok(match config {
        NetworkConfig::Ddpm(config) => Box::new(DdpmUNet::load(config, &mut loader)?),
        NetworkConfig::Adm(config) => Box::new(AdmUNet::load(config, &mut loader)?),
        NetworkConfig::Own(own) => return Err(no_epsilon(own)),
    })
}

fn no_epsilon(own: &Own) -> Error {
    Error::options(format!("{} is no ε-network", own.name))
}

/// The shapes of lean's convolutions on a picture of 640x480, and of the largest ones of the ADM
/// UNet at 256x256.
pub const SHAPES: [Shape; 6] = [
    shape(64, 240, 320),
    shape(128, 120, 160),
    shape(256, 60, 80),
    shape(256, 128, 128),
    shape(512, 64, 64),
    shape(1024, 32, 32),
];

/// A 3x3 convolution from `channels` to `channels`.
const fn shape(channels: i64, height: i64, width: i64) -> Shape {
    Shape {
        batch: 1,
        channels,
        outputs: channels,
        height,
        width,
        side: 3,
        stride: 1,
    }
}

/// Seconds of the fastest of `rounds` convolutions of `shape` in the options' arithmetic, with
/// nothing before and after it. No network of such convolutions can be faster.
///
/// # Errors
/// [`Error::Options`] for a device that is not there, [`Error::Backend`].
pub fn convolution(shape: Shape, rounds: usize, options: &ModelOptions) -> Result<f64> {
    let device = backend::device(options.device)?;
    let worker = Worker::of(device, options.threads)?;
    worker.call(move || {
        let kind = backend::kind(options.precision, device);
        let input = [shape.batch, shape.channels, shape.height, shape.width];
        let weights = [shape.outputs, shape.channels, shape.side, shape.side];
        let random = |size: [i64; 4]| -> Result<Tensor> {
            let flat = Tensor::f_randn(size, (Kind::Float, device))?;
            Ok(channels_last(&flat.f_to_kind(kind)?)?)
        };
        let (x, weight) = (random(input)?, random(weights)?);
        let bias = Tensor::f_zeros([shape.outputs], (kind, device))?;
        let geometry = Geometry {
            // Enough for the output size: 2x2 of stride 1 gives one more row and column.
            padding: (shape.side - shape.stride + 1) / 2,
            stride: shape.stride,
        };
        let packed = PackedConv::new(&weight, &bias, geometry, input).ok();
        let once = || -> Result<f64> {
            let start = Instant::now();
            let _result = match &packed {
                Some(packed) => packed.forward(&x)?,
                None => {
                    let (stride, padding) = ([geometry.stride; 2], [geometry.padding; 2]);
                    x.f_conv2d(&weight, Some(&bias), stride, padding, [1, 1], 1)?
                }
            };
            Ok(start.elapsed().as_secs_f64())
        };
        let times = (0..rounds.max(1)).map(|_| once());
        times
            .collect::<Result<Vec<_>>>()
            .map(|times| times.into_iter().fold(f64::INFINITY, f64::min))
    })
}
