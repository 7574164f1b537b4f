//! Heights that come late, and sides beyond what can be decoded.

use ddrmjpeg::jpeg::Header;

use crate::coder::{Picture, SIZE};
use crate::surgery::{body, place, segment, with};
use crate::{assert_refused, assert_whole};

const COLOUR: [(usize, usize); 3] = [(2, 2), (1, 1), (1, 1)];

fn stated(height: usize) -> Picture {
    Picture {
        stated: height,
        ..Picture::new(&COLOUR)
    }
}

fn lines(rows: usize) -> Vec<u8> {
    segment(0xDC, &(rows as u16).to_be_bytes())
}

/// Scanners do not know the length of a page before they have read it.
#[test]
fn the_height_comes_behind_the_first_scan() {
    for height in [0, 65_535, SIZE.1] {
        let picture = stated(height);
        let file = [body(&picture.bytes()), &lines(SIZE.1), &[0xFF, 0xD9]].concat();
        assert_whole("DNL", &file, &picture.levels());
        assert_eq!(Header::read(&file).unwrap().height, SIZE.1);
    }
    let picture = Picture {
        stated: 0,
        ..Picture::new(&[(1, 1); 3]).apart(&[0, 1, 2], 0)
    };
    let second = picture.header().len() + picture.scan(0).len();
    let file = with(&picture.bytes(), second, &lines(SIZE.1));
    assert_whole("DNL between scans", &file, &picture.levels());
}

#[test]
fn a_height_that_never_comes_is_refused() {
    assert_refused("no DNL", &stated(0).bytes(), &["92 x 0 pixels", "1..65500"]);
    let zero = [body(&stated(0).bytes()), &lines(0), &[0xFF, 0xD9]].concat();
    assert_refused("DNL of 0", &zero, &["92 x 0 pixels"]);
    let mut narrow = Picture::new(&COLOUR).bytes();
    let at = place(&narrow, 0xC0) + 7;
    narrow[at..at + 2].fill(0);
    assert_refused("width 0", &narrow, &["0 x 70 pixels"]);
}

#[test]
fn the_longest_sides() {
    let picture = Picture::of((65_500, 8), &[(1, 1)]);
    assert_whole("65500 wide", &picture.bytes(), &picture.levels());
    for height in [65_501, 65_535] {
        let size = height.to_string();
        assert_refused("too high", &stated(height).bytes(), &[&size, "1..65500"]);
    }
}

#[test]
fn sides_of_a_few_pixels() {
    for size in [(1, 1), (1, 300), (300, 1), (7, 9), (17, 1)] {
        let picture = Picture::of(size, &COLOUR);
        let file = crate::read(&picture.bytes());
        assert_eq!(
            (file.width, file.height, file.damage),
            (size.0, size.1, None)
        );
        let shown = crate::restore(&picture.bytes(), 1.0).frame;
        assert_eq!((shown.width(), shown.height()), size);
    }
}
