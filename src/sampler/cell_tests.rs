//! Tests of draws that start from a picture near the result.

use std::sync::Mutex;

use super::*;
use crate::contract::{Control, Denoiser, Hint, Measurement, ModelFacts, Reach};
use crate::frame::Rect;
use crate::sampler::noise::Field;

/// Returns half of its input, pixel by pixel; records the levels.
#[derive(Default)]
struct Half {
    asked: Mutex<Vec<f64>>,
}

impl Denoiser for Half {
    fn denoise(&self, x: &Picture, sigma: f64, _: Option<&Hint>) -> Result<Picture> {
        self.asked.lock().unwrap().push(sigma);
        let mut out = x.clone();
        out.data.iter_mut().for_each(|value| *value *= 0.5);
        Ok(out)
    }

    fn reach(&self) -> Reach {
        Reach::Halo {
            halo_px: 0,
            align_px: 1,
        }
    }

    fn facts(&self) -> &ModelFacts {
        ModelFacts::unknown()
    }
}

/// A measurement that allows everything.
struct Nothing;

impl Measurement for Nothing {
    fn project(&self, _: &mut Picture, _: Trust<'_>) {}
}

fn grey(value: f32) -> Picture {
    Picture::from_data(3, 16, 8, vec![value; 3 * 16 * 8]).unwrap()
}

fn settings(start: Start, fresh: f64) -> CellSettings {
    CellSettings {
        start,
        start_sigma: 0.8,
        end_sigma: 0.05,
        warm_sigma: Some(0.2),
        steps: 5,
        samples: 2,
        fresh,
        calibrated: None,
        share: 1.0,
        ..CellSettings::default()
    }
}

/// The result, the levels at which the prior was called, and the last progress report.
fn walk(
    settings: &CellSettings,
    warm: Option<&Warm<'_>>,
) -> (Picture, Vec<f64>, Option<(usize, usize)>) {
    let prior = Half::default();
    let told = Mutex::new(None);
    let hint = Hint {
        decoded: grey(0.25),
        luma: [9; 64],
        chroma: [9; 64],
        subsampling: (1, 1),
    };
    let problem = Problem {
        denoiser: &prior,
        measurement: &Nothing,
        hint: &hint,
        control: Control {
            cancel: None,
            progress: Some(&|done, calls| *told.lock().unwrap() = Some((done, calls))),
        },
    };
    let found = mean_of_draws(&problem, settings, warm, |n| Field::new(3, n)).unwrap();
    let asked = prior.asked.into_inner().unwrap();
    (found, asked, told.into_inner().unwrap())
}

fn warm<'a>(picture: &'a Picture, cold: &'a [Rect], denoiser: &'a Half) -> Warm<'a> {
    Warm {
        picture,
        cold,
        denoiser,
    }
}

#[test]
fn a_picture_that_is_near_everywhere_is_begun_from_below() {
    let (near, above) = (grey(0.5), Half::default());
    let grid = schedule::karras(0.8, 0.05, 5);
    let low: Vec<f64> = grid.into_iter().filter(|&sigma| sigma <= 0.2).collect();
    assert_eq!(low.len(), 2);
    for start in [Start::Decoded, Start::OneCall] {
        let warm = warm(&near, &[], &above);
        let (_, asked, told) = walk(&settings(start, 1.0), Some(&warm));
        assert_eq!(asked, [&low[..], &low].concat());
        assert_eq!(told, Some((4, 4)));
    }
    assert!(above.asked.lock().unwrap().is_empty());
}

/// Cold parts equal those of a draw without a near picture, and warm parts those of a draw whose
/// picture is near everywhere, up to the rounding of the kept noise.
#[test]
fn parts_walk_as_pictures_of_their_kind() {
    let near = grey(0.5);
    let left = Rect {
        x: 0,
        y: 0,
        width: 8,
        height: 8,
    };
    for fresh in [0.0, 0.6, 1.0] {
        let settings = settings(Start::Decoded, fresh);
        let (all_the_way, asked, told) = walk(&settings, None);
        assert_eq!((asked.len(), told), (10, Some((10, 10))));
        let above = Half::default();
        let (below, ..) = walk(&settings, Some(&warm(&near, &[], &above)));
        let (both, asked, told) = walk(&settings, Some(&warm(&near, &[left], &above)));
        assert_eq!((asked.len(), told), (4, Some((10, 10))));
        assert_eq!(above.asked.into_inner().unwrap().len(), 6);
        for (i, value) in both.data.iter().enumerate() {
            let expected = match i % 16 < 8 {
                true => all_the_way.data[i],
                false => below.data[i],
            };
            assert!(
                (value - expected).abs() < 1e-5,
                "{fresh} {i}: {value} {expected}"
            );
        }
    }
}

/// None of their levels is low enough for warm parts, which would never be computed.
#[test]
fn walks_that_end_above_begin_at_their_start() {
    let (near, above) = (grey(0.5), Half::default());
    for steps in [1, 2] {
        let settings = CellSettings {
            steps,
            end_sigma: 0.3,
            ..settings(Start::Decoded, 1.0)
        };
        let (found, asked, _) = walk(&settings, Some(&warm(&near, &[], &above)));
        assert_eq!(asked.len(), 2 * steps);
        assert_eq!(found, walk(&settings, None).0);
    }
}

#[test]
fn plans_without_a_level_for_it_walk_all_the_way() {
    let (near, above) = (grey(0.5), Half::default());
    let settings = CellSettings {
        warm_sigma: None,
        ..settings(Start::OneCall, 1.0)
    };
    let warm = warm(&near, &[], &above);
    let (found, asked, _) = walk(&settings, Some(&warm));
    assert_eq!(asked.len(), 11);
    assert_eq!(found, walk(&settings, None).0);
}
