//! The law of reuse: whatever changes from frame to frame, a stream gives what each frame by
//! itself would, bit for bit, and does no more work than what has changed asks for.

mod accumulation;
mod cheap_prior;
mod released;

use std::sync::atomic::Ordering;

use crate::contract::Control;
use crate::error::Error;
use crate::frame::{PixelModel, Planar8};
use crate::jpeg;
use crate::jpeg::JpegFile;
use crate::options::{Limits, RestoreOptions, Temporal};
use crate::restore::{FrameTables, Layout, Report, Restored};
use crate::stream::stream_tests::cheap_prior::{Blur, PATH, file, following, restorer, scene};
use crate::stream::{Fresh, Stream};

/// Restores `files` one after another in a stream and each by itself; all must agree.
fn assert_same(
    prior: impl Fn() -> Blur,
    files: &[JpegFile],
    layout: Layout,
    options: &RestoreOptions,
) {
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

#[test]
fn every_sampling_and_odd_sizes_are_restored_as_if_alone() {
    for sampling in [(1, 1), (2, 1), (2, 2), (1, 2), (4, 1), (4, 2)] {
        for size in [(96, 64), (61, 47), (129, 33)] {
            let frames = PATH.map(|at| file(&scene(PixelModel::Rgb, size, at), 40, sampling));
            for prior in [following, Blur::default] {
                assert_same(prior, &frames, Layout::AsFile, &RestoreOptions::default());
                assert_same(
                    prior,
                    &frames,
                    Layout::YCbCr((2, 2)),
                    &RestoreOptions::default(),
                );
            }
        }
    }
}

#[test]
fn layouts_grey_blends_and_fine_luma_are_restored_as_if_alone() {
    let size = (75, 53);
    let frames = |model, quality| PATH.map(|at| file(&scene(model, size, at), quality, (2, 2)));
    let (rgb, grey) = (frames(PixelModel::Rgb, 30), frames(PixelModel::Grey, 30));
    let options = RestoreOptions::default();
    for layout in [
        Layout::Rgb,
        Layout::Grey,
        Layout::YCbCr((2, 2)),
        Layout::YCbCr((1, 1)),
    ] {
        assert_same(following, &rgb, layout, &options);
        assert_same(following, &grey, layout, &options);
    }
    let half = RestoreOptions {
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
    let options = RestoreOptions::default();
    let strict = RestoreOptions {
        strict: true,
        ..options.clone()
    };
    assert_same(following, &frames(40), Layout::Rgb, &strict);
    let sample = RestoreOptions {
        preset: crate::options::Preset::Sample,
        ..options.clone()
    };
    assert_same(following, &frames(40), Layout::Rgb, &sample);
    assert_same(following, &frames(97), Layout::Rgb, &options);
}

/// A picture that was saved twice, and something drawn over it between the saves that moves: blocks
/// go by the earlier save and by the later one in turn.
#[test]
fn files_saved_twice_are_restored_as_if_alone() {
    let size = (192, 160);
    let once = jpeg::encode(&scene(PixelModel::Rgb, size, (900, 0)), 20, (2, 2)).unwrap();
    let shown = jpeg::file::pixels::decode(&once, &Limits::default()).unwrap();
    let frames = PATH.map(|(left, top)| {
        let mut drawn = shown.clone();
        for plane in &mut drawn.planes {
            for (i, value) in plane.data.iter_mut().enumerate() {
                let (x, y) = (i % size.0, i / size.0);
                if (left..left + 32).contains(&x) && (top..top + 32).contains(&y) {
                    *value = (x * 37 + y * 91 + x * y / 3) as u8 / 2 + 60;
                }
            }
        }
        file(&drawn, 90, (2, 2))
    });
    let changed = frames.each_ref().map(|file| {
        let first = jpeg::recover::resaved::first_save(file).unwrap();
        first.changed[0].len()
    });
    assert!(changed[0] > 4 && changed[4] < 4, "{changed:?}");
    for prior in [following, Blur::default] {
        assert_same(prior, &frames, Layout::Rgb, &RestoreOptions::default());
    }
    let accumulating = RestoreOptions {
        temporal: Temporal::Accumulate,
        ..RestoreOptions::default()
    };
    assert_same(following, &frames[..1], Layout::Rgb, &accumulating);
    let mut stream = restorer(following()).stream();
    for file in &frames {
        let restored = stream.restore_file(file, Layout::Rgb, &accumulating, Control::default());
        assert!(restored.unwrap().report.resaved);
    }
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
    assert_same(prior, &frames, Layout::Rgb, &RestoreOptions::default());
}

fn restore(stream: &mut Stream, file: &JpegFile) -> Restored {
    stream
        .restore_file(
            file,
            Layout::Rgb,
            &RestoreOptions::default(),
            Control::default(),
        )
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
    // The gate hands this one on as decoded.
    let fine = file(&scene(PixelModel::Rgb, small, (8, 7)), 100, (1, 1));
    assert_eq!(fresh(&fine).fresh, Some(Fresh::Alone));
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
    let options = RestoreOptions {
        temporal: Temporal::Off,
        ..RestoreOptions::default()
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
            let (frame, tables) = (decoded(at), FrameTables::Quality(50).into());
            let (options, control) = (RestoreOptions::default(), Control::default());
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
    let seen = jpeg::grid::from_file(file);
    let mut out = Planar8::new(PixelModel::YCbCr, file.width, file.height, subsampling);
    for (plane, component) in out.planes.iter_mut().zip(&seen.components) {
        for (i, value) in plane.data.iter_mut().enumerate() {
            let at = i / plane.width * component.width() + i % plane.width;
            *value = (component.plane[at] + 128.0).round() as u8;
        }
    }
    out
}

/// Pixels hold what the decoder rounded: nothing of a file is drawn into their planes.
#[test]
fn files_and_frames_of_one_stream_do_not_mix() {
    let files = PATH.map(|at| file(&scene(PixelModel::Rgb, (91, 58), at), 50, (2, 2)));
    let options = RestoreOptions::default();
    let control = Control::default();
    let mut stream = restorer(following()).stream();
    let alone = restorer(following());
    let tables = FrameTables::Quality(50).into();
    for file in &files {
        let frame = decode(file, (2, 2));
        let ours = stream.restore_frame(&frame, &tables, &options, control);
        let whole = alone.restore_frame(&frame, &tables, &options, control);
        assert_eq!(ours.unwrap().frame, whole.unwrap().frame);
        let ours = stream.restore_file(file, Layout::Rgb, &options, control);
        let whole = alone.restore_file_as(file, Layout::Rgb, &options, control);
        assert_eq!(ours.unwrap().frame, whole.unwrap().frame);
    }
}

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
    let cancelled = stream.restore_file(
        &at((9, 9)),
        Layout::Rgb,
        &RestoreOptions::default(),
        control,
    );
    assert!(matches!(cancelled, Err(Error::Cancelled)));
    let next = restore(&mut stream, &at((9, 9)));
    assert_eq!(next.report.carried.unwrap().fresh, Some(Fresh::First));
}
