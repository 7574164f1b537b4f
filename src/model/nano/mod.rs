//! The nano prior: the lean one's manner at a ninth of its work, for moving pictures.
//!
//! One scale on pixel-unshuffle 4. Tiles must begin on multiples of 16 pixels: the network is
//! told where in an MCU it is. `network` holds the layers, `film` what runs them, this file the
//! contract.

mod network;
mod shape;

use std::collections::BTreeMap;

use tch::Kind;

use crate::contract::{Denoiser, Follower, Hint, QuantSteps, Reach, mean_log2};
use crate::error::Result;
use crate::frame::Picture;
use crate::model::checkpoint::Checkpoint;
use crate::model::gate_limits;
use crate::model::nano::network::Network;
use crate::model::nano::shape::Config;
use crate::options::Options;
use crate::runtime::conv_engine::{Form, Prior};
use crate::runtime::conv_net::edm::Core;
use crate::runtime::tensors::TensorSource;
use crate::runtime::tensors::metadata;
use crate::runtime::tensors::shapes::{Shapes, shapes_of};
use crate::runtime::tensors::source::Weights;

/// The weights that ship with the library, f16.
static EMBEDDED: &[u8] = include_bytes!("../../../models/nano.safetensors");

/// Pixels around a tile that matter to it: ten 3x3 convolutions at 1/4 of the resolution reach
/// 40 pixels, and tiles begin on multiples of 16.
const HALO_PX: usize = 48;

/// Mean log2 of the luma steps below which nothing is gained where chroma is not subsampled:
/// between libjpeg's quality 94 (2.43) and 95 (2.16).
const FINE: f64 = 2.3;

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
/// [`crate::Error::Checkpoint`] when the metadata describe no nano network.
pub(crate) fn core(
    metadata: &BTreeMap<String, String>,
    weights: &mut dyn Weights,
    kind: Kind,
) -> Result<Box<dyn Core>> {
    let config = Config::of(metadata)?;
    Ok(Box::new(Network::load(&config, weights, kind)?))
}

/// The nano prior on one device.
pub struct Nano {
    prior: Prior<Network>,
    one_call_only: bool,
}

impl Nano {
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
    /// As [`Self::embedded`]; [`crate::Error::Checkpoint`] when they are not nano's.
    pub(crate) fn load(
        source: Box<dyn TensorSource>,
        options: &Options,
        form: Form,
    ) -> Result<Self> {
        let config = Config::of(source.metadata())?;
        let one_call_only = metadata::one_call_only(source.metadata());
        let build = move |weights: &mut dyn Weights, kind| Network::load(&config, weights, kind);
        Ok(Self {
            prior: Prior::load(source, options, form, build)?,
            one_call_only,
        })
    }
}

impl Denoiser for Nano {
    fn denoise(&self, x: &Picture, sigma: f64, hint: Option<&Hint>) -> Result<Picture> {
        self.prior.denoise(x, sigma, hint)
    }

    fn precision(&self) -> Option<&'static str> {
        Some(self.prior.precision())
    }

    fn caution(&self) -> Option<&str> {
        self.prior.caution()
    }

    fn reach(&self) -> Reach {
        Reach::Halo {
            halo_px: HALO_PX,
            align_px: 16,
        }
    }

    fn pixel_bytes(&self) -> usize {
        self.prior.pixel_bytes()
    }

    fn one_call(&self) -> bool {
        true
    }

    fn one_call_only(&self) -> bool {
        self.one_call_only
    }

    fn at_once(&self) -> usize {
        self.prior.at_once()
    }

    fn expect(&self, pieces: usize) {
        self.prior.expect(pieces);
    }

    fn strange_share(&self, luma: &QuantSteps, subsampling: (usize, usize)) -> Option<f64> {
        match subsampling == (1, 1) && mean_log2(luma) < FINE {
            true => Some(0.0),
            false => gate_limits::strange_share(luma, subsampling, self.prior.knows_drawings()),
        }
    }

    fn follower(&self) -> Option<Box<dyn Follower>> {
        self.prior.follower()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Rect;
    use crate::model::checkpoint;
    use crate::model::checkpoint::{StoreAs, write_safetensors};
    use crate::options::{Device, Precision};
    use crate::runtime::tensors::shapes::RandomWeights;

    fn metadata() -> BTreeMap<String, String> {
        embedded_checkpoint().unwrap().metadata().clone()
    }

    /// A prior with random weights in f32.
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
        let source = checkpoint::open(file.path()).unwrap();
        Nano::load(source, &options, Form::Fast).unwrap()
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

    fn embedded(precision: Precision) -> Nano {
        let options = Options {
            precision,
            device: Device::Cpu,
            ..Options::default()
        };
        Nano::embedded(&options, Form::Fast).unwrap()
    }

    fn hint(decoded: &Picture) -> Hint {
        Hint {
            decoded: decoded.clone(),
            luma: [20; 64],
            chroma: [30; 64],
            subsampling: (2, 2),
        }
    }

    /// bf16 has 8 bits of mantissa: 1e-2 is what lean's recorded numbers allow it.
    #[test]
    fn bf16_is_f32_rounded() {
        let y = waves(96, 64);
        let x = Picture::from_data(3, 96, 64, y.data.iter().map(|y| y + 0.1).collect()).unwrap();
        let (half, full) = (embedded(Precision::Bf16), embedded(Precision::F32));
        for sigma in [0.3, 20.0] {
            let answer = |nano: &Nano| nano.denoise(&x, sigma, Some(&hint(&y))).unwrap().data;
            let (found, wanted) = (answer(&half), answer(&full));
            let square = |x: f32| f64::from(x).powi(2);
            let apart: f64 = found.iter().zip(&wanted).map(|(a, b)| square(a - b)).sum();
            let size: f64 = wanted.iter().map(|&b| square(b)).sum();
            assert!((apart / size).sqrt() < 1e-2, "{apart} of {size} at {sigma}");
        }
    }

    /// In one call x is at rest: whatever it holds, even what is no number, is not looked at.
    #[test]
    fn one_call_does_not_look_at_x() {
        let y = waves(64, 48);
        let nothing = Picture::from_data(3, 64, 48, vec![f32::NAN; 3 * 64 * 48]).unwrap();
        for precision in [Precision::Bf16, Precision::F32] {
            let nano = embedded(precision);
            let answer = |x: &Picture| nano.denoise(x, 20.0, Some(&hint(&y))).unwrap();
            let found = answer(&nothing);
            assert!(found.data.iter().all(|x| x.is_finite()));
            assert_eq!(found, answer(&y));
        }
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
