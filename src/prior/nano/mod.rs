//! The nano prior: the lean one's manner at a ninth of its work, for moving pictures.
//!
//! One scale on pixel-unshuffle 4. Tiles must begin on multiples of 16 pixels: the network is
//! told where in an MCU it is. `network` holds the layers, this file the contract.

mod config;
mod network;

use std::collections::BTreeMap;

use tch::Kind;

use self::config::Config;
use self::network::Network;
use super::backend;
use super::convert::{to_picture, to_tensor};
use super::edm::{self, Case, Core};
use super::load::Loader;
use super::shapes::{Shapes, shapes_of};
use super::tables;
use super::tensors::TensorSource;
use super::weights::Weights;
use super::worker::{Owned, Worker};
use crate::contract::{Denoiser, Hint, Reach};
use crate::error::Result;
use crate::frame::Picture;
use crate::options::Options;

/// Pixels around a tile that matter to it: ten 3x3 convolutions at 1/4 of the resolution reach
/// 40 pixels, and tiles begin on multiples of 16.
const HALO_PX: usize = 48;

/// Names and shapes of the tensors of the network that `metadata` describe.
///
/// # Errors
/// [`crate::Error::Checkpoint`] when they describe none.
pub fn shapes(metadata: &BTreeMap<String, String>) -> Result<Shapes> {
    let config = Config::of(metadata)?;
    shapes_of(|loader| Network::load(&config, loader, Kind::Float))
}

/// The metadata of the network that ships.
pub fn metadata() -> BTreeMap<String, String> {
    Config::shipped()
}

/// F of `weights`, which may be changing, in the arithmetic `kind`.
///
/// # Errors
/// [`crate::Error::Checkpoint`] when the metadata describe no nano network.
pub(super) fn core(
    metadata: &BTreeMap<String, String>,
    weights: &mut dyn Weights,
    kind: Kind,
) -> Result<Box<dyn Core>> {
    let config = Config::of(metadata)?;
    Ok(Box::new(Network::load(&config, weights, kind)?))
}

/// The nano prior on one device.
pub struct Nano {
    network: Owned<Network>,
    device: tch::Device,
}

impl Nano {
    /// The weights in `source`.
    ///
    /// # Errors
    /// [`crate::Error::Options`] for a device that is not there, [`crate::Error::Checkpoint`]
    /// when they are not nano's, or backend failures.
    pub(super) fn load(source: Box<dyn TensorSource>, options: &Options) -> Result<Self> {
        let config = Config::of(source.metadata())?;
        let device = backend::device(options.device)?;
        let kind = backend::kind(options.precision, device);
        let worker = Worker::of(device, options.threads)?;
        let network = Owned::build(worker, move || {
            let mut loader = Loader::new(&*source, device, Kind::Float);
            let network = Network::load(&config, &mut loader, kind);
            loader.finish()?;
            network
        })?;
        Ok(Self { network, device })
    }
}

impl Denoiser for Nano {
    fn denoise(&self, x: &Picture, sigma: f64, hint: Option<&Hint>) -> Result<Picture> {
        let device = self.device;
        let x = x.clone();
        let decoded = hint.map(|hint| hint.decoded.clone());
        let tables = hint.map_or([0.0; tables::LENGTH], tables::describe);
        let case = Case { sigma, tables };
        self.network.with(move |network| {
            let x = to_tensor(&x, device)?;
            let y = match decoded {
                Some(decoded) => to_tensor(&decoded, device)?,
                None => x.f_zeros_like()?,
            };
            to_picture(&edm::estimate(network, &x, &y, &[case])?)
        })
    }

    fn reach(&self) -> Reach {
        Reach::Halo {
            halo_px: HALO_PX,
            align_px: 16,
        }
    }

    fn one_call(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Rect;
    use crate::options::{Device, Precision};
    use crate::prior::checkpoint::{self, StoreAs, write_safetensors};
    use crate::prior::shapes::RandomWeights;

    /// A prior with random weights for the metadata of `family`.
    fn random() -> Nano {
        let metadata = metadata();
        let weights = RandomWeights::new(shapes(&metadata).unwrap(), 3);
        let file = tempfile::NamedTempFile::new().unwrap();
        write_safetensors(file.path(), &weights, &metadata, StoreAs::Keep).unwrap();
        let options = Options {
            precision: Precision::F32,
            device: Device::Cpu,
            ..Options::default()
        };
        Nano::load(checkpoint::open(file.path()).unwrap(), &options).unwrap()
    }

    fn waves(width: usize, height: usize) -> Picture {
        let data =
            (0..3 * width * height).map(|i| (i as f32 * 0.37).sin() * (i as f32 * 0.011).cos());
        Picture::from_data(3, width, height, data.collect()).unwrap()
    }

    /// A tile on a multiple of 16 with its halo has the whole picture's pixels. Ten layers of
    /// f32 summed in another order leave 1e-5 of values of order one.
    #[test]
    fn a_nano_tile_with_its_halo_is_the_whole_pictures() {
        let own = random();
        let Reach::Halo { halo_px, align_px } = own.reach() else {
            panic!("nano only convolves");
        };
        let whole = waves(208, 176);
        let hint = |decoded: &Picture| Hint {
            decoded: decoded.clone(),
            luma: [20; 64],
            chroma: [30; 64],
            subsampling: (2, 2),
        };
        let rect = Rect {
            x: align_px,
            y: 0,
            width: 160,
            height: 144,
        };
        let part = whole.crop(rect);
        for sigma in [0.3, 20.0] {
            let all = own.denoise(&whole, sigma, Some(&hint(&whole))).unwrap();
            let tile = own.denoise(&part, sigma, Some(&hint(&part))).unwrap();
            let inner = Rect {
                x: halo_px,
                y: 0,
                width: rect.width - 2 * halo_px,
                height: rect.height - halo_px,
            };
            let same = Rect {
                x: inner.x + rect.x,
                ..inner
            };
            let pairs = all.crop(same).data.into_iter().zip(tile.crop(inner).data);
            let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-5, "{worst} at {sigma}");
        }
    }

    /// Most of the picture must change when the tile's corner is off the grid, or the network
    /// would not know where it is.
    #[test]
    fn nano_knows_where_it_is() {
        let own = random();
        let even = waves(64, 64);
        let pixel = |x: usize| {
            let rect = Rect {
                x,
                y: 0,
                width: 48,
                height: 48,
            };
            own.denoise(&even.crop(rect), 0.3, None).unwrap()
        };
        let (a, b) = (pixel(0), pixel(4));
        assert_ne!(a.plane(0)[20 * 48 + 24], b.plane(0)[20 * 48 + 20]);
    }

    /// Multiply-adds of the convolutions per pixel of the picture, from the shapes: each weight
    /// is used once per pixel of its scale.
    #[test]
    fn nano_stays_within_25_kmac_a_pixel() {
        let shapes = shapes(&metadata()).unwrap();
        let convolutions = shapes.values().filter(|shape| shape.len() == 4);
        let macs = convolutions.map(|s| s.iter().product::<i64>()).sum::<i64>() / 16;
        assert!((20_000..=25_000).contains(&macs), "{macs}");
    }
}
