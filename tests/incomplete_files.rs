//! Progressive files that end early: what they have sent of each coefficient says in which
//! interval it lies.

use ddrmjpeg::contract::Control;
use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::file::write::{Quantiser, encode_by};
use ddrmjpeg::jpeg::grid::cell::Slack;
use ddrmjpeg::jpeg::grid::component::Observed;
use ddrmjpeg::jpeg::grid::tables;
use ddrmjpeg::jpeg::{JpegFile, grid};
use ddrmjpeg::{ModelOptions, RestoreOptions, Restorer};

const SIZE: (usize, usize) = (72, 56);

/// A progressive file; its scans send some coefficients bit by bit.
fn progressive(subsampling: (usize, usize)) -> Vec<u8> {
    let mut scene = Planar8::new(PixelModel::Rgb, SIZE.0, SIZE.1, (1, 1));
    for (c, plane) in scene.planes.iter_mut().enumerate() {
        for (i, byte) in plane.data.iter_mut().enumerate() {
            let (x, y) = (i % SIZE.0, i / SIZE.0);
            *byte = ((x * x / (3 + c) + y * (5 + 2 * c) + x * y / 7) % 256) as u8;
        }
    }
    let (luma, chroma) = tables::ijg_pair(80);
    encode_by(
        &scene,
        &[luma, chroma, chroma],
        subsampling,
        Quantiser::Trellis,
    )
    .unwrap()
}

fn read(bytes: &[u8]) -> JpegFile {
    jpeg::read(bytes, &RestoreOptions::default().limits).unwrap()
}

/// Where the data of each scan end.
fn scan_ends(file: &[u8]) -> Vec<usize> {
    let marker = |at: usize| file[at] == 0xFF && !matches!(file[at + 1], 0 | 0xD0..=0xD7 | 0xFF);
    let scans = (0..file.len() - 1).filter(|&at| file[at] == 0xFF && file[at + 1] == 0xDA);
    let end = |start| (start + 2..file.len() - 1).find(|&at| marker(at));
    scans.filter_map(end).collect()
}

/// Every 37th position inside of the data of a scan. libjpeg refuses a file that ends in the
/// header of one.
fn cuts(file: &[u8]) -> Vec<usize> {
    let scans = (0..file.len() - 4).filter(|&at| file[at] == 0xFF && file[at + 1] == 0xDA);
    let header = |at: usize| 2 + usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
    let starts = scans.map(|at| at + header(at));
    let ends = scan_ends(file);
    let parts = starts.zip(ends).map(|(start, end)| start..end);
    parts.flat_map(|part| part.step_by(37)).collect()
}

/// The law that all else stands on.
#[test]
fn the_intervals_of_a_cut_file_hold_the_levels_of_the_whole_one() {
    let whole = progressive((2, 2));
    let start = scan_ends(&whole)[0];
    let full = grid::from_levels(&read(&whole));
    let (mut looser, mut last_width) = (0, f64::INFINITY);
    for end in cuts(&whole).into_iter().filter(|&end| end >= start) {
        let seen = grid::from_levels(&read(&whole[..end]));
        let mut width = 0.0;
        for (c, component) in seen.components.iter().enumerate() {
            for (at, levels) in component.levels.iter().enumerate() {
                let (Some(levels), Some(truth)) = (levels, &full.components[c].levels[at]) else {
                    width += 64.0 * 2048.0;
                    continue;
                };
                let cells = component.cells(at, (levels, &component.steps), Slack::NONE);
                for (i, (low, high)) in cells.into_iter().enumerate() {
                    let value = f32::from(truth[i]) * f32::from(component.steps[i]);
                    assert!(
                        low <= value && value <= high,
                        "{end} {c} {at} {i}: {low} {value} {high}"
                    );
                    width += f64::from(high - low);
                }
            }
        }
        assert!(width <= last_width, "{end}: more is known with every byte");
        looser += usize::from(width < last_width);
        last_width = width;
    }
    assert!(looser > 20, "{looser}");
}

#[test]
fn only_the_end_marker_missing_loses_nothing() {
    for subsampling in [(1, 1), (2, 2)] {
        let whole = progressive(subsampling);
        let (full, cut) = (read(&whole), read(&whole[..whole.len() - 2]));
        assert!(full.progressive && full.damage.is_none());
        assert!(cut.damage.as_ref().expect("a complaint").is_empty());
        assert_eq!(cut.components, full.components);
    }
}

/// What is shown of a cut file is what libjpeg shows, smoothed over; with an end marker
/// put to it, since the decoder of pixels refuses files without.
#[test]
fn a_cut_file_is_decoded_as_libjpeg_decodes_it() {
    let whole = progressive((1, 1));
    for end in scan_ends(&whole) {
        let cut = [&whole[..end], &[0xFF, 0xD9]].concat();
        let wanted = jpeg::file::pixels::decode(&cut, &RestoreOptions::default().limits).unwrap();
        let shown = restore(&whole[..end], 0.0).frame;
        for (a, b) in shown.planes.iter().zip(&wanted.planes) {
            // Rounded planes, and libjpeg's integer colours: two levels.
            let most = a
                .data
                .iter()
                .zip(&b.data)
                .map(|(a, b)| a.abs_diff(*b))
                .max();
            assert!(most.unwrap() <= 2, "{end}: {most:?}");
        }
    }
}

fn restore(bytes: &[u8], strength: f64) -> ddrmjpeg::restore::Restored {
    let core = Restorer::open(&ModelOptions::default().with_model("identity")).unwrap();
    let options = RestoreOptions::default().with_strength(strength);
    core.restore_jpeg(bytes, &options, Control::default())
        .unwrap()
}

#[test]
fn all_rows_of_a_cut_file_are_restored_and_none_is_called_an_earlier_save() {
    let whole = progressive((2, 2));
    for end in scan_ends(&whole) {
        let report = restore(&whole[..end], 1.0).report;
        assert!(report.restored && !report.resaved);
        let said = report.notes.join("; ");
        let complete = end + 2 == whole.len();
        assert_eq!(said.contains("incomplete"), !complete, "{said}");
        assert!(!said.contains("damaged"), "{said}");
    }
}

/// What is missing is told to the prior as coarser steps.
#[test]
fn the_tables_that_a_prior_is_told_are_coarser_the_less_has_come() {
    let whole = progressive((2, 2));
    let coarseness = |bytes: &[u8]| {
        let hint = grid::from_file(&read(bytes)).hint();
        ddrmjpeg::contract::mean_log2(&hint.luma)
    };
    let all: Vec<f64> = scan_ends(&whole)
        .iter()
        .map(|&end| coarseness(&whole[..end]))
        .collect();
    assert!(all.windows(2).all(|pair| pair[1] <= pair[0]), "{all:?}");
    assert!(all[0] > all[all.len() - 1] + 1.0, "{all:?}");
}

/// A scan that is broken in its middle leaves what earlier scans have said.
#[test]
fn a_byte_changed_in_a_later_scan_does_not_reach_what_was_sent_before() {
    let whole = progressive((2, 2));
    let ends = scan_ends(&whole);
    let intact = grid::from_levels(&read(&whole[..ends[0]]));
    let mut hurt = whole[..ends[1]].to_vec();
    let middle = (ends[0] + ends[1]) / 2;
    hurt.truncate(middle);
    hurt.extend([0xFF, 0xD9]);
    let seen = grid::from_levels(&read(&hurt));
    for (a, b) in seen.components.iter().zip(&intact.components) {
        let means = |c: &Observed| -> Vec<Option<i16>> {
            c.levels
                .iter()
                .map(|levels| levels.map(|levels| levels[0]))
                .collect()
        };
        assert_eq!(means(a), means(b));
    }
}
