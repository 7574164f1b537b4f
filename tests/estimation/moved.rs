//! Files that were saved, cut or scaled, and saved again: what was done between the saves is found
//! and acted on, and nothing is found in files that were saved once.

use std::path::Path;

use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::grid;
use ddrmjpeg::jpeg::recover::moved;
use ddrmjpeg::jpeg::recover::moved::{Move, Moved};
use ddrmjpeg::options::Limits;
use ddrmjpeg::{AssumedQuality, Control, ModelOptions, RestoreOptions, Restorer};
use image::RgbImage;
use image::imageops::{FilterType, crop_imm, resize};

use super::committed;

/// Of both saves.
const SAMPLING: (usize, usize) = (2, 2);

fn open(path: &Path) -> RgbImage {
    image::open(path).unwrap().to_rgb8()
}

fn saved(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let planes = Planar8::from_rgb(width, height, picture.as_raw());
    jpeg::encode(&planes, quality, SAMPLING).unwrap()
}

/// As the standard decoder shows it.
fn shown(picture: &RgbImage, quality: u8) -> RgbImage {
    let planes = ddrmjpeg::decode(&saved(picture, quality), &Limits::default()).unwrap();
    let (width, height) = (planes.width() as u32, planes.height() as u32);
    RgbImage::from_raw(width, height, planes.interleaved().unwrap()).unwrap()
}

fn look(picture: &RgbImage, quality: u8) -> Option<Moved> {
    let file = jpeg::read(&saved(picture, quality), &Limits::default()).unwrap();
    moved::look(&mut grid::from_levels(&file))
}

fn cut(picture: &RgbImage, (x, y): (u32, u32)) -> RgbImage {
    let (width, height) = picture.dimensions();
    crop_imm(picture, x, y, width - x, height - y).to_image()
}

fn scaled(picture: &RgbImage, factor: f64) -> RgbImage {
    let side = |length: u32| (f64::from(length) * factor).round() as u32;
    let (width, height) = (side(picture.width()), side(picture.height()));
    resize(picture, width, height, FilterType::CatmullRom)
}

#[test]
fn a_cut_between_two_saves_is_found_with_its_place() {
    for path in committed() {
        let once = shown(&open(&path), 20);
        for (by, begins) in [((4, 4), (4, 4)), ((3, 6), (5, 2)), ((8, 1), (0, 7))] {
            let found = look(&cut(&once, by), 90).unwrap_or_else(|| panic!("{path:?} {by:?}"));
            assert_eq!(found.how, Move::Cut(begins.0, begins.1), "{path:?} {by:?}");
            assert!(found.quality <= 60, "{path:?} {by:?}: {found:?}");
        }
    }
}

#[test]
fn scaling_between_two_saves_is_found_with_the_size_of_the_blocks() {
    for path in committed() {
        let once = shown(&open(&path), 20);
        for factor in [0.75, 1.1, 1.3] {
            let found = look(&scaled(&once, factor), 90);
            let found = found.unwrap_or_else(|| panic!("{path:?} {factor}"));
            let Move::Scaled(period) = found.how else {
                panic!("{path:?} {factor}: {found:?}")
            };
            // Of seams 6 pixels apart every second one is as good an answer.
            let blocks = period / (8.0 * factor);
            let off = (blocks - blocks.round()).abs();
            assert!(off < 0.01 && blocks < 2.5, "{path:?} {factor}: {period}");
        }
    }
}

#[test]
fn one_save_shows_nothing_whatever_came_before() {
    for path in committed() {
        let clean = open(&path);
        for quality in [78, 85, 92, 95] {
            assert_eq!(look(&clean, quality), None, "{path:?} {quality}");
            for factor in [0.5, 0.75, 1.2, 2.0] {
                let found = look(&scaled(&clean, factor), quality);
                assert_eq!(found, None, "{path:?} {factor} {quality}");
            }
        }
        assert_eq!(look(&cut(&clean, (4, 4)), 90), None, "{path:?}");
    }
}

/// A save on the same grid is for the levels to show; one that is coarse itself hides all others.
#[test]
fn saves_on_one_grid_and_coarse_last_saves_are_left_alone() {
    for path in committed() {
        let once = shown(&open(&path), 20);
        assert_eq!(look(&once, 90), None, "{path:?}");
        assert_eq!(look(&cut(&once, (4, 4)), 50), None, "{path:?}");
    }
}

/// The picture is restored as one of that quality, unless the caller says otherwise.
#[test]
fn what_is_found_is_acted_on() {
    let nano = Restorer::open(&ModelOptions::default().with_model("nano")).unwrap();
    let once = shown(&open(&committed()[0]), 20);
    let bytes = saved(&cut(&once, (4, 4)), 90);
    let restored = |options: &RestoreOptions| {
        let restored = nano.restore_jpeg(&bytes, options, Control::default());
        restored.unwrap()
    };
    let plain = RestoreOptions::default();
    let found = restored(&plain);
    let moved = found.report.moved.expect("it shows");
    assert!(found.report.released);
    assert_eq!(found.report.notes, [moved.note()]);
    let stated = AssumedQuality::Quality(moved.quality);
    let stated = restored(&plain.clone().with_assume_quality(stated));
    assert!(found.frame == stated.frame && stated.report.moved.is_none());
    let by_last_save = plain.clone().with_assume_quality(AssumedQuality::Off);
    for other in [by_last_save, plain.with_strict(true)] {
        let other = restored(&other);
        assert!(other.report.moved.is_none() && !other.report.released);
        assert!(other.frame != found.frame);
    }
}
