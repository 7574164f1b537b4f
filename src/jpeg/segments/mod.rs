//! Walks through the marker segments of a JPEG. All code that looks at markers uses this walk.
//!
//! It works like libjpeg (ITU-T T.81 B.1): bytes between two segments are skipped, any number of
//! fill bytes may precede a marker's code, TEM and restart markers have no segment. Inside a
//! segment nothing is a marker (markers of a thumbnail are not those of the picture). In
//! entropy-coded data, stuffed zeros, restart markers and reserved codes, which only occur through
//! damage, are data. Bytes may arrive in parts of any size; nothing is decoded. Called by the
//! modules of this folder and by `file`.

pub mod abbreviated;
pub(crate) mod amend;
pub mod behind;
mod exif_tag;
pub mod header;
pub mod header_segments;
pub mod markers;
pub mod splitter;

pub(crate) const SOI: u8 = 0xD8;
pub(crate) const EOI: u8 = 0xD9;
pub(crate) const SOS: u8 = 0xDA;
pub(crate) const DQT: u8 = 0xDB;
pub(crate) const DHT: u8 = 0xC4;
pub(crate) const APP0: u8 = 0xE0;
pub(crate) const APP14: u8 = 0xEE;

/// Bytes of a segment that are kept, for callers that get it in parts.
const HEAD: usize = 5;

/// Whether `code` is that of a frame header, for any process.
pub(crate) fn is_frame(code: u8) -> bool {
    matches!(code, 0xC0..=0xCF) && !matches!(code, DHT | 0xC8 | 0xCC)
}

/// What the walk has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A start or an end of an image, except for the start of the first.
    Alone(u8),
    /// A whole segment: its marker's code, and its stated length, which includes its own two bytes.
    Segment(u8, u16),
}

/// What the next byte is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Before the start-of-image marker.
    #[default]
    Gap,
    /// After an FF there.
    Start,
    /// Between segments, before an FF.
    Between,
    /// A marker's code.
    Code,
    /// The first byte of the length of the segment with this code.
    High(u8),
    /// The second byte, and the first.
    Low(u8, u8),
    /// Inside the segment with this code and length, with this many bytes left.
    Inside(u8, u16, usize),
    /// Entropy-coded data.
    Scan,
    /// After an FF in entropy-coded data.
    ScanCode,
}

/// Walks through a picture.
#[derive(Debug, Default)]
pub(crate) struct Walker {
    state: State,
    position: usize,
    head: [u8; HEAD],
    kept: usize,
}

impl Walker {
    /// Number of bytes seen, including any gap before the picture.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The first bytes of the last segment, without its length.
    pub fn head(&self) -> &[u8] {
        &self.head[..self.kept]
    }

    /// Consumes `bytes` up to the next mark, if there is one. Returns how many it consumed, and the
    /// mark.
    pub fn next(&mut self, bytes: &[u8]) -> (usize, Option<Mark>) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (used, mark) = self.step(rest);
            rest = &rest[used..];
            self.position += used;
            if mark.is_some() {
                return (bytes.len() - rest.len(), mark);
            }
        }
        (bytes.len(), None)
    }

    /// Consumes the next byte, or all bytes that do not matter.
    fn step(&mut self, bytes: &[u8]) -> (usize, Option<Mark>) {
        let behind_ff = match self.state {
            State::Gap => State::Start,
            State::Between => State::Code,
            State::Scan => State::ScanCode,
            State::Inside(code, length, left) => return self.inside(code, length, left, bytes),
            _ => return (1, self.byte(bytes[0])),
        };
        match bytes.iter().position(|&byte| byte == 0xFF) {
            Some(at) => {
                self.state = behind_ff;
                (at + 1, None)
            }
            None => (bytes.len(), None),
        }
    }

    fn byte(&mut self, byte: u8) -> Option<Mark> {
        let (next, mark) = match (self.state, byte) {
            (State::Start, SOI) => (State::Between, None),
            (State::Start, byte) if byte != 0xFF => (State::Gap, None),
            (State::High(code), high) => (State::Low(code, high), None),
            (State::Low(code, high), low) => {
                let length = u16::from_be_bytes([high, low]);
                self.kept = 0;
                match length.saturating_sub(2) {
                    0 => (after_segment(code), Some(Mark::Segment(code, length))),
                    left => (State::Inside(code, length, usize::from(left)), None),
                }
            }
            (State::ScanCode, 0x00..=0xBF | 0xD0..=0xD7) => (State::Scan, None),
            (State::Code, 0x00 | 0x01 | 0xD0..=0xD7) => (State::Between, None),
            (State::Code | State::ScanCode, SOI) => (State::Between, Some(Mark::Alone(SOI))),
            (State::Code | State::ScanCode, EOI) => (State::Gap, Some(Mark::Alone(EOI))),
            (State::Code | State::ScanCode, code) if code != 0xFF => (State::High(code), None),
            // A fill byte: what follows is still a code.
            (state, _) => (state, None),
        };
        self.state = next;
        mark
    }

    fn inside(
        &mut self,
        code: u8,
        length: u16,
        left: usize,
        bytes: &[u8],
    ) -> (usize, Option<Mark>) {
        let used = left.min(bytes.len());
        let kept = used.min(HEAD - self.kept);
        self.head[self.kept..self.kept + kept].copy_from_slice(&bytes[..kept]);
        self.kept += kept;
        if used < left {
            self.state = State::Inside(code, length, left - used);
            return (used, None);
        }
        self.state = after_segment(code);
        (used, Some(Mark::Segment(code, length)))
    }
}

fn after_segment(code: u8) -> State {
    match code {
        SOS => State::Scan,
        _ => State::Between,
    }
}

/// One part of a picture in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// A start or an end of an image, except for the start of the first.
    Alone(u8),
    /// A segment: its marker's code, and its bytes without the length.
    Segment(u8, &'a [u8]),
    /// A segment whose length is less than that of the length itself.
    Short(u8, u16),
}

/// The complete parts of the first picture in `data`; nothing after its end.
pub(crate) fn parts(data: &[u8]) -> impl Iterator<Item = Part<'_>> {
    let mut walker = Walker::default();
    std::iter::from_fn(move || {
        let (_, mark) = walker.next(data.get(walker.position..).unwrap_or_default());
        Some(match mark? {
            Mark::Alone(code) => Part::Alone(code),
            Mark::Segment(code, length) => match usize::from(length).checked_sub(2) {
                Some(inside) => {
                    let end = walker.position;
                    Part::Segment(code, &data[end - inside..end])
                }
                None => Part::Short(code, length),
            },
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture with everything that may occur between segments, a thumbnail, and damage in a
    /// scan.
    fn picture() -> Vec<u8> {
        [
            &[0xFF, SOI, 7, 0, 0xFF, 0, 9][..],
            &[0xFF, 0xFF, 0xFF, APP0, 0, 5, 1, 2, 3],
            &[0xFF, 0x01, 0xFF, 0xD3],
            &[0xFF, 0xE1, 0, 6, 0xFF, SOI, 0xFF, EOI],
            &[
                0xFF, SOS, 0, 3, 8, 5, 0xFF, 0, 0xFF, 0xD0, 0xFF, 0x42, 6, 0xFF, 0xFF, 0xD1, 4,
            ],
            &[0xFF, DHT, 0, 2, 0xFF, EOI],
        ]
        .concat()
    }

    #[test]
    fn everything_between_segments_is_stepped_over() {
        let bytes = picture();
        let found: Vec<Part<'_>> = parts(&bytes).collect();
        assert_eq!(
            found,
            [
                Part::Segment(APP0, &[1, 2, 3]),
                Part::Segment(0xE1, &[0xFF, SOI, 0xFF, EOI]),
                Part::Segment(SOS, &[8]),
                Part::Segment(DHT, &[]),
                Part::Alone(EOI),
            ]
        );
    }

    #[test]
    fn the_size_of_the_parts_that_bytes_come_in_does_not_matter() {
        let bytes = [&[1, 2][..], &picture(), &[0, 0xFF]].concat();
        let walk = |part: usize| {
            let (mut walker, mut found) = (Walker::default(), Vec::new());
            for mut bytes in bytes.chunks(part) {
                while !bytes.is_empty() {
                    let (used, mark) = walker.next(bytes);
                    found
                        .extend(mark.map(|mark| (mark, walker.position(), walker.head().to_vec())));
                    bytes = &bytes[used..];
                }
            }
            found
        };
        let whole = walk(bytes.len());
        assert_eq!(whole.len(), 5);
        for part in [1, 2, 3, 7] {
            assert_eq!(walk(part), whole, "in parts of {part}");
        }
    }

    #[test]
    fn a_length_that_does_not_count_itself_is_told_and_a_cut_segment_is_none() {
        let short = [0xFF, SOI, 0xFF, DQT, 0, 1, 0xFF, EOI];
        let found: Vec<Part<'_>> = parts(&short).collect();
        assert_eq!(found, [Part::Short(DQT, 1), Part::Alone(EOI)]);
        assert_eq!(parts(&[0xFF, SOI, 0xFF, DQT, 0, 9, 1]).next(), None);
    }
}
