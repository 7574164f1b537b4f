//! Reads a pickle's bytes front to back, never beyond its end.

use crate::model::checkpoint::Parse;

/// A position in a pickle.
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Longest accepted line (the name of a module or a global).
const LINE_BYTES: usize = 256;

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The next `count` bytes.
    pub(crate) fn take(&mut self, count: usize) -> Parse<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        let taken = rest
            .get(..count)
            .ok_or_else(|| format!("ends early: {count} more bytes wanted, {} left", rest.len()))?;
        self.at += count;
        Ok(taken)
    }

    /// The next `N` bytes, for a number.
    pub(crate) fn array<const N: usize>(&mut self) -> Parse<[u8; N]> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| "ends early".to_owned())
    }

    pub(crate) fn byte(&mut self) -> Parse<u8> {
        Ok(self.array::<1>()?[0])
    }

    /// `count` bytes of UTF-8.
    pub(crate) fn text(&mut self, count: usize) -> Parse<&'a str> {
        let taken = self.take(count)?;
        std::str::from_utf8(taken).map_err(|_| "text that is not UTF-8".to_owned())
    }

    /// Text up to the next line feed, which is skipped.
    pub(crate) fn line(&mut self) -> Parse<&'a str> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().take(LINE_BYTES + 1).position(|&b| b == b'\n');
        let end = end.ok_or_else(|| format!("a line without end, or above {LINE_BYTES} bytes"))?;
        let line = self.text(end)?;
        self.at += 1;
        Ok(line)
    }
}
