//! Restart markers that are few, many, missing, or numbered in no order.

use crate::coder::Picture;
use crate::surgery::{body, restarts, segment, without};
use crate::{assert_whole, read, restore};

const COLOUR: [(usize, usize); 3] = [(2, 2), (1, 1), (1, 1)];

fn every(interval: usize) -> Picture {
    Picture::new(&COLOUR).with_interval(interval)
}

#[test]
fn intervals_of_any_length() {
    for interval in [0, 1, 5, 6, 5000] {
        let picture = every(interval);
        assert_whole("interval", &picture.bytes(), &picture.levels());
    }
}

/// As many markers as there should be: their numbers do not matter.
#[test]
fn markers_that_are_not_numbered_in_order() {
    let picture = every(6);
    let file = picture.bytes();
    let places = restarts(&file);
    assert_eq!(places.len(), 4);
    let numbered = |numbers: [u8; 4]| {
        let mut file = file.clone();
        for (&at, number) in places.iter().zip(numbers) {
            file[at] = 0xD0 + number;
        }
        file
    };
    for numbers in [
        [3, 4, 5, 6],
        [0, 0, 0, 0],
        [0, 2, 1, 3],
        [7, 6, 5, 4],
        [1, 2, 3, 4],
    ] {
        let file = numbered(numbers);
        assert_whole(&format!("{numbers:?}"), &file, &picture.levels());
        let said = restore(&file, 1.0).report.notes.join("; ");
        assert!(said.contains("not numbered in order"), "{said}");
    }
}

/// A relay that leaves the interval out, as RTP without its restart header.
#[test]
fn markers_without_an_interval() {
    for interval in [6, 4, 12] {
        let picture = every(interval);
        let stated = segment(0xDD, &(interval as u16).to_be_bytes());
        let file = without(&picture.bytes(), &stated);
        assert_whole(&format!("{interval}"), &file, &picture.levels());
        let said = restore(&file, 1.0).report.notes.join("; ");
        assert!(said.contains("not stated"), "{said}");
    }
}

#[test]
fn an_interval_without_markers() {
    let picture = every(0);
    let mut file = picture.bytes();
    let at = crate::surgery::place(&file, 0xDD) + 5;
    file[at] = 6;
    assert_whole("no markers", &file, &picture.levels());
    let said = restore(&file, 1.0).report.notes.join("; ");
    assert!(said.contains("no restart markers"), "{said}");
}

/// One is lost: the numbers then tell which, and nothing else is touched.
#[test]
fn a_marker_that_is_missing() {
    let picture = every(6);
    let file = picture.bytes();
    let at = restarts(&file)[1];
    let file = [&file[..at - 1], &file[at + 1..]].concat();
    let rows = read(&file).damage.expect("damage").rows();
    assert!(
        rows.len() == 1 && rows[0].start >= 16 && rows[0].end <= 48,
        "{rows:?}"
    );
}

/// A scanner goes on with markers and data behind the last row.
#[test]
fn markers_and_data_behind_the_last_row() {
    let picture = every(6);
    let mut file = body(&picture.bytes()).to_vec();
    for n in 4..20u8 {
        file.extend([0xFF, 0xD0 + n % 8]);
        file.extend((0..600usize).map(|i| (i * 7 + 11 * usize::from(n)) as u8 & 0xFE));
    }
    file.extend([0xFF, 0xD9]);
    assert_whole("a scanner's", &file, &picture.levels());
    let last = [body(&picture.bytes()), &[0xFF, 0xD4, 0xFF, 0xD9]].concat();
    assert_whole("a last marker", &last, &picture.levels());
}
