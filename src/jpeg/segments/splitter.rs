//! Finds where pictures start and end in a stream of JPEGs, by their marker segments, and which
//! field of an interlaced frame each of them is.
//!
//! Nothing is decoded; `Walker` finds the markers. A start-of-image marker in the
//! middle of a picture ends it, because the picture was cut off. The size of a picture overrides
//! its AVI1 segment, because some cameras alternate polarity 1 and 2 in whole frames. Source: ITU-T
//! T.81 B.1; for the APP0 segment "AVI1", OpenDML AVI 1.02, 3.2. Called by the elements.

use crate::jpeg::segments;
use crate::jpeg::segments::{APP0, EOI, Mark, SOI, SOS, Walker};

/// Which part of a frame a picture is, from its APP0 segment "AVI1".
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

    /// The field stated by an APP0 segment with these first bytes; `None` if it states none.
    pub(crate) fn of_app0(segment: &[u8]) -> Option<Self> {
        match segment.strip_prefix(b"AVI1")? {
            [1, ..] => Some(Self::Top),
            [2, ..] => Some(Self::Bottom),
            _ => None,
        }
    }
}

/// What is known of a picture before its first scan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Said {
    field: Option<Field>,
    /// Width and height, after its frame header.
    size: Option<(usize, usize)>,
    /// Whether the first scan has started, so that nothing more will follow.
    all: bool,
}

impl Said {
    /// Records a segment by its first bytes, up to the first scan.
    fn note(&mut self, code: u8, head: &[u8]) {
        match (code, head) {
            _ if self.all => {}
            (SOS, _) => self.all = true,
            (APP0, head) if head.starts_with(b"AVI1") => self.field = Field::of_app0(head),
            (code, &[_, h1, h0, w1, w0, ..]) if segments::is_frame(code) => {
                let side = |high, low| usize::from(u16::from_be_bytes([high, low]));
                self.size = Some((side(w1, w0), side(h1, h0)));
            }
            _ => {}
        }
    }

    /// Which field of a frame of `height` rows (0: unknown) it is, if it can be one. The size
    /// decides if the height of the frame is known. Otherwise a field must be at least twice as
    /// wide as high, as fields are (720x288, 640x240) and whole frames of cameras are not.
    fn field_of(&self, height: usize) -> Option<Field> {
        let (width, rows) = self.size?;
        let fits = match height {
            0 => width >= 2 * rows,
            height => rows < height && height <= 2 * rows,
        };
        self.field.filter(|_| fits)
    }
}

/// One picture of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// From its start-of-image marker to its end, or to the end of the data.
    pub data: &'a [u8],
    /// The field that it claims to be.
    pub field: Option<Field>,
    said: Said,
}

impl Piece<'_> {
    /// Which field of a frame of `height` rows (0: unknown) it is, also considering its size.
    pub fn field_of(&self, height: usize) -> Option<Field> {
        self.said.field_of(height)
    }
}

/// The offset of the first start-of-image marker, if there is one.
pub fn find_start(data: &[u8]) -> Option<usize> {
    data.windows(2).position(|pair| pair == [0xFF, SOI])
}

/// The consecutive pictures in `data`, without the bytes between them.
pub fn pieces(data: &[u8]) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = data;
    while let Some(start) = find_start(rest) {
        rest = &rest[start..];
        let mut picture = Picture::default();
        let end = picture.push(rest).map_or(rest.len(), |end| end.at);
        found.push(Piece {
            data: &rest[..end],
            field: picture.said.field,
            said: picture.said,
        });
        rest = &rest[end..];
    }
    found
}

/// Finds the length of a frame in a stream that arrives in parts: one picture, or two if they are
/// the two fields of a frame.
#[derive(Debug, Default)]
pub struct FrameLength {
    /// The picture that is being read.
    picture: Picture,
    /// Bytes of the frame before this picture.
    before: usize,
    /// Bytes of the frame seen.
    seen: usize,
    /// The first field, and the bytes of the frame up to its end.
    first: Option<(Field, usize)>,
    /// Rows of a frame, or 0 if unknown.
    height: usize,
}

impl FrameLength {
    /// For frames of `height` rows; 0: unknown.
    pub fn of(height: usize) -> Self {
        Self {
            height,
            ..Self::default()
        }
    }

    /// Bytes of the frame that have been pushed.
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// Takes the next bytes of the frame, which starts with a start-of-image marker. Returns the
    /// length of the frame in bytes from there, once it is known.
    pub fn push(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut rest = bytes;
        loop {
            let end = self.picture.push(rest);
            if let Some(length) = self.alone(end.is_some()) {
                return Some(length);
            }
            let Some(end) = end else {
                self.seen += rest.len();
                return None;
            };
            let length = self.before + end.at;
            match (self.first, self.picture.said.field_of(self.height)) {
                (None, Some(field)) if end.whole => self.first = Some((field, length)),
                _ => return Some(length),
            }
            let used = length - self.seen;
            rest = &rest[used..];
            self.seen = length;
            self.before = length;
            self.picture = Picture::default();
        }
    }

    /// The length of the first picture, if the second does not belong to it. That is known when the
    /// second one's first scan starts or it has `ended`, whatever the size of the parts.
    fn alone(&self, ended: bool) -> Option<usize> {
        let (field, length) = self.first?;
        let said = self.picture.said;
        let other = said.field_of(self.height) == Some(field.other());
        ((said.all || ended) && !other).then_some(length)
    }

    /// The length of the frame if the stream ends here, after `seen` bytes.
    pub fn at_end(&self) -> usize {
        match (self.first, self.picture.walker.position()) {
            (Some((_, length)), 0) => length,
            _ => self.seen,
        }
    }
}

/// Where a picture ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct End {
    /// Bytes from its start, including its end-of-image marker.
    at: usize,
    /// Whether it has that marker; otherwise another picture started.
    whole: bool,
}

/// One picture, as far as it has been read.
#[derive(Debug, Default)]
struct Picture {
    walker: Walker,
    said: Said,
}

impl Picture {
    /// Consumes bytes up to the end of the picture, if it is reached.
    fn push(&mut self, bytes: &[u8]) -> Option<End> {
        let mut rest = bytes;
        loop {
            let (used, mark) = self.walker.next(rest);
            rest = &rest[used..];
            let at = self.walker.position();
            match mark? {
                Mark::Alone(EOI) => return Some(End { at, whole: true }),
                // Some cameras write the first marker twice.
                Mark::Alone(_) if at == 4 => {}
                Mark::Alone(_) => {
                    return Some(End {
                        at: at - 2,
                        whole: false,
                    });
                }
                Mark::Segment(code, _) => self.said.note(code, self.walker.head()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of one segment of `code`, a frame header and a scan with stuffing and a restart
    /// marker.
    fn picture(code: u8, payload: &[u8]) -> Vec<u8> {
        sized(code, payload, (40, 16))
    }

    fn sized(code: u8, payload: &[u8], (width, height): (u8, u8)) -> Vec<u8> {
        let mut out = vec![0xFF, SOI, 0xFF, code];
        out.extend(((payload.len() + 2) as u16).to_be_bytes());
        out.extend(payload);
        out.extend([0xFF, 0xC0, 0, 11, 8, 0, height, 0, width, 1, 1, 0x11, 0]);
        out.extend([0xFF, SOS, 0, 4, 1, 2, 7, 0xFF, 0, 0xFF, 0xD3, 9]);
        out.extend([0xFF, EOI]);
        out
    }

    fn avi1(polarity: u8) -> Vec<u8> {
        [b"AVI1".as_slice(), &[polarity, 0, 0]].concat()
    }

    fn field(polarity: u8) -> Vec<u8> {
        picture(APP0, &avi1(polarity))
    }

    /// The length of the first frame of `stream`, for parts of any size.
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
    fn two_markers_at_the_start_are_one_picture() {
        let one = picture(0xDB, &[0; 65]);
        let double = [&one[..2], &one].concat();
        assert_eq!(length(&[&double[..], &one].concat()), Some(double.len()));
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

    /// Only what precedes the first scan counts, in any order, however much of the picture has
    /// arrived.
    #[test]
    fn a_picture_says_what_it_is_before_its_first_scan() {
        let (top, bottom) = (field(1), field(2));
        let (frame, rest) = bottom[2..].split_at(bottom.len() - 2 - 27);
        let (frame_header, scan) = rest.split_at(13);
        let (start, eoi) = ([0xFF, SOI], [0xFF, EOI]);
        let app0 = frame;
        let other_size = [0xFF, 0xC0, 0, 11, 8, 0, 99, 0, 40, 1, 1, 0x11, 0];
        let scan_only = &scan[..scan.len() - 2];
        let second = |parts: &[&[u8]]| [&start, &parts.concat()[..]].concat();
        for joined in [
            second(&[app0, frame_header, scan]),
            second(&[frame_header, app0, scan]),
            second(&[app0, &other_size, frame_header, scan]),
        ] {
            let all = [&top[..], &joined].concat();
            assert_eq!(length(&[&all[..], &top].concat()), Some(all.len()));
        }
        for alone in [
            second(&[frame_header, scan_only, app0, &eoi]),
            second(&[app0, frame_header, &other_size, scan]),
            second(&[&eoi]),
            second(&[app0, &eoi]),
        ] {
            let all = [&top[..], &alone, &top].concat();
            assert_eq!(length(&all), Some(top.len()));
        }
    }

    /// Some cameras alternate polarity 1 and 2 in whole frames.
    #[test]
    fn the_size_is_believed_before_the_polarity() {
        let of = |height: usize, size: (u8, u8)| {
            let stream = [1, 2].map(|polarity| sized(APP0, &avi1(polarity), size));
            let found = FrameLength::of(height).push(&[&stream.concat()[..], &field(0)].concat());
            found.unwrap() / stream[0].len()
        };
        // The height of frames is unknown: fields are at least twice as wide as high.
        assert_eq!(
            [of(0, (32, 24)), of(0, (72, 29)), of(0, (64, 32))],
            [1, 2, 2]
        );
        // The height is known from caps.
        assert_eq!(
            [of(24, (80, 24)), of(48, (32, 24)), of(47, (32, 24))],
            [1, 2, 2]
        );
        assert_eq!([of(49, (80, 24)), of(16, (80, 24))], [1, 1]);
        let whole = sized(APP0, &avi1(1), (32, 24));
        let piece = pieces(&whole)[0];
        assert_eq!((piece.field, piece.field_of(0)), (Some(Field::Top), None));
        assert_eq!(piece.field_of(48), Some(Field::Top));
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
