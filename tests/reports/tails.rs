//! What stands behind the last row.

use crate::coder::Picture;
use crate::surgery::body;
use crate::{assert_whole, restore};

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
    let trailers: [&[u8]; 4] = [
        b"",
        &[0; 60_000],
        &film(),
        b"SEFH\xFF\xC0\0\x11abcdefghijklmnop",
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
