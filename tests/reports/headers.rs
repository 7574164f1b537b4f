//! What stands before the first scan.

use ddrmjpeg::jpeg::Header;

use crate::coder::{Picture, dht, dqt, jfif, steps};
use crate::surgery::{after_start, before, place, segment, with, without};
use crate::{assert_refused, assert_whole};

fn plain() -> Picture {
    Picture::new(&[(2, 2), (1, 1), (1, 1)])
}

/// The file is whole, and its header, which the elements read, is that of the plain one.
fn assert_same(kind: &str, bytes: &[u8]) {
    assert_whole(kind, bytes, &plain().levels());
    let wanted = Header::read(&plain().bytes()).unwrap();
    let found = Header::read(bytes).unwrap();
    assert_eq!((found.width, found.height), (wanted.width, wanted.height));
    assert_eq!(found.components, wanted.components, "{kind}");
}

#[test]
fn bytes_before_the_picture() {
    let file = plain().bytes();
    let part = b"--myboundary\r\nContent-Type: image/jpeg\r\nContent-Length: 5000\r\n\r\n";
    let kinds: [(&str, &[u8]); 6] = [
        ("fill bytes", &[0xFF, 0xFF]),
        ("an end of line", b"\r\n"),
        ("zeros", &[0; 16]),
        ("the mark of UTF-8", b"\xEF\xBB\xBF"),
        ("the end of another image", &[0xFF, 0xD9]),
        ("the header of a part over HTTP", part),
    ];
    for (kind, bytes) in kinds {
        assert_same(kind, &[bytes, &file].concat());
    }
}

/// A thumbnail in a file of another kind is not the picture.
#[test]
fn other_files_that_hold_a_jpeg_are_refused() {
    let file = plain().bytes();
    for start in [b"II*\0\x08\0\0\0".as_slice(), b"%PDF-1.4\n", b"8BPS\0\x01"] {
        assert_refused("another file", &[start, &file].concat(), &["not a JPEG"]);
    }
}

#[test]
fn two_start_markers() {
    let file = plain().bytes();
    assert_same("two", &after_start(&file, &[0xFF, 0xD8]));
    assert_same("many", &after_start(&file, &[0xFF, 0xD8].repeat(1000)));
}

/// Flash keeps tables in a datastream of their own; TIFF too.
#[test]
fn tables_in_a_datastream_before_the_picture() {
    let file = plain().bytes();
    let tables = [dqt(0, &steps()), dht()].concat();
    let bare = without(&without(&file, &dqt(0, &steps())), &dht());
    let joined = [&[0xFF, 0xD8][..], &tables, &[0xFF, 0xD9], &bare].concat();
    assert_same("tables apart", &joined);
    assert_same(
        "nothing apart",
        &[&[0xFF, 0xD8, 0xFF, 0xD9][..], &file].concat(),
    );
    assert_same(
        "an end in the header",
        &before(&file, 0xC0, &[0xFF, 0xD9, 0xFF, 0xD8]),
    );
}

#[test]
fn application_segments_of_odd_lengths() {
    let file = plain().bytes();
    let kinds: [(&str, &[u8]); 6] = [
        ("empty", &[0xFF, 0xE5, 0, 2]),
        ("of length 0", &[0xFF, 0xE5, 0, 0]),
        ("of length 1", &[0xFF, 0xE1, 0, 1]),
        (
            "without its two bytes",
            b"\xFF\xE1\0\x0EExif\0\0II*\0\x08\0\0\0",
        ),
        ("with a marker of 00 E1", b"\0\xE1\0\x08abcdef"),
        ("zeros between", &[0; 300]),
    ];
    for (kind, bytes) in kinds {
        assert_same(kind, &after_start(&file, bytes));
    }
    assert_same("short Adobe", &after_start(&file, &segment(0xEE, b"Adobe")));
    let short = with(&without(&file, &jfif()), 2, &segment(0xE0, b"JFIF\0"));
    assert_whole("short JFIF", &short, &plain().levels());
    let thumbnail = segment(0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\x05\x05abc");
    assert_same(
        "JFIF that lacks its thumbnail",
        &with(&without(&file, &jfif()), 2, &thumbnail),
    );
}

#[test]
fn a_thumbnail_with_markers_of_its_own() {
    let file = plain().bytes();
    let small = Picture::of((16, 16), &[(1, 1)]).bytes();
    let exif = segment(0xE1, &[b"Exif\0\0".as_slice(), &small].concat());
    assert_same("EXIF", &after_start(&file, &exif));
    let comment = segment(0xFE, b"\xFF\xD8\xFF\xD9\xFF\xDA\xFF\xC0");
    assert_same("comment", &before(&file, 0xDA, &comment));
}

#[test]
fn fill_bytes_before_markers() {
    let file = before(&plain().bytes(), 0xDA, &[0xFF; 2]);
    assert_same("fill bytes", &after_start(&file, &[0xFF; 3]));
}

#[test]
fn segments_in_another_order() {
    let file = plain().bytes();
    let tables = dqt(0, &steps());
    let bare = without(&file, &tables);
    assert_same("DQT behind SOF", &before(&bare, 0xC4, &tables));
    let bare = without(&bare, &jfif());
    let first = with(&bare, 2, &[tables, jfif()].concat());
    assert_same("DQT before JFIF", &first);
}

/// Some telephones leave the three bytes zero, a camera writes 255.
#[test]
fn scan_parameters_of_a_progressive_file() {
    let file = plain().bytes();
    let at = place(&file, 0xDA) + 4 + 1 + 6;
    assert_eq!(file[at..at + 3], [0, 63, 0]);
    for parameters in [[0, 0, 0], [0, 63, 0x12], [255; 3]] {
        let mut file = file.clone();
        file[at..at + 3].copy_from_slice(&parameters);
        assert_same("parameters", &file);
    }
}

#[test]
fn processes_that_nothing_here_decodes() {
    for (process, words) in [(0xC3, "c3"), (0xC5, "c5"), (0xF7, "f7")] {
        let picture = Picture { process, ..plain() };
        assert_refused("process", &picture.bytes(), &["unsupported", words]);
    }
    let deep = Picture {
        bits: 12,
        process: 0xC1,
        ..plain()
    };
    assert_refused("12 bits", &deep.bytes(), &["precision 12"]);
    let extended = Picture {
        process: 0xC1,
        ..plain()
    };
    assert_same("SOF1 in 8 bits", &extended.bytes());
}

#[test]
fn two_frame_headers() {
    let file = plain().bytes();
    let at = place(&file, 0xC0);
    let frame = file[at..at + 19].to_vec();
    assert_refused("two frames", &with(&file, at, &frame), &["two SOF markers"]);
}
