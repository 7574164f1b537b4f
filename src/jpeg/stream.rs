//! Where pictures begin and end in a stream of JPEGs, by their marker segments, and which
//! field of an interlaced frame each of them is.
//!
//! Nothing is decoded. An end-of-image marker inside a segment (a thumbnail's) ends nothing;
//! a start-of-image marker in the middle of a picture ends it, for what came before was cut
//! off. Source: ITU-T T.81 B.1; for the APP0 segment "AVI1", OpenDML AVI 1.02, 3.2. Called by
//! the elements.

/// Which part of a frame a picture is, as its APP0 segment "AVI1" says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The odd lines, counted from 1: the first row of the frame is its first.
    Top,
    /// The even lines.
    Bottom,
}

impl Field {
    /// The field that completes a frame with this one.
    pub fn other(self) -> Self {
        match self {
            Self::Top => Self::Bottom,
            Self::Bottom => Self::Top,
        }
    }
}

/// One picture of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// From its start-of-image marker to its end, or to where the data stop.
    pub data: &'a [u8],
    /// The field that it says it is.
    pub field: Option<Field>,
}

/// Where the first start-of-image marker is, if there is one.
pub fn find_start(data: &[u8]) -> Option<usize> {
    data.windows(2).position(|pair| pair == [0xFF, SOI])
}

/// The pictures that lie one behind another in `data`, with whatever is between them left out.
pub fn pieces(data: &[u8]) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = data;
    while let Some(start) = find_start(rest) {
        rest = &rest[start..];
        let mut walker = Walker::default();
        let end = walker.push(rest).map_or(rest.len(), |end| end.at);
        found.push(Piece {
            data: &rest[..end],
            field: walker.field,
        });
        rest = &rest[end..];
    }
    found
}

/// Finds the length of a frame in a stream that comes in parts: one picture, or two when the
/// first says that it is a field and the second that it is the other.
#[derive(Debug, Default)]
pub struct FrameLength {
    /// In the picture that is being read.
    walker: Walker,
    /// Bytes of the frame before that picture.
    before: usize,
    /// Bytes of the frame seen.
    seen: usize,
    /// The first field, and the bytes of the frame up to its end.
    first: Option<(Field, usize)>,
}

impl FrameLength {
    /// Bytes of the frame that have been pushed.
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// Takes the next bytes of the frame, whose first two are a start-of-image marker; the
    /// length of the frame in bytes from there, once it is known.
    pub fn push(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut rest = bytes;
        loop {
            let end = self.walker.push(rest);
            if let Some(length) = self.alone() {
                return Some(length);
            }
            let Some(end) = end else {
                self.seen += rest.len();
                return None;
            };
            let length = self.before + end.at;
            match (self.first, self.walker.field) {
                (None, Some(field)) if end.whole => self.first = Some((field, length)),
                _ => return Some(length),
            }
            let used = length - self.seen;
            rest = &rest[used..];
            self.seen = length;
            self.before = length;
            self.walker = Walker::default();
        }
    }

    /// The length of the first picture, once the second turns out not to belong to it.
    fn alone(&self) -> Option<usize> {
        let (field, length) = self.first?;
        let other = self.walker.field == Some(field.other());
        let decided = self.walker.field.is_some() || self.walker.past_header;
        (decided && !other).then_some(length)
    }

    /// The length of the frame when the stream ends here and `seen` bytes are all there is.
    pub fn at_end(&self) -> usize {
        match (self.first, self.walker.position) {
            (Some((_, length)), 0) => length,
            _ => self.seen,
        }
    }
}

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const APP0: u8 = 0xE0;

/// Where a picture ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct End {
    /// Bytes from its start, its end-of-image marker included.
    at: usize,
    /// Whether it has one; else another picture began.
    whole: bool,
}

/// What the next byte is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Something before the start-of-image marker.
    #[default]
    Gap,
    /// What follows an FF in the gap.
    Start,
    /// Something between segments, an FF to come.
    Between,
    /// A marker's code.
    Code,
    /// The first byte of the length of the segment with this code.
    High(u8),
    /// The second byte, and the first.
    Low(u8, u8),
    /// Inside a segment with this code, so many bytes still to come.
    Segment(u8, usize),
    /// Entropy-coded data.
    Scan,
    /// What follows an FF in them.
    ScanCode,
}

/// Walks through one picture, byte by byte and over segments.
#[derive(Debug, Default)]
struct Walker {
    state: State,
    /// Bytes seen since the picture's first; those of a gap before it count as well.
    position: usize,
    /// What the picture says it is, once its APP0 has been read.
    field: Option<Field>,
    /// The first scan has begun: no APP0 will tell any more.
    past_header: bool,
    /// The first bytes of an APP0 segment.
    app0: ([u8; 5], usize),
}

impl Walker {
    /// Takes bytes up to the end of the picture, if that is among them.
    fn push(&mut self, bytes: &[u8]) -> Option<End> {
        let mut index = 0;
        while let Some(&byte) = bytes.get(index) {
            let length = match self.state {
                State::Segment(code, left) if code != APP0 => left.min(bytes.len() - index),
                _ => 1,
            };
            index += length;
            self.position += length;
            let code = self.step(byte, length);
            match code {
                Some(EOI) => {
                    return Some(End {
                        at: self.position,
                        whole: true,
                    });
                }
                Some(SOI) => {
                    return Some(End {
                        at: self.position - 2,
                        whole: false,
                    });
                }
                _ => {}
            }
        }
        None
    }

    /// Takes `byte`, or `length` bytes of a segment; the marker code that this completes, once
    /// inside the picture.
    fn step(&mut self, byte: u8, length: usize) -> Option<u8> {
        let (next, code) = match (self.state, byte) {
            (State::Gap, 0xFF) => (State::Start, None),
            (State::Gap, _) => (State::Gap, None),
            (State::Start, SOI) => (State::Between, None),
            (State::Start, 0xFF) => (State::Start, None),
            (State::Start, _) => (State::Gap, None),
            (State::Between, 0xFF) => (State::Code, None),
            (State::Between, _) => (State::Between, None),
            (State::Code, 0xFF) => (State::Code, None),
            (State::Code, code) => (after_marker(code), Some(code)),
            (State::High(code), high) => (State::Low(code, high), None),
            (State::Low(code, high), low) => (self.begin_segment(code, [high, low]), None),
            (State::Segment(code, left), byte) => (self.inside(code, left - length, byte), None),
            (State::Scan, 0xFF) => (State::ScanCode, None),
            (State::Scan, _) => (State::Scan, None),
            (State::ScanCode, 0xFF) => (State::ScanCode, None),
            (State::ScanCode, 0x00 | 0xD0..=0xD7) => (State::Scan, None),
            (State::ScanCode, code) => (after_marker(code), Some(code)),
        };
        self.state = next;
        code
    }

    fn begin_segment(&mut self, code: u8, length: [u8; 2]) -> State {
        self.app0.1 = 0;
        self.past_header |= code == SOS;
        // The length counts its own two bytes.
        match u16::from_be_bytes(length).saturating_sub(2) {
            0 => after_segment(code),
            left => State::Segment(code, usize::from(left)),
        }
    }

    /// Keeps the first bytes of an APP0.
    fn inside(&mut self, code: u8, left: usize, byte: u8) -> State {
        let (bytes, count) = &mut self.app0;
        if let Some(place) = bytes.get_mut(*count).filter(|_| code == APP0) {
            *place = byte;
            *count += 1;
            if let (5, [b'A', b'V', b'I', b'1', polarity]) = (*count, &*bytes) {
                self.field = match polarity {
                    1 => Some(Field::Top),
                    2 => Some(Field::Bottom),
                    _ => None,
                };
            }
        }
        match left {
            0 => after_segment(code),
            left => State::Segment(code, left),
        }
    }
}

fn after_marker(code: u8) -> State {
    match code {
        // TEM, RSTn and the two that the caller sees stand alone; 00 is no marker.
        0x00 | 0x01 | 0xD0..=EOI => State::Between,
        code => State::High(code),
    }
}

fn after_segment(code: u8) -> State {
    match code {
        SOS => State::Scan,
        _ => State::Between,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of one segment of `code` and a scan with stuffing and a restart marker.
    fn picture(code: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = vec![0xFF, SOI, 0xFF, code];
        out.extend(((payload.len() + 2) as u16).to_be_bytes());
        out.extend(payload);
        out.extend([0xFF, SOS, 0, 4, 1, 2, 7, 0xFF, 0, 0xFF, 0xD3, 9]);
        out.extend([0xFF, EOI]);
        out
    }

    fn field(polarity: u8) -> Vec<u8> {
        picture(APP0, &[b"AVI1".as_slice(), &[polarity, 0, 0]].concat())
    }

    /// The length of the first frame of `stream`, whatever the size of the parts it comes in.
    fn length(stream: &[u8]) -> Option<usize> {
        let whole = FrameLength::default().push(stream);
        for part in [1, 2, 3, 7] {
            let mut finder = FrameLength::default();
            let found = stream.chunks(part).find_map(|bytes| finder.push(bytes));
            assert_eq!(found, whole, "in parts of {part}");
        }
        whole
    }

    #[test]
    fn markers_inside_segments_end_nothing() {
        let one = picture(0xE1, &[0xFF, EOI, 0xFF, SOI, 0xFF, EOI]);
        assert_eq!(
            length(&[one.clone(), one.clone()].concat()),
            Some(one.len())
        );
        assert_eq!(length(&one[..one.len() - 1]), None);
    }

    #[test]
    fn a_picture_that_is_cut_off_ends_where_the_next_begins() {
        let one = picture(0xDB, &[0; 65]);
        let cut = &one[..one.len() - 3];
        assert_eq!(length(&[cut, &one].concat()), Some(cut.len()));
    }

    #[test]
    fn two_fields_are_one_frame_and_padding_between_them_counts() {
        let (top, bottom) = (field(1), field(2));
        let frame = [&top[..], &[0, 0, 0xFF, 0], &bottom].concat();
        assert_eq!(length(&[&frame[..], &top].concat()), Some(frame.len()));
        let found = pieces(&frame);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].data, found[0].field),
            (&top[..], Some(Field::Top))
        );
        assert_eq!(
            (found[1].data, found[1].field),
            (&bottom[..], Some(Field::Bottom))
        );
    }

    #[test]
    fn a_field_without_its_other_is_a_frame_of_its_own() {
        let top = field(1);
        for next in [field(1), field(0), picture(0xDB, &[0; 65])] {
            assert_eq!(length(&[top.clone(), next].concat()), Some(top.len()));
        }
        let mut finder = FrameLength::default();
        assert_eq!(finder.push(&top), None);
        assert_eq!(finder.at_end(), top.len());
    }

    #[test]
    fn polarity_0_is_a_whole_frame() {
        let one = field(0);
        assert_eq!(
            length(&[one.clone(), one.clone()].concat()),
            Some(one.len())
        );
        assert_eq!(pieces(&one)[0].field, None);
    }

    #[test]
    fn junk_before_a_picture_is_left_out() {
        let one = picture(0xDB, &[0; 65]);
        let found = pieces(&[&[1, 0xFF, 2], &one[..], &[0; 9]].concat())
            .iter()
            .map(|piece| piece.data.len())
            .collect::<Vec<_>>();
        assert_eq!(found, [one.len()]);
        assert_eq!(pieces(&[0, 1, 2]), []);
    }
}
