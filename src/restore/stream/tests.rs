//! The law of reuse: whatever changes from frame to frame, a stream gives what each frame by
//! itself would, bit for bit, and does no more work than what has changed asks for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Fresh, Stream};
use crate::contract::{Control, Denoiser, Follower, Hint, Reach};
use crate::error::{Error, Result};
use crate::frame::{Picture, PixelModel, Planar8, Rect};
use crate::jpeg::{self, JpegFile};
use crate::options::{Limits, Options, Temporal};
use crate::restore::{FrameTables, Layout, Report, Restored, Restorer};

/// A prior that looks [`HALO`] pixels far and answers in one call: a blur of the decoded picture,
/// darker where the pixel's own value is large, so that it leaves the cells here and there.
#[derive(Default)]
struct Blur {
    /// Whether it follows.
    follows: bool,
    /// Share of far departures above which it is strange.
    strange: Option<f64>,
    /// Pixels computed.
    computed: Arc<AtomicUsize>,
}

const HALO: usize = 3;

/// One pixel of the answer.
fn answer(decoded: &Picture, c: usize, x: usize, y: usize) -> f32 {
    let plane = decoded.plane(c);
    let (mut sum, mut count) = (0.0f32, 0.0f32);
    for yy in y.saturating_sub(HALO)..(y + HALO + 1).min(decoded.height) {
        for xx in x.saturating_sub(HALO)..(x + HALO + 1).min(decoded.width) {
            sum += plane[yy * decoded.width + xx];
            count += 1.0;
        }
    }
    sum / count - 0.1 * plane[y * decoded.width + x]
}

fn fill(decoded: &Picture, rect: Rect, out: &mut Picture) {
    for c in 0..3 {
        for y in rect.y..rect.y + rect.height {
            for x in rect.x..rect.x + rect.width {
                out.data[(c * out.height + y) * out.width + x] = answer(decoded, c, x, y);
            }
        }
    }
}

fn whole(picture: &Picture) -> Rect {
    Rect {
        x: 0,
        y: 0,
        width: picture.width,
        height: picture.height,
    }
}

impl Denoiser for Blur {
    fn denoise(&self, x: &Picture, _: f64, hint: Option<&Hint>) -> Result<Picture> {
        let decoded = &hint
            .ok_or_else(|| Error::Backend("no hint".into()))?
            .decoded;
        let mut out = x.clone();
        fill(decoded, whole(x), &mut out);
        self.computed.fetch_add(x.plane_len(), Ordering::Relaxed);
        Ok(out)
    }

    fn reach(&self) -> Reach {
        Reach::Halo {
            halo_px: HALO,
            align_px: 16,
        }
    }

    fn one_call(&self) -> bool {
        true
    }

    fn strange_share(&self) -> Option<f64> {
        self.strange
    }

    fn follower(&self) -> Option<Box<dyn Follower>> {
        let computed = self.computed.clone();
        self.follows
            .then(|| Box::new(Following { computed }) as Box<dyn Follower>)
    }
}

struct Following {
    computed: Arc<AtomicUsize>,
}

impl Follower for Following {
    fn follow(&mut self, hint: &Hint, changed: &[Rect], out: &mut Picture) -> Result<Vec<Rect>> {
        let mut answered = Vec::new();
        for rect in changed {
            let (x, y) = (rect.x.saturating_sub(HALO), rect.y.saturating_sub(HALO));
            let wider = Rect {
                x,
                y,
                width: (rect.x + rect.width + HALO).min(out.width) - x,
                height: (rect.y + rect.height + HALO).min(out.height) - y,
            };
            fill(&hint.decoded, wider, out);
            self.computed
                .fetch_add(wider.width * wider.height, Ordering::Relaxed);
            answered.push(wider);
        }
        Ok(answered)
    }
}

/// Smooth ramps with texture, and a square of another colour at `at`.
fn scene(model: PixelModel, (width, height): (usize, usize), at: (usize, usize)) -> Planar8 {
    let mut out = Planar8::new(model, width, height, (1, 1));
    for (c, plane) in out.planes.iter_mut().enumerate() {
        for (i, value) in plane.data.iter_mut().enumerate() {
            let (x, y) = (i % width, i / width);
            let inside = (at.0..at.0 + 12).contains(&x) && (at.1..at.1 + 10).contains(&y);
            let texture = (x * (c + 1) + 2 * y + (x * y) % 23) % 150 + 60;
            *value = (if inside { 210 - texture / 2 } else { texture }) as u8;
        }
    }
    out
}

fn file(picture: &Planar8, quality: u8, sampling: (usize, usize)) -> JpegFile {
    let bytes = jpeg::encode(picture, quality, sampling).unwrap();
    jpeg::read(&bytes, &Limits::default()).unwrap()
}

fn restorer(prior: Blur) -> Restorer {
    Restorer::with_denoiser(Arc::new(prior))
}

fn following() -> Blur {
    Blur {
        follows: true,
        ..Blur::default()
    }
}

/// Restores `files` one after another in a stream and each by itself; all must agree.
fn assert_same(prior: impl Fn() -> Blur, files: &[JpegFile], layout: Layout, options: &Options) {
    let mut stream = restorer(prior()).stream();
    let alone = restorer(prior());
    for (n, file) in files.iter().enumerate() {
        let control = Control::default();
        let ours = stream.restore_file(file, layout, options, control).unwrap();
        let whole = alone
            .restore_file_as(file, layout, options, control)
            .unwrap();
        assert_eq!(ours.frame, whole.frame, "frame {n}");
        assert_eq!(bare(ours.report), bare(whole.report), "frame {n}");
    }
}

/// What must agree of two reports: all but how much work it was.
fn bare(report: Report) -> Report {
    Report {
        carried: None,
        network_calls: 0,
        ..report
    }
}

/// Places of the moving square: it stays, moves, leaves, comes back.
const PATH: [(usize, usize); 6] = [(5, 7), (5, 7), (8, 7), (40, 25), (900, 0), (0, 0)];

#[test]
fn every_sampling_and_odd_sizes_are_restored_as_if_alone() {
    for sampling in [(1, 1), (2, 1), (2, 2), (1, 2), (4, 1), (4, 2)] {
        for size in [(96, 64), (61, 47), (129, 33)] {
            let frames = PATH.map(|at| file(&scene(PixelModel::Rgb, size, at), 40, sampling));
            for prior in [following, Blur::default] {
                assert_same(prior, &frames, Layout::AsFile, &Options::default());
            }
        }
    }
}

#[test]
fn layouts_grey_blends_and_fine_luma_are_restored_as_if_alone() {
    let size = (75, 53);
    let frames = |model, quality| PATH.map(|at| file(&scene(model, size, at), quality, (2, 2)));
    let (rgb, grey) = (frames(PixelModel::Rgb, 30), frames(PixelModel::Grey, 30));
    let options = Options::default();
    for layout in [
        Layout::Rgb,
        Layout::Grey,
        Layout::YCbCr((2, 2)),
        Layout::YCbCr((1, 1)),
    ] {
        assert_same(following, &rgb, layout, &options);
        assert_same(following, &grey, layout, &options);
    }
    let half = Options {
        strength: 0.5,
        ..options.clone()
    };
    assert_same(following, &rgb, Layout::Rgb, &half);
    // The gate keeps luma here: subsampled chroma alone is restored.
    assert_same(
        following,
        &frames(PixelModel::Rgb, 96),
        Layout::Rgb,
        &options,
    );
}

/// Plans that are not followed: the stream is no more than a row of pictures.
#[test]
fn strict_and_draws_and_closed_gates_are_restored_as_if_alone() {
    let size = (64, 48);
    let frames = |quality| PATH.map(|at| file(&scene(PixelModel::Rgb, size, at), quality, (1, 1)));
    let options = Options::default();
    let strict = Options {
        strict: true,
        ..options.clone()
    };
    assert_same(following, &frames(40), Layout::Rgb, &strict);
    let sample = Options {
        preset: crate::options::Preset::Sample,
        ..options.clone()
    };
    assert_same(following, &frames(40), Layout::Rgb, &sample);
    assert_same(following, &frames(97), Layout::Rgb, &options);
}

/// The limit lies between the shares of these frames, so that the answer turns strange and
/// turns back.
#[test]
fn a_picture_that_turns_strange_is_handed_on_whole() {
    let size = (96, 64);
    let flat = |square: usize| {
        let mut picture = Planar8::new(PixelModel::Rgb, size.0, size.1, (1, 1));
        for plane in &mut picture.planes {
            for (i, value) in plane.data.iter_mut().enumerate() {
                let inside = i % size.0 < square && i / size.0 < square;
                *value = if inside && (i % 3 == 0) { 250 } else { 90 };
            }
        }
        file(&picture, 60, (2, 2))
    };
    let frames = [4, 4, 50, 52, 4, 6].map(flat);
    let prior = || Blur {
        strange: Some(0.02),
        ..following()
    };
    let mut stream = restorer(prior()).stream();
    let restored = frames.each_ref().map(|file| restore(&mut stream, file));
    let found = restored.map(|restored| restored.report.restored);
    assert_eq!(found, [true, true, false, false, true, true]);
    assert_same(prior, &frames, Layout::Rgb, &Options::default());
}

fn restore(stream: &mut Stream, file: &JpegFile) -> Restored {
    stream
        .restore_file(file, Layout::Rgb, &Options::default(), Control::default())
        .unwrap()
}

#[test]
fn what_begins_anew_says_why_and_what_comes_again_costs_nothing() {
    let prior = following();
    let computed = prior.computed.clone();
    let mut stream = restorer(prior).stream();
    let at = |at, size, quality| file(&scene(PixelModel::Rgb, size, at), quality, (2, 2));
    let (big, small) = ((160, 96), (96, 96));
    let mut fresh = |file: &JpegFile| {
        let report = restore(&mut stream, file).report;
        report.carried.unwrap()
    };
    assert_eq!(fresh(&at((5, 7), big, 50)).fresh, Some(Fresh::First));
    assert_eq!(computed.swap(0, Ordering::Relaxed), 160 * 96);
    let again = fresh(&at((5, 7), big, 50));
    assert_eq!((again.fresh, again.reused), (None, again.pixels));
    assert_eq!(computed.swap(0, Ordering::Relaxed), 0);
    // The square covers two MCUs of sixty at most in each direction, before and after.
    let moved = fresh(&at((8, 7), big, 50));
    assert!(moved.fresh.is_none() && moved.reused > moved.pixels / 2);
    assert!(computed.swap(0, Ordering::Relaxed) < 160 * 96 / 2);
    assert_eq!(fresh(&at((8, 7), big, 60)).fresh, Some(Fresh::Tables));
    assert_eq!(fresh(&at((8, 7), small, 60)).fresh, Some(Fresh::Shape));
    stream.reset();
    let report = restore(&mut stream, &at((8, 7), small, 60)).report;
    assert_eq!(report.carried.unwrap().fresh, Some(Fresh::First));
}

#[test]
fn off_remembers_nothing() {
    let prior = following();
    let computed = prior.computed.clone();
    let mut stream = restorer(prior).stream();
    let file = file(&scene(PixelModel::Rgb, (64, 48), (5, 7)), 50, (2, 2));
    let options = Options {
        temporal: Temporal::Off,
        ..Options::default()
    };
    for _ in 0..2 {
        let restored = stream.restore_file(&file, Layout::Rgb, &options, Control::default());
        let carried = restored.unwrap().report.carried.unwrap();
        assert_eq!((carried.fresh, carried.reused), (Some(Fresh::Off), 0));
        assert_eq!(computed.swap(0, Ordering::Relaxed), 64 * 48);
    }
}

#[test]
fn frames_are_restored_as_if_alone() {
    for subsampling in [(1, 1), (2, 2)] {
        let decoded = |at| {
            let scene = scene(PixelModel::Rgb, (91, 58), at);
            decode(&file(&scene, 50, subsampling), subsampling)
        };
        let mut stream = restorer(following()).stream();
        let alone = restorer(following());
        for at in PATH {
            let (frame, tables) = (decoded(at), FrameTables::Quality(50));
            let (options, control) = (Options::default(), Control::default());
            let ours = stream.restore_frame(&frame, &tables, &options, control);
            let whole = alone.restore_frame(&frame, &tables, &options, control);
            let (ours, whole) = (ours.unwrap(), whole.unwrap());
            assert!(ours.report.restored);
            assert_eq!(ours.frame, whole.frame);
            assert_eq!(bare(ours.report), bare(whole.report));
        }
    }
}

/// The planes of a file as a decoder shows them, chroma at its own size.
fn decode(file: &JpegFile, subsampling: (usize, usize)) -> Planar8 {
    let seen = jpeg::observe::from_file(file);
    let mut out = Planar8::new(PixelModel::YCbCr, file.width, file.height, subsampling);
    for (plane, component) in out.planes.iter_mut().zip(&seen.components) {
        for (i, value) in plane.data.iter_mut().enumerate() {
            let at = i / plane.width * component.width() + i % plane.width;
            *value = (component.plane[at] + 128.0).round() as u8;
        }
    }
    out
}

/// A frame that was abandoned leaves nothing half done behind.
#[test]
fn a_cancelled_frame_begins_anew() {
    let mut stream = restorer(following()).stream();
    let at = |at| file(&scene(PixelModel::Rgb, (96, 64), at), 50, (2, 2));
    restore(&mut stream, &at((5, 7)));
    let flag = std::sync::atomic::AtomicBool::new(true);
    let control = Control {
        cancel: Some(&flag),
        progress: None,
    };
    let cancelled = stream.restore_file(&at((9, 9)), Layout::Rgb, &Options::default(), control);
    assert!(matches!(cancelled, Err(Error::Cancelled)));
    let next = restore(&mut stream, &at((9, 9)));
    assert_eq!(next.report.carried.unwrap().fresh, Some(Fresh::First));
}
