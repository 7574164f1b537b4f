//! Numbers, texts and samples as bytes, little-endian. What is read is bounded: lengths by a limit,
//! and memory is taken as bytes arrive, never for a length alone.

use std::io;
use std::io::{Read, Write};

/// Samples that are turned into bytes at once.
const CHUNK: usize = 16 * 1024;

/// What cannot be meant.
pub fn nonsense(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

/// A short message that is being put together.
#[derive(Default)]
pub struct Writer(pub Vec<u8>);

impl Writer {
    pub fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub fn u16(&mut self, value: u16) {
        self.0.extend(value.to_le_bytes());
    }

    pub fn u32(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    pub fn u64(&mut self, value: u64) {
        self.0.extend(value.to_le_bytes());
    }

    pub fn f64(&mut self, value: f64) {
        self.0.extend(value.to_le_bytes());
    }

    /// A text, after its length in bytes.
    pub fn text(&mut self, text: &str) {
        self.u64(text.len() as u64);
        self.0.extend(text.as_bytes());
    }

    /// Whether there is a value, and `put` for it.
    pub fn option<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Self, T)) {
        self.u8(value.is_some().into());
        if let Some(value) = value {
            put(self, value);
        }
    }
}

/// A short message that is being taken apart.
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> io::Result<&'a [u8]> {
        let parts = self.0.split_at_checked(count);
        let (part, rest) = parts.ok_or_else(|| nonsense("a message ends too soon"))?;
        self.0 = rest;
        Ok(part)
    }

    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let part = self.take(N)?;
        part.try_into()
            .map_err(|_| nonsense("a message ends too soon"))
    }

    pub fn u8(&mut self) -> io::Result<u8> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub fn u16(&mut self) -> io::Result<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub fn u32(&mut self) -> io::Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub fn u64(&mut self) -> io::Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub fn f64(&mut self) -> io::Result<f64> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    /// A number of at most `most`; `what` names it where it is larger.
    pub fn count(&mut self, what: &str, most: usize) -> io::Result<usize> {
        let count = self.u64()?;
        match usize::try_from(count) {
            Ok(count) if count <= most => Ok(count),
            _ => Err(nonsense(format!("{what} {count}: must be at most {most}"))),
        }
    }

    pub fn text(&mut self) -> io::Result<String> {
        let bytes = self.count("the length of a text", self.0.len())?;
        let text = String::from_utf8(self.take(bytes)?.to_vec());
        text.map_err(|_| nonsense("a text is not UTF-8"))
    }

    pub fn option<T>(
        &mut self,
        take: impl FnOnce(&mut Self) -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        match self.u8()? {
            0 => Ok(None),
            1 => take(self).map(Some),
            other => Err(nonsense(format!("{other} where 0 or 1 should be"))),
        }
    }

    /// Nothing may be left.
    pub fn end(self) -> io::Result<()> {
        match self.0.len() {
            0 => Ok(()),
            more => Err(nonsense(format!("{more} bytes too many in a message"))),
        }
    }
}

/// `bytes` bytes.
pub fn read_bytes(from: &mut impl Read, bytes: usize) -> io::Result<Vec<u8>> {
    let mut found = Vec::new();
    from.take(bytes as u64).read_to_end(&mut found)?;
    match found.len() == bytes {
        true => Ok(found),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

pub fn write_samples(to: &mut impl Write, samples: &[f32]) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(4 * CHUNK.min(samples.len()));
    for chunk in samples.chunks(CHUNK) {
        bytes.clear();
        bytes.extend(chunk.iter().flat_map(|sample| sample.to_le_bytes()));
        to.write_all(&bytes)?;
    }
    Ok(())
}

/// `count` samples.
pub fn read_samples(from: &mut impl Read, count: usize) -> io::Result<Vec<f32>> {
    let mut samples = Vec::new();
    let mut bytes = [0; 4 * CHUNK];
    while samples.len() < count {
        let part = &mut bytes[..4 * CHUNK.min(count - samples.len())];
        from.read_exact(part)?;
        let (words, _) = part.as_chunks::<4>();
        samples.extend(words.iter().map(|&word| f32::from_le_bytes(word)));
    }
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut writer = Writer::default();
        writer.text("σ");
        writer.option(Some(1.5), Writer::f64);
        writer.option(None::<u64>, Writer::u64);
        writer.u16(7);
        let mut reader = Reader(&writer.0);
        assert_eq!(reader.text().unwrap(), "σ");
        assert_eq!(reader.option(Reader::f64).unwrap(), Some(1.5));
        assert_eq!(reader.option(Reader::u64).unwrap(), None);
        assert_eq!(reader.u16().unwrap(), 7);
        reader.end().unwrap();
        let samples: Vec<f32> = (0..CHUNK + 3).map(|i| i as f32).collect();
        let mut bytes = Vec::new();
        write_samples(&mut bytes, &samples).unwrap();
        assert_eq!(
            read_samples(&mut &bytes[..], samples.len()).unwrap(),
            samples
        );
    }

    #[test]
    fn lengths_that_cannot_be_meant_are_refused_without_memory_for_them() {
        let huge = u64::MAX.to_le_bytes();
        assert!(Reader(&huge).text().is_err());
        assert!(Reader(&[2]).option(Reader::u8).is_err());
        assert!(read_samples(&mut &huge[..], usize::MAX).is_err());
        assert!(read_bytes(&mut &huge[..], usize::MAX / 2).is_err());
    }
}
