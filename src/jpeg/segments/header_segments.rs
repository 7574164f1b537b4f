//! Collects the marker segments of a JPEG up to its first scan into a [`Header`].
//!
//! ITU-T T.81 annex B. Every length is checked against the available bytes; thumbnails inside APPn
//! segments are skipped with them.

use crate::contract::QuantSteps;
use crate::error::{Error, Result};
use crate::frame::PixelModel;
use crate::jpeg::file::origin::{Family, Markers};
use crate::jpeg::grid::tables;
use crate::jpeg::segments;
use crate::jpeg::segments::amend;
use crate::jpeg::segments::header::{Header, HeaderComponent};
use crate::jpeg::segments::splitter::Field;
use crate::jpeg::segments::{APP0, APP14, DQT, Part, SOI, SOS};

/// `ZIGZAG[i]` is the natural-order index of the i-th entry of a DQT segment (T.81 figure A.6).
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, //
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28, //
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, //
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// Quantisation tables of a stream by their numbers: a picture without tables uses the earlier ones
/// (T.81 B.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuantTables([Option<QuantSteps>; 4]);

/// Reads the header of `data`, from SOI to the first SOS, and nothing after that.
///
/// # Errors
/// [`Error::Input`] for bytes that are not a JPEG, end before the first scan, refer to a missing
/// table, or hold a DC step of 0; [`Error::Unsupported`] for CMYK, lossless and hierarchical files,
/// 12 bit, and fractional sampling.
pub fn parse(data: &[u8]) -> Result<Header> {
    parse_next(data, &mut QuantTables::default())
}

/// [`parse`] for the next picture of a stream with these `tables` so far. Tables between the scans
/// of a progressive picture are not read.
///
/// # Errors
/// As [`parse`]; `tables` is updated even then.
pub fn parse_next(data: &[u8], tables: &mut QuantTables) -> Result<Header> {
    let data = &amend::header(data)?[..];
    if !data.starts_with(&[0xFF, SOI]) {
        let start = &data[..data.len().min(4)];
        return Err(Error::Input(format!(
            "not a JPEG: it starts with {start:02x?}, not ff d8"
        )));
    }
    let mut found = Found::after(tables);
    for part in segments::parts(data) {
        let (marker, segment) = match part {
            Part::Segment(marker, segment) => (marker, segment),
            Part::Alone(marker) => {
                return Err(Error::Input(format!(
                    "marker ff {marker:02x} before the first scan"
                )));
            }
            // libjpeg skips application data and comments of no length.
            Part::Short(APP0..=0xEF | 0xFE, _) => continue,
            Part::Short(marker, length) => {
                return Err(Error::Input(format!(
                    "segment ff {marker:02x} of length {length}: at least 2"
                )));
            }
        };
        found.markers.note(marker, segment);
        match marker {
            SOS => return found.header(),
            DQT => found.tables(segment)?,
            APP0 => found.app0(segment),
            APP14 => found.app14(segment),
            marker if segments::is_frame(marker) => {
                found.frame = Some(Frame::parse(marker, segment)?);
            }
            _ => {}
        }
    }
    Err(Error::Input("the JPEG ends before its first scan".into()))
}

/// What has been read so far.
struct Found<'a> {
    tables: &'a mut [Option<QuantSteps>; 4],
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

impl<'a> Found<'a> {
    /// Nothing read yet, in a stream with these tables.
    fn after(tables: &'a mut QuantTables) -> Self {
        Self {
            tables: &mut tables.0,
            frame: None,
            markers: Markers::default(),
            adobe: None,
            field: None,
        }
    }

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
            let _opened = tables::open_zeros(&mut steps);
            *slot = Some(steps);
            segment = behind;
        }
        Ok(())
    }

    fn app0(&mut self, segment: &[u8]) {
        if segment.starts_with(b"AVI1") {
            self.field = Field::of_app0(segment);
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
            // A single component is not interleaved, so its factors have no meaning (T.81 A.2.2).
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

    /// As in libjpeg: JFIF means YCbCr; then Adobe's marker; then the identifiers.
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
#[path = "header_tests.rs"]
mod header_tests;
