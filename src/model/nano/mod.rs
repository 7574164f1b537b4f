//! The nano prior: the lean one's manner at a ninth of its work, for moving pictures.
//!
//! One scale on pixel-unshuffle 4. Tiles must begin on multiples of 16 pixels: the network is
//! told where in an MCU it is. `network` holds the layers, `shape` their sizes; the rest is its row
//! in the registry.

mod network;
mod shape;

pub(crate) use crate::model::nano::network::net;

#[cfg(test)]
mod tests {
    use crate::contract::{Denoiser, Hint, Reach};
    use crate::frame::{Picture, Rect};
    use crate::model::checkpoint::{StoreAs, write_safetensors};
    use crate::model::registry;
    use crate::model::registry::Own;
    use crate::options::{Device, ModelOptions, Precision};
    use crate::runtime::conv_engine::Form;
    use crate::runtime::tensors::TensorSource;
    use crate::runtime::tensors::shapes::RandomWeights;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    fn nano() -> &'static Own {
        registry::get("nano").unwrap()
    }

    fn metadata() -> BTreeMap<String, String> {
        nano().checkpoint().unwrap().metadata().clone()
    }

    /// A prior with random weights in f32.
    fn random() -> Arc<dyn Denoiser> {
        let metadata = metadata();
        let weights = RandomWeights::new(nano().shapes(&metadata).unwrap(), 3);
        let file = tempfile::NamedTempFile::new().unwrap();
        write_safetensors(file.path(), &weights, &metadata, StoreAs::Keep).unwrap();
        let options = ModelOptions {
            precision: Precision::F32,
            device: Device::Cpu,
            ..ModelOptions::default()
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

    fn embedded(precision: Precision) -> Arc<dyn Denoiser> {
        let options = ModelOptions {
            precision,
            device: Device::Cpu,
            ..ModelOptions::default()
        };
        nano().embedded(&options, Form::Fast).unwrap()
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
            let answer =
                |nano: &dyn Denoiser| nano.denoise(&x, sigma, Some(&hint(&y))).unwrap().data;
            let (found, wanted) = (answer(&*half), answer(&*full));
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
        let shapes = nano().shapes(&metadata()).unwrap();
        let convolutions = shapes.values().filter(|shape| shape.len() == 4);
        let macs = convolutions.map(|s| s.iter().product::<i64>()).sum::<i64>() / 16;
        assert!((20_000..=25_000).contains(&macs), "{macs}");
    }
}
