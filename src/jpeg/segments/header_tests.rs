//! Tests: headers as libjpeg reads them, and invalid headers.

use proptest::prelude::*;

use super::*;
use crate::frame::Planar8;
use crate::jpeg::encode;
use crate::jpeg::file::write::encode_with;
use crate::jpeg::grid::tables;
use crate::jpeg::read;
use crate::options::Limits;

fn jpeg(quality: u8, subsampling: (usize, usize)) -> Vec<u8> {
    let picture = Planar8::new(PixelModel::Rgb, 37, 21, (1, 1));
    encode(&picture, quality, subsampling).unwrap()
}

/// Inserts a segment directly after SOI.
fn with_segment(jpeg: &[u8], marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xFF, marker], &length, payload, &jpeg[2..]].concat()
}

/// The reference is libjpeg, which reads the whole file.
#[test]
fn the_header_is_what_libjpeg_reads() {
    for (quality, subsampling) in [(7, (2, 2)), (50, (2, 1)), (88, (1, 1)), (93, (1, 2))] {
        let bytes = jpeg(quality, subsampling);
        let (header, file) = (parse(&bytes), read(&bytes, &Limits::default()));
        let (header, file) = (header.unwrap(), file.unwrap());
        assert_eq!((header.width, header.height), (file.width, file.height));
        assert_eq!((header.model, header.progressive), (file.model, false));
        assert_eq!(header.factors(1), file.subsampling());
        for (ours, theirs) in header.components.iter().zip(&file.components) {
            assert_eq!(ours.steps, theirs.steps);
            assert_eq!((ours.id, ours.sampling), (theirs.id, theirs.sampling));
        }
        assert_eq!(header.ijg_quality(), Some(quality));
        assert_eq!(header.family, Family::of(&file));
    }
}

/// Tables that are not those of any libjpeg quality, so that the markers decide.
#[test]
fn the_family_is_that_of_the_whole_file() {
    let picture = Planar8::new(PixelModel::Rgb, 37, 21, (1, 1));
    let table = std::array::from_fn(|i| 3 + i as u16);
    let bytes = encode_with(&picture, &[table; 3], (2, 1)).unwrap();
    let maker = [
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\x03\0\0\0".as_slice(),
        b"Aha\0",
    ];
    for (marker, payload, family) in [
        (0xFE, &b"x"[..], Family::Unknown),
        (APP0, b"AVI1\0", Family::Avi1),
        (0xED, b"Photoshop 3.0\0", Family::Adobe),
        (0xE1, &maker.concat(), Family::Camera("Aha".into())),
    ] {
        let marked = with_segment(&bytes, marker, payload);
        let file = read(&marked, &Limits::default()).unwrap();
        let header = parse(&marked).unwrap();
        assert_eq!((&header.family, &Family::of(&file)), (&family, &family));
    }
}

#[test]
fn bytes_behind_the_first_scan_do_not_matter() {
    let bytes = jpeg(50, (2, 2));
    let sos = bytes.windows(2).position(|w| w == [0xFF, SOS]).unwrap();
    let length = usize::from(u16::from_be_bytes([bytes[sos + 2], bytes[sos + 3]]));
    let end = sos + 2 + length;
    assert_eq!(parse(&bytes[..end]).unwrap(), parse(&bytes).unwrap());
    for end in 0..end {
        assert!(parse(&bytes[..end]).is_err(), "{end} bytes");
    }
}

#[test]
fn tables_of_16_bits_are_read() {
    let mut payload = vec![0x10];
    payload.extend((0..64u16).flat_map(|i| (1000 + i).to_be_bytes()));
    let mut tables = QuantTables::default();
    Found::after(&mut tables).tables(&payload).unwrap();
    let steps = tables.0[0].unwrap();
    // Zigzag goes right first, then down: entries 1 and 2 are (u, v) = (1, 0) and (0, 1).
    assert_eq!(
        (steps[0], steps[1], steps[8], steps[63]),
        (1000, 1001, 1002, 1063)
    );
}

#[test]
fn fields_and_colours_are_as_their_markers_say() {
    let plain = jpeg(50, (1, 1));
    for (polarity, field) in [(0, None), (1, Some(Field::Top)), (2, Some(Field::Bottom))] {
        let payload = [b"AVI1".as_slice(), &[polarity, 0, 0, 0, 0, 0]].concat();
        let marked = with_segment(&plain, APP0, &payload);
        assert_eq!(parse(&marked).unwrap().field, field);
    }
    let jfif = plain.windows(4).position(|w| w == *b"JFIF").unwrap();
    let mut bare = plain.clone();
    bare[jfif] = b'X';
    let adobe = |transform| [b"Adobe".as_slice(), &[0, 100, 0, 0, 0, 0, transform]].concat();
    for (transform, model) in [(0, PixelModel::Rgb), (1, PixelModel::YCbCr)] {
        let marked = with_segment(&bare, APP14, &adobe(transform));
        assert_eq!(parse(&marked).unwrap().model, model);
        let file = read(&marked, &Limits::default()).unwrap();
        assert_eq!(file.model, model);
    }
}

#[test]
fn a_table_that_is_not_there_is_named() {
    let bytes = jpeg(50, (1, 1));
    let sof = bytes.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    let mut broken = bytes.clone();
    broken[sof + 12] = 3;
    let message = parse(&broken).unwrap_err().to_string();
    assert!(message.contains("table 3"), "{message}");
}

/// libjpeg skips all of this, with a warning at most.
#[test]
fn what_lies_between_segments_is_stepped_over() {
    let plain = jpeg(50, (2, 2));
    let (start, rest) = plain.split_at(2);
    let between: [&[u8]; 5] = [
        &[0xFF, 0xFF, 0xFF],
        &[7, 0, 9],
        &[0xFF, 0x01],
        &[0xFF, 0xD3, 0xFF, 0xD0],
        &[0xFF, 0, 3],
    ];
    for junk in between {
        let bytes = [start, junk, rest].concat();
        assert_eq!(
            parse(&bytes).unwrap(),
            parse(&plain).unwrap(),
            "{junk:02x?}"
        );
        let file = read(&bytes, &Limits::default()).unwrap();
        assert_eq!(file.components[0].steps, tables::ijg_pair(50).0);
        assert!(file.markers.jfif, "{junk:02x?}");
    }
}

#[test]
fn a_picture_without_tables_has_those_of_before() {
    let whole = jpeg(50, (2, 2));
    let bare = without_tables(&whole);
    assert!(parse(&bare).is_err());
    let mut tables = QuantTables::default();
    parse_next(&jpeg(20, (2, 2)), &mut tables).unwrap();
    parse_next(&whole, &mut tables).unwrap();
    let header = parse_next(&bare, &mut tables).unwrap();
    assert_eq!(header, parse(&whole).unwrap());
}

fn without_tables(jpeg: &[u8]) -> Vec<u8> {
    let mut out = jpeg.to_vec();
    while let Some(at) = out.windows(2).position(|pair| pair == [0xFF, DQT]) {
        let length = usize::from(u16::from_be_bytes([out[at + 2], out[at + 3]]));
        out.drain(at..at + 2 + length);
    }
    out
}

#[test]
fn a_thumbnail_inside_a_segment_is_not_the_picture() {
    let outer = jpeg(50, (1, 1));
    let inner = [b"Exif\0\0".as_slice(), &jpeg(10, (2, 2))].concat();
    let marked = with_segment(&outer, 0xE1, &inner);
    assert_eq!(parse(&marked).unwrap(), parse(&outer).unwrap());
    assert_eq!(
        tables::ijg_pair(50).0,
        parse(&marked).unwrap().components[0].steps
    );
}

proptest! {
    /// For any bytes the result is a valid header or an error.
    #[test]
    fn no_bytes_break_the_reader(at in 0usize..700, byte: u8, cut in 2usize..700) {
        let mut bytes = jpeg(50, (2, 2));
        let place = at % bytes.len();
        bytes[place] = byte;
        bytes.truncate(cut.min(bytes.len()));
        if let Ok(header) = parse(&bytes) {
            prop_assert!(header.validate().is_ok());
        }
    }
}
