//! Pictures of which the caller says how coarse an earlier save was: they are not held to the last
//! one's levels, in a stream as alone.

use crate::assumed_quality::AssumedQuality;
use crate::contract::{Control, Hint};
use crate::frame::{Picture, PixelModel};
use crate::jpeg::JpegFile;
use crate::jpeg::grid::tables;
use crate::options::{Preset, RestoreOptions};
use crate::restore::{Gate, Layout, Restored};
use crate::solve::assumed;
use crate::stream::stream_tests::cheap_prior::{Blur, PATH, file, following, restorer, scene};
use crate::stream::stream_tests::{assert_same, restore};

fn frames(quality: u8) -> [JpegFile; PATH.len()] {
    PATH.map(|at| file(&scene(PixelModel::Rgb, (96, 64), at), quality, (2, 2)))
}

fn assuming(assume_quality: AssumedQuality) -> RestoreOptions {
    RestoreOptions {
        assume_quality,
        ..RestoreOptions::default()
    }
}

fn alone(file: &JpegFile, options: &RestoreOptions) -> Restored {
    let restorer = restorer(following());
    restorer
        .restore_file(file, options, Control::default())
        .unwrap()
}

/// A blur leaves the fine cells of quality 90. Held to them it comes back; released it does not.
/// What it does not look at, the assumed steps, changes nothing.
#[test]
fn a_stated_quality_releases_the_levels() {
    let file = &frames(90)[0];
    let held = alone(file, &assuming(AssumedQuality::Off));
    let [coarse, fine] = [20, 80].map(|q| alone(file, &assuming(AssumedQuality::Quality(q))));
    assert!(!held.report.released && coarse.report.released);
    assert_eq!(coarse.frame, fine.frame);
    assert_ne!(held.frame, coarse.frame);
}

/// Steps are nowhere finer than the file's own, nor than those of the quality.
#[test]
fn the_network_expects_the_coarser_of_both() {
    let hint = || Hint {
        decoded: Picture::new(3, 8, 8),
        luma: [30; 64],
        chroma: [30; 64],
        subsampling: (2, 2),
    };
    let found = assumed(hint(), &assuming(AssumedQuality::Quality(50)));
    let (luma, chroma) = tables::ijg_pair(50);
    assert_eq!(found.luma, luma.map(|step| step.max(30)));
    assert_eq!(found.chroma, chroma.map(|step| step.max(30)));
    assert_eq!(assumed(hint(), &RestoreOptions::default()), hint());
}

/// A picture that was saved at 100 last is handed on, but not where it is said to be damaged.
#[test]
fn the_gate_does_not_close_on_stated_damage() {
    let fine = file(&scene(PixelModel::Rgb, (96, 64), PATH[0]), 100, (1, 1));
    assert_eq!(
        alone(&fine, &RestoreOptions::default()).report.gate,
        Gate::Closed
    );
    let stated = alone(&fine, &assuming(AssumedQuality::Quality(30)));
    assert!(stated.report.restored && stated.report.released);
}

#[test]
fn strict_is_about_the_levels_that_there_are() {
    let file = &frames(40)[0];
    let strict = |assume_quality| RestoreOptions {
        strict: true,
        ..assuming(assume_quality)
    };
    let stated = alone(file, &strict(AssumedQuality::Quality(10)));
    let plain = alone(file, &strict(AssumedQuality::Off));
    assert!(!stated.report.released);
    assert_eq!(stated.frame, plain.frame);
}

#[test]
fn streams_release_as_if_alone() {
    for preset in [Preset::Fast, Preset::Sample] {
        let options = RestoreOptions {
            preset,
            ..assuming(AssumedQuality::Quality(20))
        };
        for follows in [true, false] {
            let prior = || Blur {
                follows,
                ..following()
            };
            let files = [&frames(10)[..], &frames(95)[..]].concat();
            assert_same(prior, &files, Layout::AsFile, &options);
        }
    }
    let mut stream = restorer(following()).stream();
    assert!(!restore(&mut stream, &frames(95)[0]).report.released);
}
