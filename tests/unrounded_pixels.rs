//! Pixels restored without rounding: rounded afterwards, they are what comes with rounding.

use ddrmjpeg::{
    Control, Error, FrameInfo, FrameTables, Limits, ModelOptions, Picture, PixelModel, Planar8,
    RestoreOptions, Restorer,
};

const SIZE: (usize, usize) = (150, 93);

/// A scene of slopes and edges, as a JPEG of quality 30 shows it.
fn decoded(model: PixelModel) -> Planar8 {
    let mut scene = Planar8::new(model, SIZE.0, SIZE.1, (1, 1));
    for (c, plane) in scene.planes.iter_mut().enumerate() {
        for (i, sample) in plane.data.iter_mut().enumerate() {
            let (x, y) = (i % SIZE.0, i / SIZE.0);
            let edge = if (x / 17 + y / 13) % 3 == c { 60 } else { 0 };
            *sample = (40 + x + edge + (x * y) % 11) as u8;
        }
    }
    let bytes = ddrmjpeg::encode(&scene, 30, (1, 1)).unwrap();
    let mut shown = ddrmjpeg::decode(&bytes, &Limits::default()).unwrap();
    if model == PixelModel::Grey {
        shown.model = model;
        shown.planes.truncate(1);
    }
    shown
}

fn restorer() -> Restorer {
    Restorer::open(&ModelOptions::default().with_model("nano")).unwrap()
}

/// Without the columns and rows before (`x`, `y`), and with left and right exchanged.
fn cropped_and_mirrored(picture: &Planar8, (x, y): (usize, usize)) -> Planar8 {
    let mut out = Planar8::new(
        picture.model,
        picture.width() - x,
        picture.height() - y,
        (1, 1),
    );
    for (to, from) in out.planes.iter_mut().zip(&picture.planes) {
        let rows = from.data.chunks_exact(from.width).skip(y);
        to.data = rows
            .flat_map(|row| row[x..].iter().rev().copied())
            .collect();
    }
    out
}

fn assert_rounds_to(unrounded: &Picture, frame: &Planar8) {
    assert_eq!(unrounded.channels, frame.planes.len());
    assert_eq!(
        (unrounded.width, unrounded.height),
        (frame.width(), frame.height())
    );
    for (c, plane) in frame.planes.iter().enumerate() {
        let level = |x: &f32| (x * 127.5 + 127.5).round() as u8;
        let rounded: Vec<u8> = unrounded.plane(c).iter().map(level).collect();
        assert_eq!(rounded, plane.data, "channel {c}");
    }
}

#[test]
fn frames_of_a_quality_round_to_what_is_returned_rounded() {
    let (restorer, options) = (restorer(), RestoreOptions::default());
    let info = FrameInfo::from(FrameTables::Quality(30));
    for model in [PixelModel::Rgb, PixelModel::Grey] {
        for frame in [
            decoded(model),
            cropped_and_mirrored(&decoded(model), (11, 5)),
        ] {
            let control = Control::default();
            let (picture, report) = restorer
                .restore_frame_unrounded(&frame, &info, &options, control)
                .unwrap();
            let restored = restorer
                .restore_frame(&frame, &info, &options, control)
                .unwrap();
            assert!(report.restored && report == restored.report);
            assert_ne!(restored.frame, frame);
            assert_rounds_to(&picture, &restored.frame);
        }
    }
}

#[test]
fn pixels_alone_round_to_what_is_returned_rounded() {
    let (restorer, options, control) = (restorer(), RestoreOptions::default(), Control::default());
    let frame = cropped_and_mirrored(&decoded(PixelModel::Rgb), (3, 9));
    let (picture, _) = restorer
        .restore_decoded_unrounded(&frame, &options, control)
        .unwrap();
    let restored = restorer.restore_decoded(&frame, &options, control).unwrap();
    assert_rounds_to(&picture, &restored.frame);
}

#[test]
fn what_is_not_known_comes_back_and_ycbcr_is_refused() {
    let (restorer, options, control) = (restorer(), RestoreOptions::default(), Control::default());
    let info = FrameInfo::from(FrameTables::Unknown);
    let frame = decoded(PixelModel::Rgb);
    let (picture, report) = restorer
        .restore_frame_unrounded(&frame, &info, &options, control)
        .unwrap();
    assert!(!report.restored && !report.notes.is_empty());
    assert_rounds_to(&picture, &frame);
    let ycc = Planar8::new(PixelModel::YCbCr, 16, 16, (2, 2));
    let refused = restorer.restore_frame_unrounded(&ycc, &info, &options, control);
    assert!(matches!(refused, Err(Error::Unsupported(_))));
}
