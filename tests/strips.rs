//! A picture that is restored in strips has the pixels and the report of the whole picture
//! restored in the same tiles: for every sampling, turned, damaged, saved twice.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ddrmjpeg::contract::gate_limits::GateLimits;
use ddrmjpeg::frame::{Orientation, Picture, PixelModel, Planar8};
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::file::write::{Quantiser, encode_by};
use ddrmjpeg::jpeg::grid::tables;
use ddrmjpeg::options::Preset;
use ddrmjpeg::restore::{Gate, Report};
use ddrmjpeg::{
    Control, Denoiser, Error, Hint, ModelFacts, PackedFile, Reach, RestoreOptions, Restorer, Result,
};

const TILE: usize = 96;

/// Each pixel of the decoded picture with those around it, as far as the halo goes.
struct Blur(ModelFacts);

impl Blur {
    const HALO: usize = 16;

    fn restorer(gate: Option<GateLimits>) -> Restorer {
        let facts = ModelFacts {
            one_call: true,
            gate,
            ..ModelFacts::default()
        };
        Restorer::with_denoiser(Arc::new(Self(facts)))
    }
}

impl Denoiser for Blur {
    fn denoise(&self, _: &Picture, _: f64, hint: Option<&Hint>) -> Result<Picture> {
        let decoded = &hint.expect("a hint").decoded;
        let mut out = decoded.clone();
        let (width, height) = (decoded.width, decoded.height);
        for c in 0..3 {
            let from = decoded.plane(c);
            for (i, value) in out.plane_mut(c).iter_mut().enumerate() {
                let (x, y) = (i % width, i / width);
                let (right, low) = (x + Self::HALO, y + Self::HALO);
                let near = from[y * width + (x + 1).min(width - 1)];
                let far = from[y * width + right.min(width - 1)];
                let below = from[low.min(height - 1) * width + x];
                let above = from[y.saturating_sub(Self::HALO) * width + x];
                *value = 0.7 * *value + 0.2 * near + 0.03 * far + 0.04 * below + 0.03 * above;
            }
        }
        Ok(out)
    }

    fn reach(&self) -> Reach {
        Reach::Halo {
            halo_px: Self::HALO,
            align_px: 8,
        }
    }

    fn facts(&self) -> &ModelFacts {
        &self.0
    }
}

fn scene(model: PixelModel, width: usize, height: usize) -> Planar8 {
    let mut out = Planar8::new(model, width, height, (1, 1));
    for (c, plane) in out.planes.iter_mut().enumerate() {
        for (i, value) in plane.data.iter_mut().enumerate() {
            let (x, y) = ((i % width) as f32, (i / width) as f32);
            let wave = 60.0 * (x / (9.0 + c as f32)).sin() * (y / 13.0).cos();
            let grain = ((i * 2_654_435_761) >> 9) % 23;
            *value = (110.0 + wave + grain as f32).clamp(0.0, 255.0) as u8;
        }
    }
    out
}

fn options() -> RestoreOptions {
    RestoreOptions::default().with_tile_size(TILE)
}

/// The strips below each other.
fn joined(strips: Vec<Planar8>) -> Planar8 {
    let mut strips = strips.into_iter();
    let mut all = strips.next().expect("a strip");
    for strip in strips {
        for (all, plane) in all.planes.iter_mut().zip(strip.planes) {
            assert_eq!(all.width, plane.width);
            all.height += plane.height;
            all.data.extend(plane.data);
        }
    }
    all
}

fn in_strips(
    restorer: &Restorer,
    bytes: &[u8],
    orientation: Orientation,
    options: &RestoreOptions,
) -> (Planar8, Report) {
    let file = PackedFile::read(bytes, &options.limits).unwrap();
    let mut strips = Vec::new();
    let mut write = |strip| {
        strips.push(strip);
        Ok(())
    };
    let report =
        restorer.restore_in_strips(&file, orientation, options, Control::default(), &mut write);
    let report = report.unwrap();
    assert!(strips.len() > 1);
    (joined(strips), report)
}

/// Both ways; the same pixels, and the same report.
#[track_caller]
fn agree(bytes: &[u8], options: &RestoreOptions) -> Report {
    agree_by(&Blur::restorer(None), bytes, options)
}

#[track_caller]
fn agree_by(restorer: &Restorer, bytes: &[u8], options: &RestoreOptions) -> Report {
    let whole = restorer.restore_jpeg(bytes, options, Control::default());
    let whole = whole.unwrap();
    let (frame, report) = in_strips(restorer, bytes, Orientation::default(), options);
    assert!(frame == whole.frame, "the pixels differ");
    // A tile of which nothing is known is not asked for.
    let mut wanted = whole.report;
    assert!(report.network_calls <= wanted.network_calls);
    wanted.network_calls = report.network_calls;
    assert_eq!(report, wanted);
    report
}

fn encoded(size: (usize, usize), subsampling: (usize, usize)) -> Vec<u8> {
    jpeg::encode(&scene(PixelModel::Rgb, size.0, size.1), 60, subsampling).unwrap()
}

#[test]
fn every_sampling_has_the_pixels_of_the_whole() {
    // Odd; beside a tile's edge by a block; whole MCUs.
    for size in [(333, 277), (200, 193), (288, 192)] {
        for subsampling in [(1, 1), (2, 1), (2, 2), (1, 2)] {
            let report = agree(&encoded(size, subsampling), &options());
            assert!(report.restored && report.departures.left > 0);
        }
    }
}

#[test]
fn grey_strict_blended_and_unheld_pictures_have_them_too() {
    let grey = jpeg::encode(&scene(PixelModel::Grey, 250, 210), 40, (1, 1)).unwrap();
    assert!(agree(&grey, &options()).restored);
    let bytes = encoded((250, 210), (2, 2));
    let strict = agree(&bytes, &options().with_strict(true));
    assert!(strict.consistency.is_some());
    agree(&bytes, &options().with_strength(0.4));
    assert!(!agree(&bytes, &options().with_strength(0.0)).restored);
    let stated = options().with_assume_quality("20".parse().unwrap());
    assert!(agree(&bytes, &stated).released);
}

#[test]
fn a_picture_that_is_turned_is_the_whole_one_turned() {
    let bytes = encoded((333, 277), (2, 1));
    let restorer = Blur::restorer(None);
    let whole = restorer.restore_jpeg(&bytes, &options(), Control::default());
    let whole = whole.unwrap().frame;
    for orientation in Orientation::all() {
        let (frame, _) = in_strips(&restorer, &bytes, orientation, &options());
        assert!(frame == orientation.picture(&whole), "{orientation:?}");
    }
}

#[test]
fn what_is_not_rounded_rounds_to_the_same() {
    let bytes = encoded((250, 210), (2, 2));
    let restorer = Blur::restorer(None);
    let file = PackedFile::read(&bytes, &options().limits).unwrap();
    let whole = jpeg::read(&bytes, &options().limits).unwrap();
    let control = Control::default();
    let (wanted, _) = restorer
        .restore_unrounded(&whole, &options(), control)
        .unwrap();
    let mut rows = 0;
    let mut write = |strip: Picture| {
        for c in 0..3 {
            let from = rows * wanted.width;
            assert_eq!(
                strip.plane(c),
                &wanted.plane(c)[from..][..strip.plane_len()]
            );
        }
        rows += strip.height;
        Ok(())
    };
    let turn = Orientation::default();
    let options = options();
    let done = restorer.restore_in_strips_unrounded(&file, turn, &options, control, &mut write);
    done.unwrap();
    assert_eq!(rows, 210);
}

/// Files that are cut, and progressive ones that are.
#[test]
fn damaged_files_are_as_in_the_whole() {
    let whole = encoded((333, 277), (2, 2));
    let (luma, chroma) = tables::ijg_pair(70);
    let scene = scene(PixelModel::Rgb, 333, 277);
    let progressive = encode_by(&scene, &[luma, chroma, chroma], (2, 2), Quantiser::Trellis);
    let progressive = progressive.unwrap();
    assert!(agree(&progressive, &options()).restored);
    for bytes in [&whole, &progressive] {
        for share in [3, 5, 7] {
            let cut = &bytes[..bytes.len() * share / 8];
            let report = agree(cut, &options());
            assert!(report.notes[0].contains("damaged") || report.notes[0].contains("incomplete"));
            agree(cut, &options().with_strength(0.5));
        }
    }
}

/// Where one level may be that of either neighbour, two solutions of a system of equations in f32
/// may round to another.
#[test]
fn what_was_saved_twice_is_found_and_undone() {
    for subsampling in [(1, 1), (2, 2)] {
        let once = jpeg::encode(&scene(PixelModel::Rgb, 400, 320), 40, subsampling).unwrap();
        let shown = jpeg::file::pixels::decode(&once, &options().limits).unwrap();
        let twice = jpeg::encode(&shown, 90, subsampling).unwrap();
        let restorer = Blur::restorer(None);
        let whole = restorer.restore_jpeg(&twice, &options(), Control::default());
        let whole = whole.unwrap();
        let upright = Orientation::default();
        let (frame, report) = in_strips(&restorer, &twice, upright, &options());
        assert!(report.resaved);
        assert_eq!(report.notes, whole.report.notes);
        let pairs = frame.planes.iter().zip(&whole.frame.planes);
        let others = pairs.flat_map(|(a, b)| a.data.iter().zip(&b.data));
        let others = others.filter(|(a, b)| a != b).count();
        assert!(others * 1000 < 400 * 320, "{others}");
    }
}

#[test]
fn what_was_cut_between_two_saves_is_found_and_released() {
    let picture = image::open("examples/pictures/raccoon.png")
        .unwrap()
        .to_rgb8();
    let clean = Planar8::from_rgb(640, 480, picture.as_raw());
    let once = jpeg::encode(&clean, 20, (2, 2)).unwrap();
    let shown = ddrmjpeg::decode(&once, &options().limits).unwrap();
    let twice = jpeg::encode(&shown.without_margin((4, 4)), 90, (2, 2)).unwrap();
    let report = agree(&twice, &options());
    assert!(report.moved.is_some() && report.released);
}

#[test]
fn the_gate_and_what_is_strange_are_as_in_the_whole() {
    let bytes = encoded((333, 277), (2, 1));
    let closed = Blur::restorer(Some(GateLimits::of_all(0.0)));
    let report = agree_by(&closed, &bytes, &options());
    assert_eq!((report.gate, report.network_calls), (Gate::Closed, 0));
    let strange = Blur::restorer(Some(GateLimits::of_all(1e-6)));
    let whole = strange.restore_jpeg(&bytes, &options(), Control::default());
    let whole = whole.unwrap();
    let (frame, report) = in_strips(&strange, &bytes, Orientation::default(), &options());
    assert!(frame == whole.frame && !report.restored);
    assert_eq!(
        (report.gate, report.notes),
        (Gate::Closed, whole.report.notes)
    );
    let usual = Blur::restorer(Some(GateLimits::of_all(0.9)));
    let (_, report) = in_strips(&usual, &bytes, Orientation::default(), &options());
    assert!(report.restored);
}

#[test]
fn it_ends_when_asked_to_and_where_a_strip_is_refused() {
    let file = PackedFile::read(&encoded((333, 277), (2, 2)), &options().limits).unwrap();
    let restorer = Blur::restorer(None);
    let turn = Orientation::default();
    let refuse = |_: Planar8| Err(Error::Input("no more".into()));
    let (options, control) = (options(), Control::default());
    let ended = restorer.restore_in_strips(&file, turn, &options, control, &mut { refuse });
    assert!(ended.unwrap_err().to_string().contains("no more"));
    let cancel = AtomicBool::new(true);
    let control = Control {
        cancel: Some(&cancel),
        ..control
    };
    let mut none = |_: Planar8| panic!("nothing was made");
    let ended = restorer.restore_in_strips(&file, turn, &options, control, &mut none);
    assert!(matches!(ended, Err(Error::Cancelled)));
}

#[test]
fn presets_that_look_further_are_refused() {
    let file = PackedFile::read(&encoded((333, 277), (2, 2)), &options().limits).unwrap();
    let restorer = Blur::restorer(None);
    let sample = options().with_preset(Preset::Sample);
    assert!(!restorer.can_restore_in_strips(&sample));
    assert!(restorer.can_restore_in_strips(&options()));
    let mut none = |_: Planar8| panic!("nothing was made");
    let turn = Orientation::default();
    let refused = restorer.restore_in_strips(&file, turn, &sample, Control::default(), &mut none);
    assert!(matches!(refused, Err(Error::Options(_))));
}
