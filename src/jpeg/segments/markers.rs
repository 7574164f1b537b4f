//! EXIF, ICC, XMP and other metadata from the APPn and COM markers of a file, and back to markers.
//!
//! A profile longer than a marker is split into numbered pieces; if a piece is missing, the profile
//! is dropped rather than copied broken. Called by `read`, and for writing by `write`.

use crate::jpeg::file::{Density, DensityUnit, Metadata};
use crate::jpeg::segments::exif_tag;

const APP0: u8 = 0xE0;
const APP1: u8 = 0xE1;
const APP2: u8 = 0xE2;
const APP13: u8 = 0xED;
const APP14: u8 = 0xEE;
const COM: u8 = 0xFE;
const EXIF: &[u8] = b"Exif\0\0";
const ICC: &[u8] = b"ICC_PROFILE\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const EXTENDED_XMP: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";

/// Bytes that a marker holds in addition to its length.
const SEGMENT: usize = 65_533;
/// Bytes per piece of a block that is written in several.
const PIECE: usize = 65_000;

/// Collects markers in file order.
#[derive(Default)]
pub(crate) struct Collector {
    found: Metadata,
    /// Pieces of the profile: (number, pieces in all, bytes).
    icc: Vec<(u8, u8, Vec<u8>)>,
}

impl Collector {
    pub(crate) fn add(&mut self, code: u8, data: &[u8]) {
        let taken = match code {
            APP0 => self.app0(data),
            APP1 => self.app1(data),
            APP2 => self.profile_piece(data),
            APP13 => self.photoshop(data),
            APP14 => data.starts_with(b"Adobe"),
            COM => {
                self.found.comments.push(data.to_vec());
                true
            }
            _ => false,
        };
        if !taken {
            self.other(name(code, data));
        }
    }

    /// Records, once, a segment that is not copied.
    fn other(&mut self, name: String) {
        if !self.found.others.contains(&name) {
            self.found.others.push(name);
        }
    }

    /// JFIF's density; the AVI1 segment of a camera only concerns its stream.
    fn app0(&mut self, data: &[u8]) -> bool {
        if let Some([_, _, unit, x1, x0, y1, y0, ..]) = data.strip_prefix(b"JFIF\0") {
            let unit = match unit {
                1 => DensityUnit::Inch,
                2 => DensityUnit::Centimetre,
                _ => DensityUnit::Ratio,
            };
            let [x, y] = [[*x1, *x0], [*y1, *y0]].map(u16::from_be_bytes);
            self.found.density = Some(Density { unit, x, y }).filter(|_| x > 0 && y > 0);
        }
        data.starts_with(b"JFIF\0") || data.starts_with(b"AVI1")
    }

    fn app1(&mut self, data: &[u8]) -> bool {
        let found = &mut self.found;
        if let Some(exif) = data.strip_prefix(EXIF) {
            return keep_first(&mut found.exif, &exif_tag::short_orientation(exif));
        }
        if let Some(packet) = data.strip_prefix(XMP) {
            return keep_first(&mut found.xmp, packet);
        }
        if let Some(piece) = data.strip_prefix(EXTENDED_XMP) {
            found.extended_xmp.push(piece.to_vec());
            return true;
        }
        false
    }

    fn profile_piece(&mut self, data: &[u8]) -> bool {
        let Some([number, count, bytes @ ..]) = data.strip_prefix(ICC) else {
            return false;
        };
        let piece = (*number, *count, bytes.to_vec());
        // Some programs write a piece twice.
        if !self.icc.contains(&piece) {
            self.icc.push(piece);
        }
        true
    }

    fn photoshop(&mut self, data: &[u8]) -> bool {
        let Some(resources) = data.strip_prefix(PHOTOSHOP) else {
            return false;
        };
        let joined = self.found.photoshop.get_or_insert_default();
        joined.extend(resources);
        true
    }

    pub(crate) fn finish(mut self) -> Metadata {
        self.icc.sort_by_key(|piece| piece.0);
        self.found.icc = self.profile();
        if self.found.icc.is_none() && !self.icc.is_empty() {
            self.other("ICC profile of which a piece is missing".into());
        }
        self.found
    }

    /// The joined pieces. They are numbered from 1; some writers start with 0.
    fn profile(&self) -> Option<Vec<u8>> {
        let (first, count, _) = *self.icc.first()?;
        let numbered = (usize::from(first)..)
            .zip(&self.icc)
            .all(|(number, piece)| usize::from(piece.0) == number);
        if usize::from(count) != self.icc.len() || !numbered || first > 1 {
            return None;
        }
        Some(self.icc.iter().flat_map(|piece| piece.2.clone()).collect())
    }
}

/// Keeps `block` unless it is empty or there already is one.
fn keep_first(slot: &mut Option<Vec<u8>>, block: &[u8]) -> bool {
    if slot.is_none() && !block.is_empty() {
        *slot = Some(block.to_vec());
        return true;
    }
    block.is_empty()
}

/// `APP2 (MPF)`: the marker, and the word at the start of the segment.
fn name(code: u8, data: &[u8]) -> String {
    let word = data
        .iter()
        .take(40)
        .take_while(|byte| byte.is_ascii_graphic());
    let word: String = word.map(|&byte| char::from(byte)).collect();
    let number = code.wrapping_sub(APP0);
    match word.is_empty() {
        true => format!("APP{number}"),
        false => format!("APP{number} ({word})"),
    }
}

/// The APP1, APP2, APP13 and COM segments that hold `metadata`, except what [`too_long`] names.
pub(crate) fn segments(metadata: &Metadata) -> Vec<u8> {
    let mut out = Vec::new();
    let mut put = |code: u8, parts: &[&[u8]]| {
        let data = parts.concat();
        // `too_long` names what is longer than a marker allows.
        if let Ok(length) = u16::try_from(data.len() + 2) {
            out.extend([0xFF, code]);
            out.extend(length.to_be_bytes());
            out.extend(data);
        }
    };
    if let Some(exif) = &metadata.exif {
        put(APP1, &[EXIF, exif]);
    }
    if let Some(packet) = &metadata.xmp {
        put(APP1, &[XMP, packet]);
    }
    for piece in &metadata.extended_xmp {
        put(APP1, &[EXTENDED_XMP, piece]);
    }
    let icc = metadata.icc.as_deref().unwrap_or_default();
    let count = icc.len().div_ceil(PIECE);
    // The number of a piece is one byte.
    for (piece, number) in icc.chunks(PIECE).zip(1..=255u8).filter(|_| count <= 255) {
        put(APP2, &[ICC, &[number, count as u8], piece]);
    }
    for piece in metadata.photoshop.iter().flat_map(|all| all.chunks(PIECE)) {
        put(APP13, &[PHOTOSHOP, piece]);
    }
    for comment in &metadata.comments {
        put(COM, &[comment]);
    }
    out
}

/// Which of `metadata` is too long for the markers of a JPEG, with its size and the limit.
pub(crate) fn too_long(metadata: &Metadata) -> Vec<String> {
    let mut found = Vec::new();
    let mut check = |what: &str, length: usize, limit: usize| {
        if length > limit {
            found.push(format!("{what} of {length} bytes: a JPEG holds {limit}"));
        }
    };
    let length = |block: &Option<Vec<u8>>| block.as_ref().map_or(0, Vec::len);
    check("EXIF", length(&metadata.exif), SEGMENT - EXIF.len());
    check("XMP", length(&metadata.xmp), SEGMENT - XMP.len());
    check("ICC profile", length(&metadata.icc), 255 * PIECE);
    for comment in &metadata.comments {
        check("comment", comment.len(), SEGMENT);
    }
    found
}

/// Sets the density of `jpeg`, which a writer of this crate made: JFIF's segment comes first. Files
/// in RGB have none.
pub(crate) fn set_density(jpeg: &mut [u8], density: Density) {
    if let [
        0xFF,
        0xD8,
        0xFF,
        APP0,
        _,
        _,
        b'J',
        b'F',
        b'I',
        b'F',
        0,
        _,
        _,
        rest @ ..,
    ] = jpeg
    {
        let unit = match density.unit {
            DensityUnit::Ratio => 0,
            DensityUnit::Inch => 1,
            DensityUnit::Centimetre => 2,
        };
        let ([x1, x0], [y1, y0]) = (density.x.to_be_bytes(), density.y.to_be_bytes());
        if let Some(place) = rest.get_mut(..5) {
            place.copy_from_slice(&[unit, x1, x0, y1, y0]);
        }
    }
}

/// Length of the start of `jpeg`, after which metadata are inserted: SOI, and JFIF's segment, which
/// must be the first.
pub(crate) fn start_length(jpeg: &[u8]) -> usize {
    match *jpeg {
        [0xFF, 0xD8, 0xFF, APP0, high, low, ..] => 4 + usize::from(u16::from_be_bytes([high, low])),
        _ => 2,
    }
    .min(jpeg.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(number: u8, count: u8, byte: u8) -> Vec<u8> {
        [ICC, &[number, count, byte, byte]].concat()
    }

    fn profile(pieces: &[Vec<u8>]) -> Metadata {
        let mut collector = Collector::default();
        pieces.iter().for_each(|piece| collector.add(APP2, piece));
        collector.finish()
    }

    #[test]
    fn pieces_are_put_in_order_whether_they_begin_with_1_or_0() {
        for first in [1, 0] {
            let pieces = [piece(first + 1, 2, 7), piece(first, 2, 5)];
            assert_eq!(profile(&pieces).icc, Some(vec![5, 5, 7, 7]), "from {first}");
        }
    }

    #[test]
    fn a_piece_that_is_there_twice_counts_once() {
        let pieces = [piece(1, 2, 5), piece(1, 2, 5), piece(2, 2, 7)];
        assert_eq!(profile(&pieces).icc, Some(vec![5, 5, 7, 7]));
    }

    #[test]
    fn a_profile_with_a_piece_missing_is_left_out_and_named() {
        for pieces in [
            &[piece(1, 2, 5)][..],
            &[piece(2, 2, 5)],
            &[piece(0, 3, 1), piece(2, 3, 1)],
        ] {
            let found = profile(pieces);
            assert_eq!(found.icc, None);
            assert!(found.others[0].contains("piece is missing"));
        }
    }

    fn collected(mut segments: &[u8]) -> Metadata {
        let mut collector = Collector::default();
        while let [0xFF, code, high, low, ..] = *segments {
            let end = 2 + usize::from(u16::from_be_bytes([high, low]));
            collector.add(code, &segments[4..end]);
            segments = &segments[end..];
        }
        assert!(segments.is_empty());
        collector.finish()
    }

    /// The longest possible blocks; those longer than a marker are in several pieces.
    #[test]
    fn what_is_written_is_read() {
        let bytes = |length: usize| Vec::from_iter((0..length).map(|i| i as u8));
        let metadata = Metadata {
            exif: Some(bytes(65_527)),
            icc: Some(bytes(150_000)),
            xmp: Some(bytes(65_504)),
            extended_xmp: vec![bytes(65_498), bytes(7)],
            photoshop: Some(bytes(100_000)),
            comments: vec![bytes(65_533), b"second".to_vec()],
            ..Metadata::default()
        };
        assert_eq!(too_long(&metadata), [""; 0]);
        assert_eq!(collected(&segments(&metadata)), metadata);
    }

    #[test]
    fn what_is_longer_than_a_marker_is_named_with_the_limit() {
        let metadata = Metadata {
            exif: Some(vec![0; 65_528]),
            xmp: Some(vec![0; 65_505]),
            comments: vec![vec![0; 65_534]],
            ..Metadata::default()
        };
        let said = too_long(&metadata).join("; ");
        for words in ["EXIF of 65528 bytes: a JPEG holds 65527", "65504", "65533"] {
            assert!(said.contains(words), "{said}");
        }
        assert!(segments(&metadata).is_empty());
    }

    #[test]
    fn every_segment_is_handed_on_or_named() {
        let mut collector = Collector::default();
        collector.add(APP1, &[EXIF, b"II*\0"].concat());
        collector.add(APP1, &[EXIF, b"MM\0*"].concat());
        collector.add(APP2, b"MPF\0II*\0");
        collector.add(APP14, b"Adobe\0d\0\0");
        collector.add(0xEB, b"JP\0\x01");
        collector.add(0xE7, b"\0");
        collector.add(APP0, b"JFIF\0\x01\x01\x01\x01\x2C\0\x48\0\0");
        let found = collector.finish();
        assert_eq!(found.exif, Some(b"II*\0".to_vec()));
        let inch = DensityUnit::Inch;
        assert_eq!(
            found.density,
            Some(Density {
                unit: inch,
                x: 300,
                y: 72
            })
        );
        let others = ["APP1 (Exif)", "APP2 (MPF)", "APP11 (JP)", "APP7"];
        assert_eq!(found.others, others);
    }
}
