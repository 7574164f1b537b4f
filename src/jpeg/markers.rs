//! EXIF and ICC from the APPn markers of a file.
//!
//! A profile longer than a marker comes in numbered pieces; a set with a piece missing is
//! left out rather than handed on broken. Called by `read`, and the other way by `write`.

use super::file::Metadata;

const APP1: i32 = 0xE1;
const APP2: i32 = 0xE2;
const EXIF: &[u8] = b"Exif\0\0";
const ICC: &[u8] = b"ICC_PROFILE\0";

/// Gathers markers in file order.
#[derive(Default)]
pub(super) struct Collector {
    exif: Option<Vec<u8>>,
    /// Pieces of the profile: (number from 1, pieces in all, bytes).
    icc: Vec<(u8, u8, Vec<u8>)>,
}

impl Collector {
    pub(super) fn add(&mut self, code: i32, data: &[u8]) {
        if let (APP1, Some(exif)) = (code, data.strip_prefix(EXIF)) {
            self.exif.get_or_insert_with(|| exif.to_vec());
        }
        if let (APP2, Some([number, count, bytes @ ..])) = (code, data.strip_prefix(ICC)) {
            self.icc.push((*number, *count, bytes.to_vec()));
        }
    }

    pub(super) fn finish(mut self) -> Metadata {
        self.icc.sort_by_key(|piece| piece.0);
        let icc = self.profile();
        let exif = self.exif.filter(|exif| !exif.is_empty());
        Metadata { exif, icc }
    }

    fn profile(&self) -> Option<Vec<u8>> {
        let count = usize::from(self.icc.first()?.1);
        let numbered = self
            .icc
            .iter()
            .enumerate()
            .all(|(i, piece)| usize::from(piece.0) == i + 1);
        if count != self.icc.len() || !numbered {
            return None;
        }
        Some(self.icc.iter().flat_map(|piece| piece.2.clone()).collect())
    }
}

/// The APP1 and APP2 segments that hold `metadata`.
pub(super) fn segments(metadata: &Metadata) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(exif) = metadata.exif.as_ref().filter(|exif| exif.len() <= PIECE) {
        out.extend(segment(APP1 as u8, &[EXIF, exif].concat()));
    }
    let icc = metadata.icc.as_deref().unwrap_or_default();
    let count = icc.len().div_ceil(PIECE);
    // The pieces are numbered by one byte.
    for (piece, number) in icc.chunks(PIECE).zip(1..=255u8).filter(|_| count <= 255) {
        out.extend(segment(
            APP2 as u8,
            &[ICC, &[number, count as u8], piece].concat(),
        ));
    }
    out
}

/// Bytes of one block that surely fit a marker beside its name.
const PIECE: usize = 65_000;

fn segment(code: u8, data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u16 + 2).to_be_bytes();
    [&[0xFF, code], &length[..], data].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(number: u8, count: u8, byte: u8) -> Vec<u8> {
        [ICC, &[number, count, byte, byte]].concat()
    }

    #[test]
    fn pieces_are_put_in_order() {
        let mut collector = Collector::default();
        collector.add(APP2, &piece(2, 2, 7));
        collector.add(APP2, &piece(1, 2, 5));
        assert_eq!(collector.finish().icc, Some(vec![5, 5, 7, 7]));
    }

    #[test]
    fn a_profile_with_a_piece_missing_is_left_out() {
        let mut collector = Collector::default();
        collector.add(APP2, &piece(1, 2, 5));
        assert_eq!(collector.finish().icc, None);
    }

    /// Longer than a marker: several pieces, put together again by the reader's collector.
    #[test]
    fn what_is_written_is_read() {
        let metadata = Metadata {
            exif: Some(b"II*\0abc".to_vec()),
            icc: Some((0..150_000).map(|i| i as u8).collect()),
        };
        let written = segments(&metadata);
        let mut collector = Collector::default();
        let mut rest = written.as_slice();
        while let [0xFF, code, high, low, ..] = *rest {
            let end = 2 + usize::from(u16::from_be_bytes([high, low]));
            collector.add(i32::from(code), &rest[4..end]);
            rest = &rest[end..];
        }
        assert_eq!(collector.finish(), metadata);
    }

    #[test]
    fn exif_starts_at_its_tiff_header() {
        let mut collector = Collector::default();
        collector.add(APP1, b"http://ns.adobe.com/xap/1.0/\0<x/>");
        collector.add(APP1, b"Exif\0\0II*\0");
        assert_eq!(collector.finish().exif, Some(b"II*\0".to_vec()));
    }
}
