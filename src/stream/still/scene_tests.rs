//! Streams made of numbers: blocks that stand still under noise, and blocks that move.

use super::*;

const WIDE: usize = 12;
const HIGH: usize = 10;
const STEPS: QuantSteps = [10; 64];

/// A hash that is uniform in 0..1.
fn uniform(n: u64) -> f64 {
    let mut x = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x ^= x >> 31;
    x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x ^= x >> 29;
    (x >> 11) as f64 / (1u64 << 53) as f64
}

fn gaussian(n: u64) -> f64 {
    (-2.0 * uniform(2 * n + 1).max(1e-12).ln()).sqrt()
        * (std::f64::consts::TAU * uniform(2 * n + 2)).cos()
}

/// The true coefficients of a block: pictures of number `which`.
fn truth(which: u64, at: usize) -> [f64; 64] {
    let n = which * 77_777 + at as u64 * 64;
    std::array::from_fn(|i| 240.0 * (uniform(n + i as u64) - 0.5) / (1.0 + i as f64 / 3.0))
}

fn quantised(which: u64, at: usize, frame: u64, sigma: f64) -> Option<Levels> {
    let truth = truth(which, at);
    Some(std::array::from_fn(|i| {
        let noise = sigma * gaussian((frame * 10_007 + at as u64) * 64 + i as u64);
        ((truth[i] + noise) / 10.0).round() as i16
    }))
}

/// A frame in which blocks of the columns `moving` show another picture each time.
fn frame(number: u64, sigma: f64, moving: std::ops::Range<usize>) -> Vec<Option<Levels>> {
    let block = |at: usize| {
        let which = if moving.contains(&(at % WIDE)) {
            number
        } else {
            0
        };
        quantised(which, at, number, sigma)
    };
    (0..WIDE * HIGH).map(block).collect()
}

fn update(scene: &mut Scene, levels: &[Option<Levels>]) -> f64 {
    scene.update(&[Seen {
        levels,
        steps: &STEPS,
        wide: WIDE,
        factors: (1, 1),
    }])
}

fn error(scene: &Scene, at: usize) -> f64 {
    let (means, _) = scene.answer(0, at).unwrap();
    let squares = means.iter().zip(truth(0, at));
    squares
        .map(|(mean, c)| (f64::from(*mean) - c).powi(2))
        .sum()
}

/// One frame is off by the noise and the step, σ² + q²/12 = 17.3; sixteen should be by a
/// sixteenth. A fifth leaves room for the noise not being known.
#[test]
fn a_still_scene_is_known_better_with_every_frame() {
    let mut scene = Scene::default();
    for number in 0..16 {
        let share = update(&mut scene, &frame(number, 3.0, 0..0));
        assert!(number == 0 || share < 0.02, "{number}: {share}");
    }
    let mean = (0..WIDE * HIGH).map(|at| error(&scene, at)).sum::<f64>();
    let mean = mean / (64 * WIDE * HIGH) as f64;
    assert!(mean < 17.3 / 5.0, "{mean}");
    let sigma = scene.sigma(0).unwrap();
    assert!((sigma / 3.0 - 1.0).abs() < 0.2, "{sigma}");
}

/// Coefficients lie within their bounds, about a standard deviation to either side: six in
/// ten.
#[test]
fn the_bounds_hold_the_truth() {
    let mut scene = Scene::default();
    for number in 0..8 {
        update(&mut scene, &frame(number, 3.0, 0..0));
    }
    let mut inside = 0;
    for at in 0..WIDE * HIGH {
        let (_, bounds) = scene.answer(0, at).unwrap();
        let pairs = bounds.iter().zip(truth(0, at));
        inside += pairs
            .filter(|((low, high), c)| (f64::from(*low)..=f64::from(*high)).contains(c))
            .count();
    }
    assert!(inside * 10 > 6 * 64 * WIDE * HIGH, "{inside}");
}

#[test]
fn what_moves_begins_anew_at_once_and_what_stands_still_does_not() {
    let mut scene = Scene::default();
    for number in 0..9 {
        update(&mut scene, &frame(number, 3.0, 4..6));
        for at in 0..WIDE * HIGH {
            let known = scene.answer(0, at).is_some();
            match at % WIDE {
                4..6 => assert!(!known, "{number} {at}"),
                // The neighbours may begin anew with it.
                3 | 6 => {}
                _ => assert!(known || number == 0, "{number} {at}"),
            }
        }
    }
}

/// The answer is as it was at all but frames 2, 4, 8 and 16.
#[test]
fn what_is_shown_changes_ever_more_seldom() {
    let mut scene = Scene::default();
    for number in 0..20 {
        update(&mut scene, &frame(number, 3.0, 0..0));
        let changed = (0..WIDE * HIGH)
            .filter(|&at| scene.has_changed(0, at))
            .count();
        let all = [0, 1, 3, 7, 15].contains(&number);
        // Two in a hundred may have begun anew, on a clock of their own.
        let allowed = WIDE * HIGH / 20;
        match all {
            true => assert!(changed >= WIDE * HIGH - allowed, "{number}: {changed}"),
            false => assert!(changed <= allowed, "{number}: {changed}"),
        }
    }
}

#[test]
fn a_cut_begins_anew_everywhere_and_what_is_not_known_has_no_answer() {
    let mut scene = Scene::default();
    for number in 0..4 {
        update(&mut scene, &frame(number, 3.0, 0..0));
    }
    assert!(update(&mut scene, &frame(4, 3.0, 0..WIDE)) > 0.95);
    let mut levels = frame(5, 3.0, 0..0);
    levels[3] = None;
    update(&mut scene, &levels);
    assert!(scene.answer(0, 3).is_none() && scene.has_changed(0, 3));
    assert!(scene.answer(0, 9999).is_none() && scene.answer(7, 0).is_none());
}

/// Textures that slide under a still frame: nothing of them is taken for noise, and nothing is
/// averaged with what was there before.
#[test]
fn a_camera_that_moves_leaves_nothing_behind() {
    let sliding = |number: u64| -> Vec<Option<Levels>> {
        let block = |at: usize| {
            // A third of the blocks is flat, and shows how little noise there is.
            let flat = at.is_multiple_of(3);
            let level = |i: usize| {
                let phase = (at % WIDE) as f64 + number as f64 * 0.5;
                let wave = (phase * (1.0 + i as f64)).sin() * 400.0 / (1.0 + i as f64);
                if flat && i > 0 {
                    0
                } else {
                    (wave / 10.0).round() as i16
                }
            };
            Some(std::array::from_fn(level))
        };
        (0..WIDE * HIGH).map(block).collect()
    };
    let mut scene = Scene::default();
    for number in 0..8 {
        update(&mut scene, &sliding(number));
        assert!(
            (0..WIDE * HIGH).all(|at| scene.answer(0, at).is_none()),
            "{number}"
        );
    }
}

/// Levels that stay as they are without noise say no more the second time: what is shown
/// stays what one frame says, and only what is another begins anew.
#[test]
fn without_noise_nothing_is_averaged() {
    let mut scene = Scene::default();
    for number in 0..9 {
        let mut levels = frame(0, 0.0, 0..0);
        levels[17] = quantised(number, 17, 0, 0.0);
        update(&mut scene, &levels);
        for at in 0..WIDE * HIGH {
            assert!(scene.answer(0, at).is_none(), "{number} {at}");
            assert_eq!(
                scene.has_changed(0, at),
                number == 0 || at == 17,
                "{number} {at}"
            );
        }
    }
}
