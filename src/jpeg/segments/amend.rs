//! Headers that programs write, other decoders read, and libjpeg refuses: bytes before the picture,
//! a second start-of-image marker, tables in a datastream of their own, a height that comes behind
//! the first scan.
//!
//! Only headers are looked at; what needs no change is not copied. Called by `read` and `header`.

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::jpeg::segments;
use crate::jpeg::segments::{EOI, Mark, SOI, SOS, Walker};

/// The marker that gives the number of lines (DNL, T.81 B.2.5).
const DNL: u8 = 0xDC;
/// The longest side that libjpeg decodes.
const SIDE: usize = 65_500;
/// How many bytes may stand before a picture.
const BEFORE: usize = 4096;

/// `data` as libjpeg reads it.
///
/// # Errors
/// [`Error::Input`] for a height of 0 that no marker makes good, and for a width of 0;
/// [`Error::Unsupported`] for sides that libjpeg does not decode.
pub(crate) fn header(data: &[u8]) -> Result<Cow<'_, [u8]>> {
    let start = before(data);
    let found = Found::of(&data[start..]);
    let height = found.height(&data[start..])?;
    if found.surplus.is_empty() && height.is_none() {
        return Ok(Cow::Borrowed(&data[start..]));
    }
    let mut whole = data[start..].to_vec();
    if let (Some(rows), Some(at)) = (height, found.frame)
        && let Some(place) = whole.get_mut(at + 1..at + 3)
    {
        place.copy_from_slice(&rows.to_be_bytes());
    }
    let (mut out, mut done) = (Vec::with_capacity(whole.len()), 0);
    for (at, length) in found.surplus {
        out.extend_from_slice(&whole[done..at]);
        done = at + length;
    }
    out.extend_from_slice(&whole[done..]);
    Ok(Cow::Owned(out))
}

/// Length of what stands before the picture: fill bytes, white space, zeros, the mark of UTF-8, an
/// end-of-image marker, or the header of a part of an HTTP stream. Anything else is another kind of
/// file, in which a thumbnail must not be taken for the picture.
fn before(data: &[u8]) -> usize {
    let head = &data[..data.len().min(BEFORE)];
    let Some(start) = head.windows(3).position(|w| w == [0xFF, SOI, 0xFF]) else {
        return 0;
    };
    let bytes = &head[..start];
    let marks: [&[u8]; 2] = [b"\xEF\xBB\xBF", &[0xFF, EOI]];
    let bytes = marks
        .iter()
        .find_map(|mark| bytes.strip_prefix(*mark))
        .unwrap_or(bytes);
    let is_filling = |byte: &u8| matches!(byte, 0x00 | 0xFF) || byte.is_ascii_whitespace();
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    let is_part = bytes.starts_with(b"--") && bytes.iter().all(is_text);
    match is_part || bytes.iter().all(is_filling) {
        true => start,
        false => 0,
    }
}

/// What the header of a picture holds.
#[derive(Default)]
struct Found {
    /// Markers that libjpeg does not expect before a frame: place and number of bytes.
    surplus: Vec<(usize, usize)>,
    /// Where the contents of the frame header begin.
    frame: Option<usize>,
    width: usize,
    rows: usize,
}

impl Found {
    fn of(data: &[u8]) -> Self {
        let mut found = Self::default();
        let mut walker = Walker::default();
        while let (_, Some(mark)) = walker.next(data.get(walker.position()..).unwrap_or_default()) {
            let at = walker.position();
            match mark {
                // The last byte of the marker is behind us.
                Mark::Alone(SOI) => found.surplus.push((at - 2, 2)),
                // Tables end with EOI, and the picture begins with another SOI.
                Mark::Alone(EOI) if data[at..].starts_with(&[0xFF, SOI, 0xFF]) => {
                    found.surplus.push((at - 2, 4));
                }
                Mark::Alone(_) => break,
                Mark::Segment(code, length) if segments::is_frame(code) => {
                    found.note_frame(at + 2 - usize::from(length).max(2), walker.head());
                    break;
                }
                Mark::Segment(SOS, _) => break,
                Mark::Segment(..) => {}
            }
        }
        // Without a frame nothing is known: tables for later pictures, say.
        if found.frame.is_none() {
            found.surplus.clear();
        }
        found
    }

    fn note_frame(&mut self, at: usize, head: &[u8]) {
        if let [_, h1, h0, w1, w0] = *head {
            self.frame = Some(at);
            self.rows = usize::from(u16::from_be_bytes([h1, h0]));
            self.width = usize::from(u16::from_be_bytes([w1, w0]));
        }
    }

    /// The height to put in place of the stated one; `None` if that stays.
    fn height(&self, data: &[u8]) -> Result<Option<u16>> {
        if self.frame.is_none() {
            return Ok(None);
        }
        let unknown = self.rows == 0 || self.rows > SIDE;
        let given = if unknown { lines(data) } else { None };
        let rows = given.map_or(self.rows, usize::from);
        if self.width == 0 || rows == 0 {
            return Err(Error::Input(format!(
                "a JPEG of {} x {rows} pixels: sides are 1..{SIDE}, and no marker behind the \
                 first scan gives its lines",
                self.width
            )));
        }
        if self.width > SIDE || rows > SIDE {
            return Err(Error::Unsupported(format!(
                "a JPEG of {} x {rows} pixels: sides are 1..{SIDE}",
                self.width
            )));
        }
        Ok(given)
    }
}

/// The number of lines that a DNL segment of the first picture gives.
fn lines(data: &[u8]) -> Option<u16> {
    let mut walker = Walker::default();
    let mut scans = 0;
    while let (_, Some(mark)) = walker.next(data.get(walker.position()..)?) {
        match (mark, walker.head()) {
            (Mark::Segment(DNL, _), &[high, low, ..]) if scans > 0 => {
                return Some(u16::from_be_bytes([high, low])).filter(|&rows| rows > 0);
            }
            (Mark::Segment(SOS, _), _) => scans += 1,
            (Mark::Alone(_), _) if scans > 0 => return None,
            _ => {}
        }
    }
    None
}
