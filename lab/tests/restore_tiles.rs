//! Laws of a restoration that hold for every picture: tiles do not show, seeds repeat,
//! strength blends, strict output keeps the file's levels.

#![cfg(feature = "torch")]

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use ddrmjpeg::contract::{Denoiser, Hint, ModelFacts, Reach};
use ddrmjpeg::frame::{Picture, PixelModel, Planar8};
use ddrmjpeg::model::open;
use ddrmjpeg::model::registry;
use ddrmjpeg::options::{Device, Precision, Preset};
use ddrmjpeg::restore::Restored;
use ddrmjpeg::solve::tiled::Tiled;
use ddrmjpeg::solve::tiling;
use ddrmjpeg::{Control, ModelOptions, RestoreOptions, Restorer, Result, jpeg};
use ddrmjpeg_lab::families::{Arithmetic, Family};
use ddrmjpeg_lab::networks;

/// A scene with edges, gradients, texture and colour; odd in size.
fn scene(width: usize, height: usize) -> Planar8 {
    let mut out = Planar8::new(PixelModel::Rgb, width, height, (1, 1));
    for (c, plane) in out.planes.iter_mut().enumerate() {
        for (i, value) in plane.data.iter_mut().enumerate() {
            let (x, y) = ((i % width) as f32, (i / width) as f32);
            let wave = 45.0 * (x / (7.0 + c as f32)).sin() * (y / 11.0).cos();
            let edge = if (x * 0.6 + y) as usize % 90 > 50 {
                40.0
            } else {
                -30.0
            };
            let grain = ((i * 2_654_435_761) >> 9) % 13;
            *value = (120.0 + wave + edge + grain as f32).clamp(3.0, 252.0) as u8;
        }
    }
    out
}

fn model() -> ModelOptions {
    ModelOptions::default()
        .with_device(Device::Cpu)
        .with_precision(Precision::F32)
}

fn options() -> RestoreOptions {
    RestoreOptions::default()
}

fn restore(bytes: &[u8], options: &RestoreOptions) -> Restored {
    restore_by(&model(), bytes, options)
}

fn restore_by(model: &ModelOptions, bytes: &[u8], options: &RestoreOptions) -> Restored {
    let restorer = Restorer::open(model).unwrap();
    restorer
        .restore_jpeg(bytes, options, Control::default())
        .unwrap()
}

fn largest_difference(a: &Planar8, b: &Planar8) -> u8 {
    let pairs = a.planes.iter().zip(&b.planes);
    pairs
        .flat_map(|(a, b)| a.data.iter().zip(&b.data))
        .map(|(a, b)| a.abs_diff(*b))
        .max()
        .unwrap()
}

/// The estimate of every tile against the whole picture's, in f32: 1e-4 of the [-1, 1] range
/// is a hundredth of an 8-bit level.
#[test]
fn tiles_give_the_pixels_of_the_whole_picture() {
    let bytes = jpeg::encode(&scene(407, 331), 20, (2, 2)).unwrap();
    let file = jpeg::read(&bytes, &options().limits).unwrap();
    let hint = jpeg::grid::from_file(&file).hint();
    let lean = open::open(&model()).unwrap();
    let Reach::Halo { halo_px, align_px } = lean.reach() else {
        panic!("the lean prior is made of convolutions");
    };
    let x = &hint.decoded;
    let whole = lean.denoise(x, 20.0, Some(&hint)).unwrap();
    for side in [64, 128, 256] {
        for tile in tiling::cut(x.width, x.height, side, halo_px, align_px) {
            let part = Hint {
                decoded: x.crop(tile.window),
                ..hint
            };
            let found = lean.denoise(&part.decoded, 20.0, Some(&part)).unwrap();
            let (found, wanted) = (found.crop(tile.core_in_window()), whole.crop(tile.core));
            let pairs = found.data.iter().zip(&wanted.data);
            let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= 1e-4, "{worst} at side {side}, {:?}", tile.core);
        }
    }
}

#[test]
fn the_option_tile_size_changes_the_calls_and_not_the_picture() {
    let bytes = jpeg::encode(&scene(150, 90), 20, (2, 2)).unwrap();
    let whole = restore(&bytes, &options());
    let tiled = options().with_tile_size(64);
    let tiled = restore(&bytes, &tiled);
    assert_eq!(
        (whole.report.network_calls, tiled.report.network_calls),
        (1, 6)
    );
    assert!(largest_difference(&whole.frame, &tiled.frame) <= 1);
}

/// A prior that says it takes several tiles at once, and takes them one after another.
struct SaysAtOnce(Arc<dyn Denoiser>, ModelFacts);

impl Denoiser for SaysAtOnce {
    fn denoise(&self, x: &Picture, sigma: f64, hint: Option<&Hint>) -> Result<Picture> {
        self.0.denoise(x, sigma, hint)
    }

    fn reach(&self) -> Reach {
        self.0.reach()
    }

    fn facts(&self) -> &ModelFacts {
        &self.1
    }
}

/// Asked at once, answered one by one: the same bits. Joined into calls of four, f32 may be summed
/// in another order: 1e-5 of the [-1, 1] range is a thousandth of an 8-bit level.
#[test]
fn tiles_that_are_asked_at_once_give_the_same_picture() {
    let bytes = jpeg::encode(&scene(407, 331), 20, (2, 2)).unwrap();
    let file = jpeg::read(&bytes, &options().limits).unwrap();
    let hint = jpeg::grid::from_file(&file).hint();
    // On a CPU the plain form alone gains by it, and that is measured only.
    let nano = |max_batch| {
        let options = model().with_max_batch(max_batch).with_max_delay_ms(1000.0);
        let family = Family::Own(registry::get("nano").unwrap());
        networks::open(family, Arithmetic::AsPublished, &[], &options).unwrap()
    };
    let estimate = |prior: &dyn Denoiser| {
        let calls = AtomicUsize::new(0);
        let tiled = Tiled::new(prior, 64, Control::default(), &calls);
        let estimate = tiled.denoise(&hint.decoded, 20.0, Some(&hint)).unwrap();
        (estimate, calls.into_inner())
    };
    let (single, joined) = (nano(0), nano(4));
    assert_eq!((single.facts().at_once, joined.facts().at_once), (1, 4));
    let wanted = estimate(&*single);
    let four = ModelFacts {
        at_once: 4,
        ..single.facts().clone()
    };
    assert_eq!(estimate(&SaysAtOnce(single, four)), wanted);
    let found = estimate(&*joined);
    assert_eq!(found.1, wanted.1);
    let pairs = found.0.data.iter().zip(&wanted.0.data);
    let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= 1e-5, "{worst}");
}

#[test]
fn the_same_seed_gives_the_same_pixels_and_another_does_not() {
    let bytes = jpeg::encode(&scene(96, 80), 15, (2, 2)).unwrap();
    let sample = options().with_preset(Preset::Sample);
    let first = restore(&bytes, &sample);
    assert_eq!(first, restore(&bytes, &sample));
    let other = sample.clone().with_seed(99);
    assert_ne!(first.frame, restore(&bytes, &other).frame);
    let tiled = sample.with_tile_size(64);
    assert!(largest_difference(&first.frame, &restore(&bytes, &tiled).frame) <= 1);
}

#[test]
fn strict_output_keeps_every_level_before_rounding_and_nearly_all_after() {
    for subsampling in [(1, 1), (2, 1), (2, 2), (1, 2), (4, 1)] {
        let bytes = jpeg::encode(&scene(203, 117), 50, subsampling).unwrap();
        let identity = model().with_model("identity");
        let restored = restore_by(&identity, &bytes, &options().with_strict(true));
        let consistency = restored.report.consistency.unwrap();
        assert_eq!(consistency.computed, 1.0, "{subsampling:?}");
        assert!(
            consistency.rounded >= 0.99,
            "{subsampling:?} {consistency:?}"
        );
    }
}

#[test]
fn strength_blends_between_the_decoded_picture_and_the_restored_one() {
    let bytes = jpeg::encode(&scene(96, 80), 20, (2, 2)).unwrap();
    let at = |strength| restore(&bytes, &options().with_strength(strength));
    let (none, half, full) = (at(0.0), at(0.5), at(1.0));
    assert!(!none.report.restored && full.report.restored);
    for ((a, m), b) in none.frame.planes[0]
        .data
        .iter()
        .zip(&half.frame.planes[0].data)
        .zip(&full.frame.planes[0].data)
    {
        let middle = (f32::from(*a) + f32::from(*b)) / 2.0;
        // Both ends and the middle are rounded.
        assert!((f32::from(*m) - middle).abs() <= 1.01);
    }
}

#[test]
fn every_size_from_one_pixel_and_every_sampling_is_restored() {
    for (width, height) in [(1, 1), (2, 9), (8, 8), (17, 3), (16, 33)] {
        for subsampling in [(1, 1), (2, 1), (2, 2), (1, 2), (4, 1), (4, 2)] {
            let bytes = jpeg::encode(&scene(width, height), 30, subsampling).unwrap();
            let restored = restore(&bytes, &options());
            assert_eq!(
                (restored.frame.width(), restored.frame.height()),
                (width, height)
            );
        }
    }
    let mut grey = Planar8::new(PixelModel::Grey, 19, 21, (1, 1));
    grey.planes[0] = scene(19, 21).planes[0].clone();
    let restored = restore(&jpeg::encode(&grey, 30, (1, 1)).unwrap(), &options());
    assert_eq!(restored.frame.model, PixelModel::Grey);
}

#[test]
fn restoration_brings_a_clean_scene_nearer() {
    let clean = scene(256, 192);
    for quality in [10, 20, 40] {
        let restorer = Restorer::open(&model()).unwrap();
        let gain =
            ddrmjpeg_lab::eval::gain::measure(&restorer, &clean, quality, (2, 2), &options())
                .unwrap();
        assert!(gain.restored > gain.jpeg + 0.2, "{quality}: {gain:?}");
    }
}
