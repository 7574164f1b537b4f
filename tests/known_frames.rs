//! Frames whose file is known: headers are believed where they hold, at every quality, and not
//! where the frame was changed since it was decoded.

use std::path::Path;
use std::sync::Arc;

use ddrmjpeg::contract::{Hint, ModelFacts, Reach};
use ddrmjpeg::frame::{Picture, PixelModel, Planar8, Plane8};
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::file::origin::Family;
use ddrmjpeg::jpeg::recover::by_header;
use ddrmjpeg::jpeg::recover::by_header::Refusal;
use ddrmjpeg::jpeg::segments::header;
use ddrmjpeg::jpeg::{Header, Observation, grid};
use ddrmjpeg::restore::{FrameInfo, FrameTables, TablesFrom};
use ddrmjpeg::{Control, Denoiser, RestoreOptions, Restorer};

const QUALITIES: [u8; 12] = [10, 20, 30, 40, 50, 60, 70, 80, 85, 88, 92, 95];

fn photographs() -> Vec<Planar8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/pictures");
    ["coffee.png", "raccoon.png"]
        .map(|name| {
            let picture = image::open(folder.join(name)).unwrap().to_rgb8();
            Planar8::from_rgb(
                picture.width() as usize,
                picture.height() as usize,
                &picture,
            )
        })
        .to_vec()
}

/// Encodes, and decodes to planes of the file's own sampling, as an exact decoder does.
fn decoded(picture: &Planar8, quality: u8, subsampling: (usize, usize)) -> (Planar8, Header) {
    let bytes = jpeg::encode(picture, quality, subsampling).unwrap();
    let file = jpeg::read(&bytes, &RestoreOptions::default().limits).unwrap();
    let seen = grid::from_file(&file);
    let mut frame = Planar8::new(PixelModel::YCbCr, file.width, file.height, subsampling);
    for (plane, component) in frame.planes.iter_mut().zip(&seen.components) {
        let rows = component.plane.chunks_exact(component.width());
        for (to, from) in plane.data.chunks_exact_mut(plane.width).zip(rows) {
            for (byte, sample) in to.iter_mut().zip(from) {
                *byte = (sample + 128.0).round() as u8;
            }
        }
    }
    (frame, header::parse(&bytes).unwrap())
}

fn observe(frame: &Planar8, header: &Header) -> Result<Observation, Refusal> {
    by_header::from_header(frame, header).unwrap()
}

fn measured(seen: &Observation) -> Vec<bool> {
    seen.components.iter().map(|c| c.is_measured()).collect()
}

/// From a pixel and the size to another pixel.
type Move = fn((usize, usize), (usize, usize)) -> (usize, usize);

/// What can happen to a frame.
type Change = fn(&Planar8) -> Planar8;

/// Applies `pixel(x, y)` -> source pixel to all planes; for planes of even size.
fn moved(frame: &Planar8, from: Move) -> Planar8 {
    let mut out = frame.clone();
    for (to, plane) in out.planes.iter_mut().zip(&frame.planes) {
        let size = (plane.width, plane.height);
        for (i, byte) in to.data.iter_mut().enumerate() {
            let (x, y) = from((i % size.0, i / size.0), size);
            *byte = plane.data[y * size.0 + x];
        }
    }
    out
}

/// Luma through a function of its value, as gamma and balance filters do.
fn toned(frame: &Planar8, tone: fn(f64) -> f64) -> Planar8 {
    let mut out = frame.clone();
    for byte in &mut out.planes[0].data {
        *byte = (255.0 * tone(f64::from(*byte) / 255.0)).round() as u8;
    }
    out
}

#[test]
fn good_frames_are_believed_at_every_quality() {
    for picture in photographs() {
        for quality in QUALITIES {
            for subsampling in [(2, 2), (2, 1), (1, 1)] {
                let (frame, header) = decoded(&picture, quality, subsampling);
                let seen = observe(&frame, &header);
                let seen = seen.unwrap_or_else(|e| panic!("{quality} {subsampling:?}: {e} {e:?}"));
                assert_eq!(measured(&seen), [true; 3], "{quality} {subsampling:?}");
            }
        }
    }
}

#[test]
fn changed_frames_are_not_believed_at_any_quality() {
    let changes: [(&str, Change); 7] = [
        ("shifted 4", |f| moved(f, |(x, y), (w, _)| ((x + 4) % w, y))),
        ("shifted 1 down", |f| {
            moved(f, |(x, y), (_, h)| (x, (y + 1) % h))
        }),
        ("mirrored off the grid", |f| {
            moved(f, |(x, y), (w, _)| ((2 * w - x - 4) % w, y))
        }),
        ("scaled", |f| {
            moved(f, |(x, y), _| (x * 15 / 16, y * 15 / 16))
        }),
        ("less contrast", |f| toned(f, |v| 0.1 + 0.8 * v)),
        ("gamma 1.1", |f| toned(f, |v| v.powf(1.0 / 1.1))),
        ("limited range", |f| {
            toned(f, |v| (16.0 + 219.0 * v) / 255.0)
        }),
    ];
    for picture in photographs() {
        for quality in QUALITIES {
            let (frame, header) = decoded(&picture, quality, (2, 2));
            for (name, change) in changes {
                match observe(&change(&frame), &header) {
                    Err(Refusal::Levels(_)) => {}
                    other => panic!("{name} at {quality}: {:?}", other.map(|s| measured(&s))),
                }
            }
        }
    }
}

/// Brightness moves DC alone. Where it moves it by about a step nothing is wrong with the levels;
/// otherwise, with a step that 8 bits can tell, it shows.
#[test]
fn brighter_frames_are_not_believed() {
    for quality in QUALITIES {
        let (mut frame, header) = decoded(&photographs()[1], quality, (2, 2));
        let step = i32::from(header.components[0].steps[0]);
        // At least a third of a step from a multiple, and from one rounded down (−4).
        let away = |units: i32| (units + step / 2).rem_euclid(step) - step / 2;
        let visible = |by: &u8| {
            let moved = 8 * i32::from(*by);
            away(moved).abs() * 3 >= step && away(moved + 4).abs() >= 2
        };
        let Some(by) = (1..12).find(visible) else {
            assert!(step <= 8, "nothing to try at step {step}");
            continue;
        };
        for byte in &mut frame.planes[0].data {
            *byte = byte.saturating_add(by);
        }
        let seen = observe(&frame, &header);
        assert!(matches!(seen, Err(Refusal::Levels(_))), "{quality}: {by}");
    }
}

/// Turned on its diagonal a square frame is on the grid, and its steps are transposed.
#[test]
fn a_transposed_square_is_not_believed() {
    let whole = &photographs()[0];
    let mut square = Planar8::new(PixelModel::Rgb, 384, 384, (1, 1));
    for (to, from) in square.planes.iter_mut().zip(&whole.planes) {
        for (row, line) in to
            .data
            .chunks_exact_mut(384)
            .zip(from.data.chunks_exact(600))
        {
            row.copy_from_slice(&line[100..484]);
        }
    }
    for quality in [20, 50, 80, 92] {
        let (frame, header) = decoded(&square, quality, (2, 2));
        let turned = moved(&frame, |(x, y), _| (y, x));
        assert!(
            matches!(observe(&turned, &header), Err(Refusal::Levels(_))),
            "{quality}"
        );
    }
}

#[test]
fn another_size_another_field_and_another_colour_model_are_refused() {
    let (frame, header) = decoded(&photographs()[0], 50, (2, 2));
    let wrong_size = Header {
        width: 592,
        ..header.clone()
    };
    assert!(matches!(
        observe(&frame, &wrong_size),
        Err(Refusal::Size { .. })
    ));
    let field = Header {
        field: Some(jpeg::segments::splitter::Field::Top),
        height: header.height / 2,
        ..header.clone()
    };
    assert_eq!(observe(&frame, &field).unwrap_err(), Refusal::Interlaced);
    // What has all rows is no field, whatever a camera writes.
    let whole = Header {
        height: header.height,
        ..field
    };
    assert!(observe(&frame, &whole).is_ok());
    let rgb = Header {
        model: PixelModel::Rgb,
        ..header
    };
    assert!(matches!(observe(&frame, &rgb), Err(Refusal::Model { .. })));
}

/// What `jpegdec` makes of 4:2:2 and 4:4:4: 4:2:0 by leaving samples out.
fn decimated(frame: &Planar8) -> Planar8 {
    let (w, h) = (frame.width(), frame.height());
    let mut out = Planar8::new(PixelModel::YCbCr, w, h, (2, 2));
    out.planes[0] = frame.planes[0].clone();
    let (fx, fy) = (2 / frame.subsampling.0, 2 / frame.subsampling.1);
    for (to, from) in out.planes[1..].iter_mut().zip(&frame.planes[1..]) {
        let width = to.width;
        for (i, byte) in to.data.iter_mut().enumerate() {
            *byte = from.data[(i / width) * fy * from.width + (i % width) * fx];
        }
    }
    out
}

#[test]
fn chroma_that_was_resampled_is_not_measured() {
    for subsampling in [(2, 1), (1, 1)] {
        let (frame, header) = decoded(&photographs()[0], 50, subsampling);
        let seen = observe(&decimated(&frame), &header).unwrap();
        assert_eq!(measured(&seen), [true, false, false], "{subsampling:?}");
        assert_eq!(seen.components[1].steps, header.components[1].steps);
    }
}

/// Less saturation: luma is as it was, chroma is not, though half of its blocks may still fit.
#[test]
fn chroma_that_was_changed_is_not_measured() {
    for quality in [20, 50, 80] {
        let (mut frame, header) = decoded(&photographs()[1], quality, (2, 2));
        for plane in &mut frame.planes[1..] {
            for byte in &mut plane.data {
                *byte = (128.0 + 0.7 * (f64::from(*byte) - 128.0)).round() as u8;
            }
        }
        let seen = observe(&frame, &header).unwrap();
        assert_eq!(measured(&seen), [true, false, false], "{quality}");
    }
}

#[test]
fn grey_rgb_and_colour_frames_of_their_files() {
    let picture = &photographs()[0];
    let (frame, header) = decoded(picture, 50, (1, 1));
    let grey = Planar8 {
        model: PixelModel::Grey,
        planes: vec![frame.planes[0].clone()],
        subsampling: (1, 1),
    };
    assert_eq!(measured(&observe(&grey, &header).unwrap()), [true]);
    let grey_file = Header {
        model: PixelModel::Grey,
        components: header.components[..1].to_vec(),
        ..header.clone()
    };
    let mut colourless = frame.clone();
    for plane in &mut colourless.planes[1..] {
        plane.data.fill(128);
    }
    assert_eq!(
        measured(&observe(&colourless, &grey_file).unwrap()),
        [true; 3]
    );
    // The planes of the frame taken for those of an RGB file: each has a comb of its own.
    let rgb = Planar8 {
        model: PixelModel::Rgb,
        ..frame
    };
    let rgb_file = Header {
        model: PixelModel::Rgb,
        ..header
    };
    let seen = observe(&rgb, &rgb_file).unwrap();
    assert_eq!(
        (measured(&seen), seen.model),
        (vec![true; 3], PixelModel::Rgb)
    );
}

/// A prior that believes in red.
struct Red;

impl Denoiser for Red {
    fn denoise(&self, x: &Picture, _: f64, _: Option<&Hint>) -> ddrmjpeg::Result<Picture> {
        let mut out = Picture::new(3, x.width, x.height);
        out.data.fill(-1.0);
        out.plane_mut(0).fill(1.0);
        Ok(out)
    }

    fn reach(&self) -> Reach {
        Reach::Halo {
            halo_px: 0,
            align_px: 8,
        }
    }

    fn facts(&self) -> &ModelFacts {
        ModelFacts::unknown()
    }
}

fn mean(plane: &Plane8) -> f64 {
    plane.data.iter().map(|&b| f64::from(b)).sum::<f64>() / plane.data.len() as f64
}

/// Where chroma is not measured the prior decides it; luma stays in its cells all the same.
#[test]
fn unmeasured_chroma_is_the_priors_to_restore() {
    let restorer = Restorer::with_denoiser(Arc::new(Red));
    let options = RestoreOptions::default();
    let (frame, header) = decoded(&photographs()[0], 50, (2, 1));
    let restore = |frame: &Planar8| {
        let tables = FrameInfo::from(FrameTables::Quality(50)).with_header(header.clone());
        restorer
            .restore_frame(frame, &tables, &options, Control::default())
            .unwrap()
    };
    let held = restore(&frame);
    let free = restore(&decimated(&frame));
    for restored in [&held, &free] {
        assert_eq!(restored.report.tables_from, Some(TablesFrom::File));
        assert_eq!(restored.report.quality, Some(50));
        let drift = mean(&restored.frame.planes[0]) - mean(&frame.planes[0]);
        // Half the DC step of quality 50, 16 / 8 / 2 levels, and what clipping of red adds.
        assert!(drift.abs() < 2.0, "{drift}");
    }
    let drift = |restored: &Planar8| mean(&restored.planes[2]) - mean(&frame.planes[2]);
    // Held: half the chroma DC step is 17 / 8 / 2 levels, and clipping to RGB adds as much.
    // Free: Cr of red is 255.
    assert!(drift(&held.frame).abs() < 4.0, "{}", drift(&held.frame));
    assert!(drift(&free.frame) > 20.0, "{}", drift(&free.frame));
}

/// jpegli's cells reach 0.07 steps out, the others' 0.01: a prior that goes to their bounds goes
/// further. Of the chroma DC step of quality 50 that is 17 x 0.06 / 8 = 0.13 levels, and as much
/// again for every other coefficient that is wrong.
#[test]
fn cells_reach_as_far_as_the_family_in_the_header_says() {
    let restorer = Restorer::with_denoiser(Arc::new(Red));
    let options = RestoreOptions::default();
    let (frame, header) = decoded(&photographs()[0], 50, (1, 1));
    let redness = |family: Family| {
        let header = Header {
            family: family.clone(),
            ..header.clone()
        };
        let tables = FrameInfo::from(FrameTables::Estimate).with_header(header);
        let restored = restorer
            .restore_frame(&frame, &tables, &options, Control::default())
            .unwrap();
        assert_eq!(restored.report.family, Some(family));
        mean(&restored.frame.planes[2])
    };
    assert_eq!(header.family, Family::Libjpeg);
    let [libjpeg, mozjpeg, jpegli] =
        [Family::Libjpeg, Family::Mozjpeg, Family::Jpegli].map(redness);
    // docs/measurements/cell.md: mozjpeg's cells are held to libjpeg's slack.
    assert_eq!(libjpeg, mozjpeg);
    assert!(jpegli > libjpeg + 0.05, "{jpegli} {libjpeg}");
}

#[test]
fn after_a_refusal_the_other_tables_are_used_and_the_report_says_so() {
    let restorer = Restorer::with_denoiser(Arc::new(ddrmjpeg::model::identity::Identity));
    let (frame, header) = decoded(&photographs()[0], 50, (2, 2));
    let shifted = moved(&frame, |(x, y), (w, _)| ((x + 3) % w, y));
    for (frame, otherwise, from) in [
        (&frame, FrameTables::Estimate, Some(TablesFrom::File)),
        (&shifted, FrameTables::Quality(50), Some(TablesFrom::Caller)),
        (&shifted, FrameTables::Estimate, None),
    ] {
        let tables = FrameInfo::from(otherwise).with_header(header.clone());
        let options = RestoreOptions::default();
        let restored = restorer.restore_frame(frame, &tables, &options, Control::default());
        let report = restored.unwrap().report;
        assert_eq!(report.tables_from, from);
        assert_eq!(report.refusal.is_some(), from != Some(TablesFrom::File));
    }
}
