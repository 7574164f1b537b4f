//! What stands behind the last row.

use crate::coder::Picture;
use crate::surgery::body;
use crate::{assert_whole, read, restore};

fn plain() -> Picture {
    Picture::new(&[(2, 2), (1, 1), (1, 1)])
}

/// A film as telephones append it, with bytes that look like markers.
fn film() -> Vec<u8> {
    let noise: Vec<u8> = (0..2048).map(|i: usize| ((i * 37) >> 2) as u8).collect();
    [
        b"\0\0\0\x18ftypmp42".as_slice(),
        &noise,
        b"MotionPhoto_Data",
    ]
    .concat()
}

#[test]
fn bytes_before_the_end_marker() {
    let (picture, file) = (plain(), plain().bytes());
    let kinds: [(&str, &[u8]); 4] = [
        ("two bytes", &[0x12, 0x34]),
        ("fill bytes", &[0xFF; 5]),
        ("zeros", &[0; 60_000]),
        ("many bytes", &[0x7F; 700]),
    ];
    for (kind, bytes) in kinds {
        let file = [body(&file), bytes, &[0xFF, 0xD9]].concat();
        assert_whole(kind, &file, &picture.levels());
    }
}

#[test]
fn bytes_behind_the_end_marker() {
    let (picture, file) = (plain(), plain().bytes());
    let kinds: [(&str, &[u8]); 4] = [
        ("a film", &film()),
        ("another picture", &file),
        ("padding of a camera", &[0; 4096]),
        (
            "the next part over HTTP",
            b"\r\n--myboundary\r\nContent-Type: image/jpeg\r\n\r\n",
        ),
    ];
    for (kind, bytes) in kinds {
        assert_whole(kind, &[&file, bytes].concat(), &picture.levels());
    }
}

/// A panorama without its end marker, and with a film: libjpeg meets markers that it refuses.
#[test]
fn no_end_marker_and_something_else_behind() {
    let (picture, file) = (plain(), plain().bytes());
    let trailers: [&[u8]; 8] = [
        b"",
        &[0; 60_000],
        &film(),
        b"SEFH\xFF\xC0\0\x11abcdefghijklmnop",
        b"SEFH\xFF\xC4\0\x05ab",
        b"SEFH\xFF\xD8\xFF\xE0\0\x10",
        b"SEFH\xFF\x4D",
        b"SEFH\xFF\xDA\0\x03",
    ];
    for trailer in trailers {
        let file = [body(&file), trailer].concat();
        assert_whole("a trailer", &file, &picture.levels());
        let notes = restore(&file, 1.0).report.notes;
        assert!(
            notes.iter().all(|note| !note.contains("damaged")),
            "{notes:?}"
        );
    }
}

/// A full card, or a download that ended early.
#[test]
fn the_rest_is_zeros_or_ones() {
    let picture = plain();
    let file = picture.bytes();
    for fill in [0, 0xFF] {
        let keep = file.len() * 2 / 3;
        let file = [&file[..keep], &vec![fill; file.len() - keep]].concat();
        let damage = read(&file).damage.expect("damage");
        assert!(!damage.rows().is_empty() && damage.rows()[0].start >= 16);
        let report = restore(&file, 1.0).report;
        assert!(report.restored && report.notes[0].contains("damaged"));
    }
}
