//! Pictures without tables, in a stream that has sent these before: the abbreviated format of ITU-T
//! T.81 B.5. Quantisation and Huffman tables are valid until others with the same number replace
//! them.
//!
//! Nothing is decoded: missing tables are inserted into the picture, and libjpeg then reads it as a
//! complete one. Called by `stream` and by the elements, for pictures in the order of their stream.

use std::borrow::Cow;

use crate::jpeg::segments;
use crate::jpeg::segments::{DHT, DQT, Part, SOI, SOS};

/// The tables of a stream so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamTables {
    /// Their bytes, by number: class or width, number and values, as in their segment.
    quantisation: [Option<Vec<u8>>; 4],
    /// The same by class (DC, AC) and number.
    huffman: [[Option<Vec<u8>>; 4]; 2],
}

impl StreamTables {
    /// `picture` with missing tables added from the stream; its own tables are stored.
    pub fn complete<'a>(&mut self, picture: &'a [u8]) -> Cow<'a, [u8]> {
        let own = Own::of(picture);
        let missing = match own.lacks_any() {
            true => self.beyond(&own.tables),
            false => Vec::new(),
        };
        self.note(picture);
        match picture.split_at_checked(2) {
            Some((start, rest)) if start == [0xFF, SOI] && !missing.is_empty() => {
                Cow::Owned([start, &missing, rest].concat())
            }
            _ => Cow::Borrowed(picture),
        }
    }

    /// Stores all tables in `picture`, also those between its scans.
    fn note(&mut self, picture: &[u8]) {
        for part in segments::parts(picture) {
            match part {
                Part::Segment(DQT, segment) => self.quantisation_tables(segment),
                Part::Segment(DHT, segment) => self.huffman_tables(segment),
                _ => {}
            }
        }
    }

    fn quantisation_tables(&mut self, mut segment: &[u8]) {
        while let [head, ..] = *segment {
            let length = 1 + if head >> 4 == 0 { 64 } else { 128 };
            let slot = self.quantisation.get_mut(usize::from(head & 15));
            let (Some(slot), Some((table, rest))) = (slot, segment.split_at_checked(length)) else {
                return;
            };
            *slot = Some(table.to_vec());
            segment = rest;
        }
    }

    fn huffman_tables(&mut self, mut segment: &[u8]) {
        while let [head, ref counts @ ..] = *segment {
            let symbols = counts.iter().take(16).map(|&count| usize::from(count));
            let length = 17 + symbols.sum::<usize>();
            let class = self.huffman.get_mut(usize::from(head >> 4));
            let slot = class.and_then(|class| class.get_mut(usize::from(head & 15)));
            let (Some(slot), Some((table, rest))) = (slot, segment.split_at_checked(length)) else {
                return;
            };
            *slot = Some(table.to_vec());
            segment = rest;
        }
    }

    /// Segments with every table that `own` does not have.
    fn beyond(&self, own: &Self) -> Vec<u8> {
        let pairs = |code: u8, all: &[Option<Vec<u8>>], own: &[Option<Vec<u8>>]| {
            let absent = all.iter().zip(own).filter(|(_, own)| own.is_none());
            let tables = absent.filter_map(|(table, _)| table.as_deref());
            tables
                .flat_map(|table| segment(code, table))
                .collect::<Vec<u8>>()
        };
        [
            pairs(DQT, &self.quantisation, &own.quantisation),
            pairs(DHT, &self.huffman[0], &own.huffman[0]),
            pairs(DHT, &self.huffman[1], &own.huffman[1]),
        ]
        .concat()
    }
}

/// Whether `data` holds only tables, for later pictures.
pub fn is_tables_only(data: &[u8]) -> bool {
    let mut tables = false;
    for part in segments::parts(data) {
        match part {
            Part::Segment(DQT | DHT, _) => tables = true,
            Part::Segment(code, _) if code == SOS || segments::is_frame(code) => return false,
            Part::Alone(code) => return tables && code == segments::EOI,
            _ => {}
        }
    }
    false
}

/// The tables that a picture defines, and refers to, before its first scan.
#[derive(Default)]
struct Own {
    tables: StreamTables,
    /// Numbers of the quantisation tables that its components refer to.
    named: Vec<u8>,
    /// Numbers of the Huffman tables that its first scan refers to, DC and AC.
    coded: Vec<(u8, u8)>,
}

impl Own {
    fn of(picture: &[u8]) -> Self {
        let mut own = Self::default();
        for part in segments::parts(picture) {
            match part {
                Part::Segment(SOS, segment) => {
                    let specs = segment.get(1..).unwrap_or_default().chunks_exact(2);
                    let count = usize::from(segment.first().copied().unwrap_or(0));
                    let tables = specs.take(count).map(|spec| (spec[1] >> 4, spec[1] & 15));
                    own.coded = tables.collect();
                    return own;
                }
                Part::Segment(DQT, segment) => own.tables.quantisation_tables(segment),
                Part::Segment(DHT, segment) => own.tables.huffman_tables(segment),
                Part::Segment(code, segment) if segments::is_frame(code) => {
                    let specs = segment.get(6..).unwrap_or_default().chunks_exact(3);
                    own.named = specs.map(|spec| spec[2]).collect();
                }
                _ => {}
            }
        }
        own
    }

    /// Whether a table is missing. The first scan of a progressive picture refers to AC tables that
    /// it does not need; adding earlier ones does no harm.
    fn lacks_any(&self) -> bool {
        let has = |tables: &[Option<Vec<u8>>], number: u8| {
            tables.get(usize::from(number)).is_some_and(Option::is_some)
        };
        let StreamTables {
            quantisation,
            huffman: [dc, ac],
        } = &self.tables;
        let named = self.named.iter().all(|&number| has(quantisation, number));
        let coded = |&(d, a): &(u8, u8)| has(dc, d) && has(ac, a);
        !(named && self.coded.iter().all(coded))
    }
}

fn segment(code: u8, bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u16 + 2).to_be_bytes();
    [&[0xFF, code], &length[..], bytes].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{PixelModel, Planar8};
    use crate::jpeg;
    use crate::jpeg::JpegFile;
    use crate::options::Limits;

    fn read(bytes: &[u8]) -> JpegFile {
        jpeg::read(bytes, &Limits::default()).unwrap()
    }

    /// A picture with Huffman tables of its own.
    fn picture(quality: u8) -> Vec<u8> {
        let mut scene = Planar8::new(PixelModel::Rgb, 48, 32, (1, 1));
        for (i, byte) in scene
            .planes
            .iter_mut()
            .flat_map(|p| p.data.iter_mut().enumerate())
        {
            *byte = ((i * 2_654_435_761) >> 9) as u8 / 2 + (i % 48) as u8;
        }
        let plain = jpeg::encode(&scene, quality, (2, 2)).unwrap();
        jpeg::write(&read(&plain)).unwrap()
    }

    /// The same without its segments of these codes.
    fn without(picture: &[u8], codes: &[u8]) -> Vec<u8> {
        let mut out = picture.to_vec();
        for part in segments::parts(picture) {
            if let Part::Segment(code, bytes) = part
                && codes.contains(&code)
            {
                let whole = segment(code, bytes);
                let at = out.windows(whole.len()).position(|window| window == whole);
                let at = at.unwrap();
                out.drain(at..at + whole.len());
            }
        }
        out
    }

    fn levels(file: &JpegFile) -> Vec<(&[[i16; 64]], [u16; 64])> {
        let each = file.components.iter();
        each.map(|c| (c.levels.as_slice(), c.steps)).collect()
    }

    #[test]
    fn a_picture_has_the_tables_of_the_stream() {
        let (first, second) = (picture(60), picture(30));
        let (whole, other) = (read(&first), read(&second));
        assert_ne!(levels(&whole), levels(&other));
        let mut tables = StreamTables::default();
        for codes in [&[DQT, DHT][..], &[DQT], &[DHT]] {
            for (bytes, file) in [(&first, &whole), (&second, &other)] {
                assert!(matches!(tables.complete(bytes), Cow::Borrowed(_)));
                let bare = without(bytes, codes);
                assert_ne!(&bare, bytes);
                let completed = tables.complete(&bare);
                assert_eq!(levels(&read(&completed)), levels(file), "{codes:02x?}");
            }
        }
    }

    #[test]
    fn tables_may_come_without_a_picture() {
        let whole = picture(45);
        let bare = without(&whole, &[DQT, DHT]);
        let mut alone = whole[..2].to_vec();
        for part in segments::parts(&whole) {
            if let Part::Segment(code @ (DQT | DHT), bytes) = part {
                alone.extend(segment(code, bytes));
            }
        }
        assert!(!is_tables_only(&alone));
        alone.extend([0xFF, segments::EOI]);
        assert!(is_tables_only(&alone) && !is_tables_only(&bare) && !is_tables_only(b"no JPEG"));
        let mut tables = StreamTables::default();
        let _ = tables.complete(&alone);
        let completed = tables.complete(&bare);
        assert_eq!(levels(&read(&completed)), levels(&read(&whole)));
    }

    #[test]
    fn what_the_stream_has_not_given_stays_away() {
        let bare = without(&picture(45), &[DQT, DHT]);
        let mut tables = StreamTables::default();
        assert_eq!(*tables.complete(&bare), bare[..]);
        for cut in 0..bare.len() {
            let _ = tables.complete(&bare[..cut]);
        }
        assert_eq!(tables, StreamTables::default());
    }
}
