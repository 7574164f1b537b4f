//! Frames that were turned, mirrored or cropped since they were decoded: by a quality, by their header and
//! by their pixels alone they are restored as the upright frame is, and turned again.

use std::path::Path;

use ddrmjpeg::frame::{Orientation, PixelModel, Planar8};
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::segments::header;
use ddrmjpeg::jpeg::{Header, grid};
use ddrmjpeg::restore::{FrameInfo, FrameTables, Restored, TablesFrom};
use ddrmjpeg::{Control, ModelOptions, RestoreOptions, Restorer};

const QUALITY: u8 = 50;
/// No multiples of 8, and of 16 neither.
const SIZE: (usize, usize) = (292, 196);

/// A part of a photograph, encoded in 4:2:0 and decoded exactly; and its header.
fn decoded() -> (Planar8, Header) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/pictures/coffee.png");
    let (width, height) = (SIZE.0 as u32, SIZE.1 as u32);
    let part = image::open(path).unwrap().crop_imm(130, 90, width, height);
    let picture = Planar8::from_rgb(SIZE.0, SIZE.1, &part.to_rgb8());
    let bytes = jpeg::encode(&picture, QUALITY, (2, 2)).unwrap();
    let file = jpeg::read(&bytes, &RestoreOptions::default().limits).unwrap();
    let seen = grid::from_file(&file);
    let mut frame = Planar8::new(PixelModel::YCbCr, file.width, file.height, (2, 2));
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

fn restored(frame: &Planar8, tables: &FrameInfo) -> Restored {
    let core = Restorer::open(&ModelOptions::default().with_model("identity")).unwrap();
    let options = RestoreOptions::default();
    let control = Control::default();
    core.restore_frame(frame, tables, &options, control)
        .unwrap()
}

fn file(header: &Header) -> FrameInfo {
    FrameInfo::from(FrameTables::Unknown).with_header(header.clone())
}

#[test]
fn each_way_up_is_restored_as_the_upright_frame_by_header_and_by_quality() {
    let (frame, header) = decoded();
    for (tables, from) in [
        (file(&header), TablesFrom::File),
        (FrameTables::Quality(QUALITY).into(), TablesFrom::Caller),
    ] {
        let upright = restored(&frame, &tables);
        assert_eq!(upright.report.measured, [true; 3]);
        for orientation in Orientation::all() {
            let turned = restored(&orientation.picture(&frame), &tables);
            let report = &turned.report;
            assert_eq!(report.tables_from, Some(from), "{orientation:?}");
            assert_eq!(report.refusal, None, "{orientation:?}");
            assert_eq!(
                (report.orientation, &report.measured),
                (orientation, &upright.report.measured)
            );
            assert!(
                turned.frame == orientation.picture(&upright.frame),
                "{orientation:?}"
            );
        }
    }
}

/// A table of libjpeg's tells rows from columns; which side is left shows in the grid alone.
#[test]
fn each_way_up_tells_its_tables() {
    let (frame, _) = decoded();
    for orientation in Orientation::all() {
        let turned = restored(&orientation.picture(&frame), &FrameTables::Estimate.into());
        let told = turned.report.estimated.expect("the pixels tell");
        assert_eq!(told.luma.quality(), Some(QUALITY), "{orientation:?}");
        assert_eq!(told.orientation.transposed, orientation.transposed);
        assert!(told.chroma.is_some(), "{orientation:?}");
        // The next frame is not searched.
        let next = FrameInfo::from(FrameTables::Unknown).with_earlier(told);
        let next = restored(&orientation.picture(&frame), &next);
        assert!(next.report.estimated.is_some(), "{orientation:?}");
        assert_eq!(next.report.measured, [true; 3], "{orientation:?}");
    }
}

/// Columns of odd number: chroma is on its grid from the other side only.
#[test]
fn a_mirrored_frame_of_odd_width_tells_its_tables() {
    let (frame, _) = decoded();
    let mut odd = Planar8::new(PixelModel::YCbCr, SIZE.0 - 3, SIZE.1, (2, 2));
    for (plane, whole) in odd.planes.iter_mut().zip(&frame.planes) {
        let rows = whole.data.chunks_exact(whole.width);
        for (row, from) in plane.data.chunks_exact_mut(plane.width).zip(rows) {
            row.copy_from_slice(&from[..row.len()]);
        }
    }
    let mirrored = Orientation {
        mirrored_x: true,
        ..Orientation::default()
    };
    let turned = restored(&mirrored.picture(&odd), &FrameTables::Estimate.into());
    let told = turned.report.estimated.expect("the pixels tell");
    assert_eq!(
        (told.orientation, told.luma.quality()),
        (mirrored, Some(QUALITY))
    );
    assert_eq!(turned.report.measured, [true; 3]);
}

#[test]
fn cropped_off_the_grid_a_quality_still_finds_its_levels() {
    let (frame, _) = decoded();
    for margin in [(4, 4), (2, 6), (10, 0)] {
        let cropped = frame.without_margin(margin);
        for orientation in Orientation::all() {
            let tables = FrameTables::Quality(QUALITY).into();
            let turned = restored(&orientation.picture(&cropped), &tables);
            let what = format!("{margin:?} {orientation:?}");
            assert!(turned.report.measured[0], "{what}");
            assert_eq!(
                turned.report.orientation.transposed, orientation.transposed,
                "{what}"
            );
            let seen = orientation.picture(&cropped);
            let samples = turned.frame.planes[0].data.iter().zip(&seen.planes[0].data);
            let moved: u32 = samples.map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
            // Rounding, and colours that RGB does not hold.
            let most = 2 * seen.planes[0].data.len();
            assert!((moved as usize) < most, "{what}: {moved} of {most}");
        }
    }
}

/// Pixels of another kind are nobody's, whichever way they are turned.
#[test]
fn what_was_changed_otherwise_is_not_restored() {
    let (mut frame, header) = decoded();
    for byte in &mut frame.planes[0].data {
        *byte = (f64::from(*byte) * 0.8 + 20.0).round() as u8;
    }
    let by_file = restored(&frame, &file(&header));
    assert!(by_file.report.refusal.is_some());
}
