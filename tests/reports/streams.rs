//! Buffers of cameras and capture cards, cut into pictures as the elements cut them.

use ddrmjpeg::jpeg::segments::splitter;

use crate::assert_whole;
use crate::coder::Picture;
use crate::surgery::{after_start, body, segment};

fn camera() -> Picture {
    Picture::new(&[(2, 1), (1, 1), (1, 1)]).with_interval(6)
}

/// The pictures of `stream` are whole, and there are `count`.
fn assert_pictures(kind: &str, stream: &[u8], count: usize) {
    let found = splitter::pieces(stream);
    assert_eq!(found.len(), count, "{kind}");
    for piece in found {
        assert_whole(kind, piece.data, &camera().levels());
    }
}

#[test]
fn what_stands_between_pictures() {
    let file = camera().bytes();
    let part = b"\r\n--myboundary\r\nContent-Type: image/jpeg\r\nContent-Length: 31\r\n\r\n";
    let kinds: [(&str, &[u8]); 5] = [
        ("parts over HTTP", part),
        ("chunked parts", b"\r\n6b5\r\n--myboundary\r\n\r\n"),
        ("padding of USB", &[0; 5000]),
        ("fill bytes", &[0xFF; 8]),
        ("nothing", b""),
    ];
    for (kind, bytes) in kinds {
        assert_pictures(kind, &[bytes, &file, bytes, &file, bytes].concat(), 2);
    }
}

#[test]
fn pictures_without_an_end() {
    let file = camera().bytes();
    let open = body(&file);
    assert_pictures("no end", &[open, open, open].concat(), 3);
    assert_pictures("no end and padding", &[open, &[0; 700], open].concat(), 2);
}

#[test]
fn two_start_markers_in_a_stream() {
    let file = after_start(&camera().bytes(), &[0xFF, 0xD8]);
    assert_pictures("two", &[&file[..], &file].concat(), 2);
}

#[test]
fn thumbnails_in_a_stream() {
    let small = Picture::of((16, 16), &[(1, 1)]).bytes();
    let exif = segment(0xE1, &[b"Exif\0\0".as_slice(), &small].concat());
    let file = after_start(&camera().bytes(), &exif);
    assert_pictures("thumbnails", &[&file[..], &file].concat(), 2);
}
