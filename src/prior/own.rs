//! The priors of our own, lean and nano, as Denoisers: embedded weights or a file.
//!
//! A checkpoint says which it is in its metadata. Called by `restore::model` and, for what the
//! families have in common, by `train`.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use tch::Kind;

use super::backend;
use super::checkpoint;
use super::convert::{to_picture, to_tensor};
use super::edm::{self, Case, Core};
use super::load::Loader;
use super::shapes::Shapes;
use super::tensors::TensorSource;
use super::weights::Weights;
use super::worker::{Owned, Worker};
use super::{lean, nano, tables};
use crate::contract::{Denoiser, Hint, Reach};
use crate::error::{Error, Result};
use crate::frame::Picture;
use crate::options::Options;

/// The networks of our own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// A U-net of 5.6 M parameters, 184 kMAC a pixel.
    #[default]
    Lean,
    /// One scale, 23.8 kMAC a pixel.
    Nano,
}

impl FromStr for Family {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "lean" => Ok(Self::Lean),
            "nano" => Ok(Self::Nano),
            other => Err(Error::Options(format!(
                "model kind {other:?}: must be lean or nano"
            ))),
        }
    }
}

impl Family {
    /// What a checkpoint's metadata say it is; lean when they say nothing.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] for another kind.
    pub fn of(metadata: &BTreeMap<String, String>) -> Result<Self> {
        match metadata.get("kind").map(String::as_str) {
            None | Some("lean") => Ok(Self::Lean),
            Some("nano") => Ok(Self::Nano),
            Some(other) => Err(Error::Checkpoint(format!(
                "kind = {other:?}: must be lean or nano"
            ))),
        }
    }

    /// The metadata of the one that ships.
    ///
    /// # Errors
    /// None in a build that passes its tests.
    pub fn metadata(self) -> Result<BTreeMap<String, String>> {
        match self {
            Self::Lean => Ok(lean::embedded_checkpoint()?.metadata().clone()),
            Self::Nano => Ok(nano::metadata()),
        }
    }

    /// Pixels around a tile that matter to it.
    fn halo_px(self) -> usize {
        match self {
            Self::Lean => lean::HALO_PX,
            Self::Nano => nano::HALO_PX,
        }
    }
}

/// Names and shapes of the tensors of the network that `metadata` describe.
///
/// # Errors
/// [`Error::Checkpoint`] when they describe none.
pub fn shapes(metadata: &BTreeMap<String, String>) -> Result<Shapes> {
    match Family::of(metadata)? {
        Family::Lean => lean::shapes(metadata),
        Family::Nano => nano::shapes(metadata),
    }
}

/// F of `weights`, which may be changing, in the arithmetic `kind`.
///
/// # Errors
/// [`Error::Checkpoint`] when `metadata` describe no network of ours.
pub(crate) fn core(
    metadata: &BTreeMap<String, String>,
    weights: &mut dyn Weights,
    kind: Kind,
) -> Result<Box<dyn Core>> {
    match Family::of(metadata)? {
        Family::Lean => lean::core(metadata, weights, kind),
        Family::Nano => nano::core(metadata, weights, kind),
    }
}

/// A prior of our own on one device.
pub struct Own {
    network: Owned<Box<dyn Core>>,
    family: Family,
    device: tch::Device,
    kind: Kind,
}

impl Own {
    /// The lean prior that is built in.
    ///
    /// # Errors
    /// [`Error::Options`] for a device that is not there, or backend failures.
    pub fn lean(options: &Options) -> Result<Self> {
        Self::load(Box::new(lean::embedded_checkpoint()?), options)
    }

    /// The weights in the file `path`.
    ///
    /// # Errors
    /// As [`Self::lean`]; [`Error::Io`] and [`Error::Checkpoint`] for the file.
    pub fn open(path: &Path, options: &Options) -> Result<Self> {
        Self::load(checkpoint::open(path)?, options)
    }

    fn load(source: Box<dyn TensorSource>, options: &Options) -> Result<Self> {
        let family = Family::of(source.metadata())?;
        let device = backend::device(options.device)?;
        let kind = backend::kind(options.precision, device);
        let worker = Worker::of(device, options.threads)?;
        let network = Owned::build(worker, move || {
            let mut loader = Loader::new(&*source, device, Kind::Float);
            let network = core(source.metadata(), &mut loader, kind);
            loader.finish()?;
            network
        })?;
        Ok(Self {
            network,
            family,
            device,
            kind,
        })
    }

    /// The arithmetic inside the network, as a word for reports.
    pub fn precision(&self) -> &'static str {
        match self.kind {
            Kind::BFloat16 => "bf16",
            _ => "f32",
        }
    }
}

impl Denoiser for Own {
    fn denoise(&self, x: &Picture, sigma: f64, hint: Option<&Hint>) -> Result<Picture> {
        let device = self.device;
        let x = x.clone();
        let decoded = hint.map(|hint| hint.decoded.clone());
        let tables = hint.map_or([0.0; tables::LENGTH], tables::describe);
        self.network.with(move |network| {
            let x = to_tensor(&x, device)?;
            let y = match decoded {
                Some(decoded) => to_tensor(&decoded, device)?,
                None => x.f_zeros_like()?,
            };
            let case = Case { sigma, tables };
            to_picture(&edm::estimate(&**network, &x, &y, &[case])?)
        })
    }

    fn reach(&self) -> Reach {
        Reach::Halo {
            halo_px: self.family.halo_px(),
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
    use crate::prior::checkpoint::{StoreAs, write_safetensors};
    use crate::prior::shapes::RandomWeights;
    use safetensors::SafeTensors;
    use tch::Tensor;

    const NUMBERS: &[u8] = include_bytes!("../../tests/data/lean_numbers.safetensors");

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
        let lean = Own::lean(&options).unwrap();
        let (x, y) = (numbers("x"), numbers("y"));
        let (sigma, qvec, x0) = (numbers("sigma"), numbers("qvec"), numbers("x0"));
        let n = 3 * 48 * 64;
        let case = |i: usize| {
            let part = |data: &[f32]| Tensor::from_slice(&data[i * n..(i + 1) * n]);
            let x = part(&x).view([1, 3, 48, 64]);
            let y = part(&y).view([1, 3, 48, 64]);
            let wanted = part(&x0).view([1, 3, 48, 64]);
            let level = f64::from(sigma[i]);
            let tables = std::array::from_fn(|k| qvec[12 * i + k]);
            let got = lean
                .network
                .with(move |net| {
                    let sigma = level;
                    edm::estimate(&**net, &x, &y, &[Case { sigma, tables }])
                })
                .unwrap();
            (got - &wanted).norm().double_value(&[]) / wanted.norm().double_value(&[])
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

    /// A prior with random weights for the metadata of `family`.
    fn random(family: Family) -> Own {
        let metadata = family.metadata().unwrap();
        let weights = RandomWeights::new(shapes(&metadata).unwrap(), 3);
        let file = tempfile::NamedTempFile::new().unwrap();
        write_safetensors(file.path(), &weights, &metadata, StoreAs::Keep).unwrap();
        let options = Options {
            precision: Precision::F32,
            device: Device::Cpu,
            ..Options::default()
        };
        Own::open(file.path(), &options).unwrap()
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
        let own = random(Family::Nano);
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
        let own = random(Family::Nano);
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

    #[test]
    fn kinds_are_told_by_their_metadata() {
        let of = |kind: &str| Family::of(&[("kind".to_owned(), kind.to_owned())].into());
        assert_eq!(of("nano").unwrap(), Family::Nano);
        assert_eq!(Family::of(&BTreeMap::new()).unwrap(), Family::Lean);
        assert!(of("huge").unwrap_err().to_string().contains("\"huge\""));
    }

    /// Multiply-adds of the convolutions per pixel of the picture, from the shapes: each weight
    /// is used once per pixel of its scale.
    #[test]
    fn nano_stays_within_25_kmac_a_pixel() {
        let shapes = nano::shapes(&nano::metadata()).unwrap();
        let convolutions = shapes.values().filter(|shape| shape.len() == 4);
        let macs = convolutions.map(|s| s.iter().product::<i64>()).sum::<i64>() / 16;
        assert!((20_000..=25_000).contains(&macs), "{macs}");
    }
}
