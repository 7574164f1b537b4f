//! Components in scans of their own, with tables and restart intervals between them.

use crate::coder::{Picture, dht, dqt, steps, table};
use crate::surgery::with;
use crate::{assert_shown_as_by_libjpeg, assert_whole, read, restore};

const COLOUR: [(usize, usize); 3] = [(2, 2), (1, 1), (1, 1)];

#[test]
fn a_scan_for_each_component() {
    let layouts = [
        [(1, 1), (1, 1), (1, 1)],
        COLOUR,
        [(2, 1), (1, 1), (1, 1)],
        [(1, 2), (1, 1), (1, 1)],
    ];
    for factors in layouts {
        for (order, interval) in [([0, 1, 2], 0), ([1, 2, 0], 0), ([0, 1, 2], 3)] {
            let picture = Picture::new(&factors).apart(&order, interval);
            let kind = format!("{factors:?} {order:?} {interval}");
            assert_whole(&kind, &picture.bytes(), &picture.levels());
            assert_shown_as_by_libjpeg(&kind, &picture.bytes());
        }
    }
}

#[test]
fn luma_alone_and_chroma_together() {
    let mut picture = Picture::new(&COLOUR);
    picture.scans = vec![(vec![0], 0), (vec![1, 2], 0)];
    assert_whole("two scans", &picture.bytes(), &picture.levels());
}

#[test]
fn the_restart_interval_changes_between_scans() {
    let mut picture = Picture::new(&COLOUR).apart(&[0, 1, 2], 0);
    for (scan, interval) in picture.scans.iter_mut().zip([5, 0, 2]) {
        scan.1 = interval;
    }
    assert_whole("intervals", &picture.bytes(), &picture.levels());
}

/// Tables of the same number are replaced before the next scan.
#[test]
fn tables_change_between_scans() {
    let picture = Picture::new(&[(1, 1); 3]).apart(&[0, 1, 2], 0);
    let second = picture.header().len() + picture.scan(0).len();
    let other = steps().map(|step| step + 3);
    let file = with(&picture.bytes(), second, &[dqt(0, &other), dht()].concat());
    assert_whole("tables", &file, &picture.levels());
    let found = read(&file);
    assert_eq!(found.components[0].steps, steps());
    assert_eq!(found.components[1].steps, other);
    assert_shown_as_by_libjpeg("tables", &file);
    let unused = table(0x02, 2, &[1]);
    assert_whole("unused", &with(&file, second, &unused), &picture.levels());
}

#[test]
fn a_component_is_sent_twice() {
    let picture = Picture::new(&COLOUR).apart(&[0, 1, 2, 0], 0);
    assert_whole("twice", &picture.bytes(), &picture.levels());
}

/// What was sent is restored.
#[test]
fn the_scan_of_a_component_is_missing() {
    let picture = Picture::new(&COLOUR).apart(&[0, 1], 0);
    let report = restore(&picture.bytes(), 1.0).report;
    assert!(report.restored);
    assert!(report.notes[0].contains("incomplete"), "{:?}", report.notes);
    assert!(read(&picture.bytes()).components[0].levels == picture.parts[0].levels);
}

/// A marker that libjpeg refuses ends the file; what came before it is kept.
#[test]
fn a_broken_table_between_scans() {
    let picture = Picture::new(&COLOUR).apart(&[0, 1, 2], 0);
    let second = picture.header().len() + picture.scan(0).len();
    let broken = [0xFF, 0xC4, 0, 5, 1, 2, 3];
    let file = with(&picture.bytes(), second, &broken);
    let report = restore(&file, 1.0).report;
    assert!(report.restored);
    let said = report.notes.join("; ");
    assert!(
        said.contains("incomplete") && said.contains("marker length"),
        "{said}"
    );
    assert!(read(&file).components[0].levels == picture.parts[0].levels);
}
