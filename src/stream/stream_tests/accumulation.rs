//! Accumulation: what stands still is known better with every frame, what moves is as if alone.

use std::sync::atomic::Ordering;

use crate::contract::{Control, NoiseSource};
use crate::frame::{Picture, PixelModel, Planar8};
use crate::jpeg::JpegFile;
use crate::options::{Preset, RestoreOptions, Temporal};
use crate::restore::{FrameTables, Gate, Layout, Restored};
use crate::sampler::noise::Field;
use crate::stream::Stream;
use crate::stream::stream_tests::cheap_prior::{Blur, PATH, file, following, restorer, scene};

/// Standard deviation of the sensor's noise in 8-bit levels.
const NOISE: f32 = 3.0;

/// [`scene`] as a sensor sees it in frame `n`.
fn noisy(size: (usize, usize), at: (usize, usize), n: u64) -> JpegFile {
    let mut seen = scene(PixelModel::Rgb, size, at);
    let mut noise = Picture::new(3, size.0, size.1);
    Field::new(7, 0).fill(n, &mut noise);
    for (c, plane) in seen.planes.iter_mut().enumerate() {
        for (byte, z) in plane.data.iter_mut().zip(noise.plane(c)) {
            *byte = (f32::from(*byte) + NOISE * z).round() as u8;
        }
    }
    file(&seen, 75, (2, 2))
}

fn psnr(a: &Planar8, b: &Planar8) -> f64 {
    let (mut squares, mut count) = (0.0, 0.0);
    for (a, b) in a.planes.iter().zip(&b.planes) {
        for (a, b) in a.data.iter().zip(&b.data) {
            squares += f64::from(a.abs_diff(*b)).powi(2);
            count += 1.0;
        }
    }
    10.0 * (255.0f64.powi(2) * count / squares).log10()
}

fn accumulating() -> RestoreOptions {
    RestoreOptions {
        temporal: Temporal::Accumulate,
        ..RestoreOptions::default()
    }
}

fn echo() -> Blur {
    Blur {
        echoes: true,
        ..following()
    }
}

/// A smooth picture in grey, which the steps hardly change, as a sensor sees it in frame `n`.
fn smooth(size: (usize, usize), n: u64) -> (Planar8, JpegFile) {
    let mut clean = Planar8::new(PixelModel::Grey, size.0, size.1, (1, 1));
    for (i, byte) in clean.planes[0].data.iter_mut().enumerate() {
        let (x, y) = ((i % size.0) as f32, (i / size.0) as f32);
        *byte = (125.0 + 50.0 * (x / 9.0).sin() + 40.0 * (y / 7.0 + x / 15.0).cos()) as u8;
    }
    let mut noise = Picture::new(1, size.0, size.1);
    Field::new(7, 0).fill(n, &mut noise);
    let mut seen = clean.clone();
    for (byte, z) in seen.planes[0].data.iter_mut().zip(noise.plane(0)) {
        *byte = (f32::from(*byte) + NOISE * z).round() as u8;
    }
    (clean, file(&seen, 75, (1, 1)))
}

/// With a prior that adds nothing, what is gained is gained by the frames alone. Sixteen would
/// make 12 dB of the noise that the steps let pass, were there nothing else; 3 dB are asked for.
#[test]
fn a_still_scene_gets_better_with_every_frame_and_ever_less_work() {
    let (size, options) = ((128, 96), accumulating());
    let mut stream = restorer(echo()).stream();
    let (mut errors, mut calls) = (Vec::new(), Vec::new());
    for n in 0..16 {
        let (clean, file) = smooth(size, n);
        let restored = stream.restore_file(&file, Layout::Rgb, &options, Control::default());
        let restored = restored.unwrap();
        errors.push(psnr(&restored.frame, &clean));
        let carried = restored.report.carried.unwrap();
        calls.push(carried.changed * 10 / carried.pixels);
    }
    assert!(errors[15] > errors[0] + 3.0, "{errors:?}");
    // All of it at frames 2, 4, 8 and 16; else what began anew by chance.
    for (n, tenths) in calls.iter().enumerate() {
        let all = [0, 1, 3, 7, 15].contains(&n);
        assert!(if all { *tenths >= 9 } else { *tenths <= 3 }, "{calls:?}");
    }
}

/// A square that moves each frame is restored as if alone: nothing of earlier frames
/// is left where it is, nor where it was.
#[test]
fn what_moves_leaves_nothing_behind() {
    let size = (160, 96);
    let mut stream = restorer(echo()).stream();
    let alone = restorer(echo());
    for n in 0..10 {
        let at = (16 + 8 * n as usize, 40);
        let file = noisy(size, at, n);
        let control = Control::default();
        let ours = stream.restore_file(&file, Layout::Rgb, &accumulating(), control);
        let whole = alone.restore_file_as(&file, Layout::Rgb, &RestoreOptions::default(), control);
        let (ours, whole) = (ours.unwrap().frame, whole.unwrap().frame);
        // The pixels of the square, and those that it has just left. Chroma's filter looks beyond
        // the blocks that moved, at samples that have been averaged: up to 2 levels.
        for y in 40..50 {
            for x in at.0 - 8..at.0 + 12 {
                let i = y * size.0 + x;
                let near = |c: usize| ours.planes[c].data[i].abs_diff(whole.planes[c].data[i]) <= 2;
                assert!((0..3).all(near), "frame {n}: {x} {y}");
            }
        }
    }
}

/// Sizes that are no multiple of anything, every sampling, blocks that come and go.
#[test]
fn accumulation_takes_every_sampling_and_size() {
    for sampling in [(1, 1), (2, 1), (2, 2), (1, 2), (4, 1)] {
        let mut stream = restorer(following()).stream();
        for (n, at) in PATH.into_iter().enumerate() {
            let file = file(&scene(PixelModel::Rgb, (61, 47), at), 40, sampling);
            let restored =
                stream.restore_file(&file, Layout::Rgb, &accumulating(), Control::default());
            let restored = restored.unwrap();
            assert!(restored.report.restored, "{sampling:?} {n}");
            assert_eq!((restored.frame.width(), restored.frame.height()), (61, 47));
        }
    }
}

/// With several calls too what stands still keeps its pixels: its levels have to say otherwise
/// before it is drawn again, however the sensor's noise moves them. The square is drawn each time.
#[test]
fn what_stands_still_is_not_drawn_again() {
    let size = (160, 96);
    let file_of = |n: u64| noisy(size, (16 + 8 * n as usize, 40), n);
    let draw = |temporal| {
        let options = RestoreOptions {
            preset: Preset::Sample,
            temporal,
            ..RestoreOptions::default()
        };
        let mut stream = restorer(echo()).stream();
        let frames = (0..8).map(|n| {
            let control = Control::default();
            let drawn = stream.restore_file(&file_of(n), Layout::Rgb, &options, control);
            drawn.unwrap()
        });
        frames.collect::<Vec<_>>()
    };
    let (kept, alone) = (draw(Temporal::Accumulate), draw(Temporal::Off));
    let moves = |frames: &[Restored]| {
        let pairs = frames[3..6].iter().zip(&frames[4..]);
        let apart = pairs.map(|(a, b)| {
            let rows = |restored: &Restored| restored.frame.planes[1].data[..32 * size.0].to_vec();
            let (a, b) = (rows(a), rows(b));
            let sum: u32 = a
                .iter()
                .zip(&b)
                .map(|(a, b)| u32::from(a.abs_diff(*b)))
                .sum();
            f64::from(sum) / a.len() as f64
        });
        apart.sum::<f64>() / 3.0
    };
    assert!(
        moves(&kept) < 0.25 * moves(&alone),
        "{} {}",
        moves(&kept),
        moves(&alone)
    );
    for (n, frame) in kept.iter().enumerate().skip(1) {
        let clean = scene(PixelModel::Rgb, size, (16 + 8 * n, 40));
        let gain = psnr(&frame.frame, &clean) - psnr(&alone[n].frame, &clean);
        assert!(gain > -0.1, "frame {n}: {gain}");
        let carried = frame.report.carried.unwrap();
        assert!(carried.reused < carried.pixels, "frame {n}: {carried:?}");
    }
}

#[test]
fn a_frame_that_says_nothing_new_is_not_drawn() {
    let options = RestoreOptions {
        preset: Preset::Sample,
        ..accumulating()
    };
    let mut stream = restorer(echo()).stream();
    let seen = scene(PixelModel::Rgb, (96, 64), (16, 24));
    let mut drawn = |quality| {
        let file = file(&seen, quality, (2, 2));
        let restored = stream.restore_file(&file, Layout::Rgb, &options, Control::default());
        let restored = restored.unwrap();
        (restored.report.network_calls, restored.frame)
    };
    let (calls, first) = drawn(60);
    assert!(calls > 1);
    assert_eq!(drawn(60), (0, first.clone()));
    // Other tables: another stream, drawn with the same noise.
    let (calls, other) = drawn(50);
    assert!(calls > 1 && other != first);
    assert_eq!(drawn(60), (calls, first));
}

#[test]
fn a_prior_of_one_call_is_not_asked_for_several() {
    let prior = Blur {
        one_call_only: true,
        ..echo()
    };
    let options = RestoreOptions {
        preset: Preset::Sample,
        ..accumulating()
    };
    let seen = file(&scene(PixelModel::Rgb, (64, 64), (16, 24)), 60, (2, 2));
    let mut stream = restorer(prior).stream();
    let refused = stream.restore_file(&seen, Layout::Rgb, &options, Control::default());
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("one call only"), "{message}");
}

/// Draws of a prior that walks down from noise begin from the last result where nothing has moved:
/// fewer calls, and the picture is as near the scene as one that is drawn all the way.
#[test]
fn draws_begin_from_the_last_result() {
    let (size, options) = ((96, 64), accumulating());
    let prior = || Blur {
        walks: true,
        ..echo()
    };
    let mut stream = restorer(prior()).stream();
    let draw = |stream: &mut Stream, file: &JpegFile| {
        let drawn = stream.restore_file(file, Layout::Rgb, &options, Control::default());
        let drawn = drawn.unwrap();
        (drawn.report.network_calls, drawn.frame)
    };
    let (clean, file) = smooth(size, 0);
    let (calls, first) = draw(&mut stream, &file);
    // The same scene, of which the second frame says more; then another.
    let (again, second) = draw(&mut stream, &smooth(size, 1).1);
    assert_eq!((calls, again), (4, 2));
    assert!(psnr(&second, &clean) > psnr(&first, &clean) + 1.0);
    let other = noisy(size, (30, 20), 0);
    let mut fresh = restorer(prior()).stream();
    assert_eq!(draw(&mut stream, &other), draw(&mut fresh, &other));
}

/// What moves is drawn all the way, and only around it the prior is asked at the upper levels.
#[test]
fn what_moves_does_not_begin_from_the_last_result() {
    let (size, options) = ((320, 96), accumulating());
    let prior = || Blur {
        walks: true,
        keeps: true,
        ..Blur::default()
    };
    let ours = prior();
    let computed = ours.computed.clone();
    let mut stream = restorer(ours).stream();
    for n in 0..4 {
        let at = (16 + 48 * n, 40);
        // Of a still scene the second frame says more, so that all of it is drawn.
        let file = noisy(size, at, n as u64);
        computed.store(0, Ordering::Relaxed);
        let control = Control::default();
        let mine = stream.restore_file(&file, Layout::Rgb, &options, control);
        let alone = restorer(prior()).stream();
        let whole = { alone }.restore_file(&file, Layout::Rgb, &options, control);
        let (mine, whole) = (mine.unwrap(), whole.unwrap());
        let computed = computed.load(Ordering::Relaxed);
        let all = 4 * size.0 * size.1;
        assert!(
            (computed == all) == (n == 0) && computed > 0,
            "{n}: {computed}"
        );
        for y in 42..48 {
            for x in at.0 + 2..at.0 + 10 {
                let i = y * size.0 + x;
                let of = |restored: &Restored| restored.frame.planes[1].data[i];
                assert!(of(&mine).abs_diff(of(&whole)) <= 2, "frame {n}: {x} {y}");
            }
        }
    }
}

/// Where no levels are known, as under a caption of a decoded frame, nothing would hold what was
/// begun from the last result to this frame.
#[test]
fn what_has_no_levels_does_not_begin_from_the_last_result() {
    let options = accumulating();
    let prior = || Blur {
        walks: true,
        keeps: true,
        ..Blur::default()
    };
    let seen = file(&scene(PixelModel::Rgb, (96, 64), (70, 40)), 50, (2, 2));
    let mut stream = restorer(prior()).stream();
    for n in 0..3 {
        let mut frame = crate::stream::stream_tests::decode(&seen, (2, 2));
        for (y, x) in (16..48).flat_map(|y| (16..64).map(move |x| (y, x))) {
            let written = 40 + (x * 37 + y * 61 + n * 83) % 160;
            frame.planes[0].data[y * 96 + x] = written as u8;
        }
        let tables = FrameTables::Quality(50).into();
        let control = Control::default();
        let mine = stream.restore_frame(&frame, &tables, &options, control);
        let alone = restorer(prior()).stream();
        let whole = { alone }.restore_frame(&frame, &tables, &options, control);
        let (mine, whole) = (mine.unwrap().frame, whole.unwrap().frame);
        for (y, x) in (18..46).flat_map(|y| (18..62).map(move |x| (y, x))) {
            let of = |frame: &Planar8| frame.planes[0].data[y * 96 + x];
            assert!(of(&mine).abs_diff(of(&whole)) <= 1, "frame {n}: {x} {y}");
        }
    }
}

/// The mean over views is asked for around what moves, and what stands still keeps its pixels.
#[test]
fn views_are_asked_around_what_moves() {
    let size = (320, 96);
    let options = RestoreOptions {
        preset: Preset::Quality,
        ..accumulating()
    };
    let prior = Blur::default();
    let computed = prior.computed.clone();
    let mut stream = restorer(prior).stream();
    let alone = restorer(Blur::default());
    let mut last: Option<Restored> = None;
    for n in 0..4 {
        let at = (16 + 12 * n, 40);
        let file = file(&scene(PixelModel::Rgb, size, at), 60, (2, 2));
        computed.store(0, Ordering::Relaxed);
        let control = Control::default();
        let ours = stream.restore_file(&file, Layout::Rgb, &options, control);
        let whole = alone.restore_file_as(&file, Layout::Rgb, &options, control);
        let (ours, whole) = (ours.unwrap(), whole.unwrap());
        let computed = computed.load(Ordering::Relaxed);
        let Some(last) = last.replace(ours.clone()) else {
            assert_eq!(ours.frame, whole.frame);
            assert_eq!(computed, 8 * size.0 * size.1);
            continue;
        };
        assert!(computed < 3 * size.0 * size.1, "frame {n}: {computed}");
        // Where it moves it is as if alone; far from there nothing is another.
        for y in 0..size.1 {
            for x in 0..size.0 {
                let i = y * size.0 + x;
                let moves = (40..50).contains(&y) && (at.0..at.0 + 12).contains(&x);
                let far = x > at.0 + 64;
                for c in 0..3 {
                    let of = |restored: &Restored| restored.frame.planes[c].data[i];
                    assert!(!moves || of(&ours) == of(&whole), "frame {n}: {x} {y} {c}");
                    assert!(!far || of(&ours) == of(&last), "frame {n}: {x} {y} {c}");
                }
            }
        }
    }
}

/// Whether a prior does not know what it sees is judged by the whole picture, of which most was
/// answered in frames before.
#[test]
fn a_strange_picture_stays_strange_where_nothing_moves() {
    let options = RestoreOptions {
        preset: Preset::Quality,
        ..accumulating()
    };
    let prior = Blur {
        strange: Some(0.001),
        ..Blur::default()
    };
    let mut stream = restorer(prior).stream();
    for n in 0..3 {
        let seen = file(
            &scene(PixelModel::Rgb, (96, 64), (16 + 4 * n, 24)),
            90,
            (1, 1),
        );
        let ours = stream.restore_file(&seen, Layout::Rgb, &options, Control::default());
        let ours = ours.unwrap();
        assert_eq!(
            (ours.report.restored, ours.report.gate),
            (false, Gate::Closed)
        );
    }
}
