//! Pictures whose last save does not account for the damage: they are not held to its levels, in
//! a stream as alone.

use super::prior::{Blur, PATH, file, restorer, scene};
use super::{assert_same, restore};
use crate::assumed_quality::AssumedQuality;
use crate::contract::Control;
use crate::frame::PixelModel;
use crate::jpeg::JpegFile;
use crate::options::{Options, Preset};
use crate::restore::{Gate, Layout, Report, Restored};

/// One whose answers lie far outside their cells, as every blur of fine levels does.
fn far_outside() -> Blur {
    Blur {
        follows: true,
        strange: Some(0.05),
        knows_earlier_saves: true,
        ..Blur::default()
    }
}

fn frames(quality: u8) -> [JpegFile; PATH.len()] {
    PATH.map(|at| file(&scene(PixelModel::Rgb, (96, 64), at), quality, (2, 2)))
}

fn assuming(assume_quality: AssumedQuality) -> Options {
    Options {
        assume_quality,
        ..Options::default()
    }
}

fn alone(prior: Blur, file: &JpegFile, options: &Options) -> Restored {
    let restorer = restorer(prior);
    restorer
        .restore_file(file, options, Control::default())
        .unwrap()
}

/// The network's answer as it is: with no levels, nothing holds it.
fn answer(file: &JpegFile) -> Restored {
    let options = assuming(AssumedQuality::Quality(100));
    alone(far_outside(), file, &options)
}

#[test]
fn far_answers_are_shown_as_they_are() {
    let file = &frames(95)[0];
    let found = alone(far_outside(), file, &Options::default());
    assert!(found.report.restored && found.report.released);
    assert_eq!(found.report.gate, Gate::Open);
    assert!(found.report.notes[0].contains("last save"));
    assert_eq!(found.frame, answer(file).frame);
}

#[test]
fn coarse_levels_that_account_for_the_answer_hold_it() {
    let file = &frames(10)[0];
    let found = alone(far_outside(), file, &Options::default());
    assert!(found.report.restored && !found.report.released);
    assert_ne!(found.frame, answer(file).frame);
}

/// With `off`, and for priors that never saw such pictures, strange pictures are handed on.
#[test]
fn others_hand_far_answers_on_as_decoded() {
    let file = &frames(95)[0];
    let innocent = Blur {
        knows_earlier_saves: false,
        ..far_outside()
    };
    let off = assuming(AssumedQuality::Off);
    for (prior, options) in [(far_outside(), off), (innocent, Options::default())] {
        let report: Report = alone(prior, file, &options).report;
        assert!(!report.restored && !report.released);
        assert_eq!(report.gate, Gate::Closed);
    }
}

#[test]
fn strict_is_about_the_levels_that_there_are() {
    let file = &frames(40)[0];
    let strict = |assume_quality| Options {
        strict: true,
        ..assuming(assume_quality)
    };
    let stated = alone(far_outside(), file, &strict(AssumedQuality::Quality(10)));
    let plain = alone(far_outside(), file, &strict(AssumedQuality::Off));
    assert!(!stated.report.released);
    assert_eq!(stated.frame, plain.frame);
}

#[test]
fn draws_are_not_held_either() {
    let file = &frames(95)[0];
    let options = Options {
        preset: Preset::Sample,
        ..Options::default()
    };
    assert!(alone(far_outside(), file, &options).report.released);
}

#[test]
fn streams_release_as_if_alone() {
    let stated = assuming(AssumedQuality::Quality(20));
    for options in [Options::default(), stated, assuming(AssumedQuality::Off)] {
        for follows in [true, false] {
            let prior = || Blur {
                follows,
                ..far_outside()
            };
            // From held to released and back.
            let [coarse, fine] = [frames(10), frames(95)];
            let files = [&coarse[..], &fine[..], &coarse[..1]].concat();
            assert_same(prior, &files, Layout::AsFile, &options);
        }
    }
    let mut stream = restorer(far_outside()).stream();
    assert!(restore(&mut stream, &frames(95)[0]).report.released);
}
