//! Marker segments of a JPEG up to its first scan, gathered into a [`Header`].
//!
//! ITU-T T.81 annex B. Every length is checked against the bytes that are there; thumbnails
//! inside APPn segments are stepped over with them.

use super::super::origin::{Family, Markers};
use super::super::stream::Field;
use super::{Header, HeaderComponent};
use crate::contract::QuantSteps;
use crate::error::{Error, Result};
use crate::frame::PixelModel;

/// `ZIGZAG[i]` is the natural-order index of the i-th entry of a DQT segment (T.81 figure A.6).
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, //
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28, //
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, //
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const DQT: u8 = 0xDB;
const APP0: u8 = 0xE0;
const APP14: u8 = 0xEE;

/// Reads the header of `data`, from SOI to the first SOS; what follows is not looked at.
///
/// # Errors
/// [`Error::Input`] for bytes that are no JPEG, end before the first scan, name a table that
/// is not there, or hold a step of 0; [`Error::Unsupported`] for CMYK, lossless and
/// hierarchical files, 12 bit, and fractional sampling.
pub fn parse(data: &[u8]) -> Result<Header> {
    let mut rest = match data {
        [0xFF, SOI, rest @ ..] => rest,
        _ => {
            let start = &data[..data.len().min(4)];
            return Err(Error::Input(format!(
                "not a JPEG: it starts with {start:02x?}, not ff d8"
            )));
        }
    };
    let mut found = Found::default();
    loop {
        let (marker, segment, behind) = next(rest)?;
        found.markers.note(marker, segment);
        match marker {
            SOS => return found.header(),
            DQT => found.tables(segment)?,
            0xC4 | 0xC8 | 0xCC => {}
            0xC0..=0xCF => found.frame = Some(Frame::parse(marker, segment)?),
            APP0 => found.app0(segment),
            APP14 => found.app14(segment),
            _ => {}
        }
        rest = behind;
    }
}

/// The next marker, its segment without the length, and what lies behind.
fn next(data: &[u8]) -> Result<(u8, &[u8], &[u8])> {
    let truncated = || Error::Input("the JPEG ends before its first scan".into());
    let fill = data.iter().take_while(|&&byte| byte == 0xFF).count();
    let (&marker, rest) = data[fill..].split_first().ok_or_else(truncated)?;
    if fill == 0 {
        return Err(Error::Input(format!(
            "byte {marker:02x} where a JPEG marker (ff ..) has to be"
        )));
    }
    // These stand alone: TEM and restarts. An SOI or EOI here means there is no scan.
    if matches!(marker, 0x01 | 0xD0..=0xD7) {
        return Ok((marker, &[], rest));
    }
    if matches!(marker, 0x00 | SOI | EOI) {
        return Err(Error::Input(format!(
            "marker ff {marker:02x} before the first scan"
        )));
    }
    let [high, low, rest @ ..] = rest else {
        return Err(truncated());
    };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    let inside = length.checked_sub(2).ok_or_else(|| {
        Error::Input(format!(
            "segment ff {marker:02x} of length {length}: at least 2"
        ))
    })?;
    let (segment, behind) = rest.split_at_checked(inside).ok_or_else(truncated)?;
    Ok((marker, segment, behind))
}

/// What the segments have said so far.
#[derive(Default)]
struct Found {
    tables: [Option<QuantSteps>; 4],
    frame: Option<Frame>,
    markers: Markers,
    /// The colour transform that Adobe's marker names.
    adobe: Option<u8>,
    field: Option<Field>,
}

/// The frame header (SOFn).
struct Frame {
    progressive: bool,
    width: usize,
    height: usize,
    /// Identifier, sampling factors, number of the table.
    components: Vec<(u8, (usize, usize), usize)>,
}

impl Frame {
    fn parse(marker: u8, segment: &[u8]) -> Result<Self> {
        // Baseline, extended and progressive, with Huffman or arithmetic coding.
        if !matches!(marker, 0xC0..=0xC2 | 0xC9 | 0xCA) {
            return Err(Error::Unsupported(format!(
                "a JPEG of process ff {marker:02x}: lossless or hierarchical"
            )));
        }
        let [bits, h1, h0, w1, w0, count, specs @ ..] = segment else {
            return Err(Error::Input("a frame header that is too short".into()));
        };
        if *bits != 8 {
            return Err(Error::Unsupported(format!(
                "{bits} bits per sample: only 8"
            )));
        }
        let specs = specs.chunks_exact(3).take(usize::from(*count));
        let factors = |byte: u8| (usize::from(byte >> 4), usize::from(byte & 15));
        Ok(Self {
            progressive: matches!(marker, 0xC2 | 0xCA),
            width: usize::from(u16::from_be_bytes([*w1, *w0])),
            height: usize::from(u16::from_be_bytes([*h1, *h0])),
            components: specs
                .map(|spec| (spec[0], factors(spec[1]), usize::from(spec[2])))
                .collect(),
        })
    }
}

impl Found {
    /// A DQT segment: any number of tables of 8 or 16 bits.
    fn tables(&mut self, mut segment: &[u8]) -> Result<()> {
        while let [head, rest @ ..] = segment {
            let (wide, number) = (head >> 4 != 0, usize::from(head & 15));
            let length = if wide { 128 } else { 64 };
            let slot = self.tables.get_mut(number);
            let (Some(slot), Some((bytes, behind))) = (slot, rest.split_at_checked(length)) else {
                return Err(Error::Input(format!(
                    "quantisation table {number} with {} bytes: tables are 0..3, of {length}",
                    rest.len()
                )));
            };
            let mut steps = [0; 64];
            for (i, at) in ZIGZAG.into_iter().enumerate() {
                steps[at] = match wide {
                    true => u16::from_be_bytes([bytes[2 * i], bytes[2 * i + 1]]),
                    false => u16::from(bytes[i]),
                };
            }
            *slot = Some(steps);
            segment = behind;
        }
        Ok(())
    }

    fn app0(&mut self, segment: &[u8]) {
        if let Some([polarity, ..]) = segment.strip_prefix(b"AVI1") {
            self.field = match polarity {
                1 => Some(Field::Top),
                2 => Some(Field::Bottom),
                _ => None,
            };
        }
    }

    /// `Adobe`, version, two words of flags, transform.
    fn app14(&mut self, segment: &[u8]) {
        if segment.starts_with(b"Adobe") {
            self.adobe = segment.get(11).copied();
        }
    }

    fn header(self) -> Result<Header> {
        let none = || Error::Input("a scan before any frame header".into());
        let frame = self.frame.as_ref().ok_or_else(none)?;
        let (model, components) = (self.model(frame), self.components(frame)?);
        let family = components.first().map_or(Family::Unknown, |luma| {
            Family::told(&luma.steps, model, &self.markers)
        });
        let header = Header {
            width: frame.width,
            height: frame.height,
            model,
            progressive: frame.progressive,
            components,
            field: self.field,
            family,
        };
        header.validate()?;
        Ok(header)
    }

    fn components(&self, frame: &Frame) -> Result<Vec<HeaderComponent>> {
        let resolve = |&(id, sampling, number): &(u8, (usize, usize), usize)| {
            let steps = self.tables.get(number).copied().flatten().ok_or_else(|| {
                Error::Input(format!(
                    "component {id} names table {number}, which is not there"
                ))
            })?;
            // A single component is not interleaved: its factors mean nothing (T.81 A.2.2).
            let sampling = match frame.components.len() {
                1 => (1, 1),
                _ => sampling,
            };
            Ok(HeaderComponent {
                id,
                sampling,
                steps,
            })
        };
        frame.components.iter().map(resolve).collect()
    }

    /// As libjpeg guesses: JFIF says YCbCr; Adobe's marker says; else the identifiers.
    fn model(&self, frame: &Frame) -> PixelModel {
        let ids: Vec<u8> = frame.components.iter().map(|c| c.0).collect();
        match (ids.as_slice(), self.markers.jfif, self.adobe) {
            ([_], _, _) => PixelModel::Grey,
            (_, true, _) => PixelModel::YCbCr,
            (_, false, Some(0)) => PixelModel::Rgb,
            (b"RGB", false, None) => PixelModel::Rgb,
            _ => PixelModel::YCbCr,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::frame::Planar8;
    use crate::jpeg::write::encode_with;
    use crate::jpeg::{encode, read, tables};
    use crate::options::Limits;

    fn jpeg(quality: u8, subsampling: (usize, usize)) -> Vec<u8> {
        let picture = Planar8::new(PixelModel::Rgb, 37, 21, (1, 1));
        encode(&picture, quality, subsampling).unwrap()
    }

    /// Puts a segment right behind SOI.
    fn with_segment(jpeg: &[u8], marker: u8, payload: &[u8]) -> Vec<u8> {
        let length = (payload.len() as u16 + 2).to_be_bytes();
        [&jpeg[..2], &[0xFF, marker], &length, payload, &jpeg[2..]].concat()
    }

    /// libjpeg reads the whole file: what it says of the header is the reference.
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

    /// Tables that are no quality of libjpeg's, so that the markers count.
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
        let mut found = Found::default();
        found.tables(&payload).unwrap();
        let steps = found.tables[0].unwrap();
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
        /// Whatever bytes come, the answer is a valid header or an error.
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
}
