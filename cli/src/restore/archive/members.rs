//! The members of an archive in their order, as pieces of bytes that pass and pictures that are to
//! be restored.
//!
//! Nothing is unpacked, and no name is used as a path. At most one picture and a piece are held.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};

use anyhow::{Context, Result, bail};
use tar::{Archive, Entry};

use crate::restore::archive::head::{self, BLOCK, Extension, Head};

/// Most bytes of content in one piece.
const PIECE: u64 = 1 << 20;

/// Most bytes of headers that extend the header of one member.
const EXTENSIONS: u64 = 1 << 20;

/// How many names of one sample are remembered.
const NAMES: usize = 10_000;

/// How compressed files begin, and the programs that read them.
const COMPRESSED: [(&[u8], &str); 4] = [
    (b"\x1f\x8b", "zcat"),
    (b"\x28\xb5\x2f\xfd", "zstdcat"),
    (b"\xfd7zXZ", "xzcat"),
    (b"BZh", "bzcat"),
];

/// A part of an archive.
pub enum Piece {
    /// Blocks that pass as they are.
    Blocks(Vec<u8>),
    /// A picture.
    Picture(Box<Head>, Vec<u8>),
    /// A member that should be a picture and cannot be: its name, and why. Its blocks follow.
    Refused(String, String),
}

/// What is wanted of an archive.
pub struct Wish<'a> {
    /// The extensions of pictures.
    pub pictures: &'a [&'a str],
    /// The extension of their results.
    pub result: &'a str,
    /// Most bytes of a picture.
    pub limit: u64,
}

/// Gives every piece of the archive that `reader` reads, until `give` wants no more. Returns
/// whether something follows the archive's end.
///
/// # Errors
/// If it is not an archive, ends early, or contradicts itself.
pub fn walk(reader: impl Read, wish: &Wish<'_>, give: &dyn Fn(Piece) -> bool) -> Result<bool> {
    let reader = uncompressed(BufReader::with_capacity(1 << 16, reader))?;
    let mut archive = Archive::new(Counted { reader, bytes: 0 });
    let mut walk = Walk {
        wish,
        give,
        pending: Vec::new(),
        sample: Sample::default(),
        wanted: true,
    };
    let mut end = 0;
    for entry in archive.entries()?.raw(true) {
        let entry = entry.with_context(|| match end {
            0 => "not a tar archive".to_owned(),
            _ => format!("damaged after {end} bytes"),
        })?;
        let (begin, size) = (entry.raw_file_position(), entry.size());
        walk.entry(entry)?;
        if !walk.wanted {
            return Ok(false);
        }
        end = begin.saturating_add(size.next_multiple_of(BLOCK as u64));
    }
    let mut rest = archive.into_inner();
    if rest.bytes <= end {
        bail!("ends after {end} bytes without the mark of its end: is it truncated?");
    }
    walk.end()?;
    Ok(rest.has_more()?)
}

struct Walk<'a> {
    wish: &'a Wish<'a>,
    give: &'a dyn Fn(Piece) -> bool,
    /// Headers that extend that of the next member.
    pending: Vec<Extension>,
    sample: Sample,
    /// Whether more pieces are wanted.
    wanted: bool,
}

impl Walk<'_> {
    fn entry(&mut self, entry: Entry<'_, impl Read>) -> Result<()> {
        let kind = entry.header().entry_type();
        let describes = kind.is_gnu_longname()
            || kind.is_gnu_longlink()
            || kind.is_pax_local_extensions()
            || kind.is_pax_global_extensions();
        if describes {
            return self.extension(entry);
        }
        let head = Head {
            extensions: std::mem::take(&mut self.pending),
            header: entry.header().clone(),
        };
        let name = head.shown();
        self.member(head, entry).context(name)
    }

    /// Keeps a header that extends the next one.
    fn extension(&mut self, entry: Entry<'_, impl Read>) -> Result<()> {
        let (kind, size) = (entry.header().entry_type(), entry.size());
        let kept = self.pending.iter().map(|old| old.data.len() as u64);
        if kept.sum::<u64>().saturating_add(size) > EXTENSIONS {
            bail!("extended headers of more than {EXTENSIONS} bytes");
        }
        let mut twice = self.pending.iter();
        if twice.any(|old| old.header.entry_type() == kind) {
            bail!("two extended headers of one kind for one member");
        }
        let header = entry.header().clone();
        let data = content(entry).context("an extended header")?;
        let extension = Extension { header, data };
        if kind.is_pax_global_extensions() {
            extension.check_global()?;
        }
        self.pending.push(extension);
        Ok(())
    }

    fn member(&mut self, head: Head, entry: Entry<'_, impl Read>) -> Result<()> {
        let size = entry.size();
        head.check(size)?;
        if head.is_extended_sparse() {
            bail!("a sparse file in more than four parts: not supported");
        }
        let Wish {
            pictures, result, ..
        } = *self.wish;
        let name = head.name()?;
        let new = head::renamed(&name, pictures, result);
        let is_picture = new.is_some();
        self.sample.add(name, new)?;
        match (is_picture, self.why_not(&head, size)?) {
            (false, _) => self.pass(&head, entry),
            (true, Some(why)) => {
                self.give(Piece::Refused(head.shown(), why));
                self.pass(&head, entry)
            }
            (true, None) => {
                let bytes = content(entry)?;
                self.give(Piece::Picture(Box::new(head), bytes));
                Ok(())
            }
        }
    }

    /// Why a member with the name of a picture cannot be one.
    fn why_not(&self, head: &Head, size: u64) -> Result<Option<String>> {
        let limit = self.wish.limit;
        Ok(match (head.is_file()?, size > limit) {
            (false, _) => Some("a link or another thing that is no plain file".into()),
            (true, true) => Some(format!("{size} bytes; at most {limit} are allowed")),
            (true, false) => None,
        })
    }

    /// A member whose blocks pass.
    fn pass(&mut self, head: &Head, mut entry: Entry<'_, impl Read>) -> Result<()> {
        let size = entry.size();
        let mut blocks = Vec::new();
        head.write(&mut blocks)?;
        let mut rest = size;
        loop {
            let read = (&mut entry).take(PIECE).read_to_end(&mut blocks)?;
            rest -= read as u64;
            if rest > 0 && read == 0 {
                bail!("ends after {} of {size} bytes", size - rest);
            }
            if rest == 0 {
                blocks.extend_from_slice(head::padding(size));
            }
            self.give(Piece::Blocks(std::mem::take(&mut blocks)));
            if rest == 0 || !self.wanted {
                return Ok(());
            }
        }
    }

    /// Passes headers that describe no member but the whole archive.
    fn end(&mut self) -> Result<()> {
        let mut blocks = Vec::new();
        for extension in self.pending.drain(..) {
            if !extension.header.entry_type().is_pax_global_extensions() {
                bail!("ends with the extended header of a member that is missing");
            }
            extension.write(&mut blocks)?;
        }
        if !blocks.is_empty() {
            self.give(Piece::Blocks(blocks));
        }
        Ok(())
    }

    fn give(&mut self, piece: Piece) {
        self.wanted = self.wanted && (self.give)(piece);
    }
}

/// All of a member's content.
fn content(mut entry: Entry<'_, impl Read>) -> Result<Vec<u8>> {
    let size = entry.size();
    // The size is a claim until the bytes have come.
    let mut bytes = Vec::with_capacity(size.min(PIECE) as usize);
    entry.read_to_end(&mut bytes)?;
    if bytes.len() as u64 != size {
        bail!("ends after {} of {size} bytes", bytes.len());
    }
    Ok(bytes)
}

/// The members of one sample so far: those whose names are the same up to the first dot.
#[derive(Default)]
struct Sample {
    key: Vec<u8>,
    /// Names in the result, and whether a picture was renamed to it.
    names: HashMap<Vec<u8>, bool>,
}

impl Sample {
    /// Adds a member that is renamed to `new`, if it is.
    ///
    /// # Errors
    /// If a picture would have the name of another member.
    fn add(&mut self, name: Vec<u8>, new: Option<Vec<u8>>) -> Result<()> {
        let key = key(&name);
        if key != self.key || self.names.len() > NAMES {
            self.key = key.to_vec();
            self.names.clear();
        }
        let renamed = new.is_some();
        let name = new.unwrap_or(name);
        let shown = String::from_utf8_lossy(&name).into_owned();
        match self.names.insert(name, renamed) {
            Some(before) if before || renamed => {
                bail!("two members of the sample would be {shown}: --format gives another name")
            }
            _ => Ok(()),
        }
    }
}

/// The key of the sample that a member belongs to, as WebDataset has it.
fn key(name: &[u8]) -> &[u8] {
    let folder = name.iter().rposition(|&byte| byte == b'/');
    let base = folder.map_or(0, |slash| slash + 1);
    let dot = name[base..].iter().position(|&byte| byte == b'.');
    &name[..dot.map_or(name.len(), |dot| base + dot)]
}

/// `reader`, if it begins as an archive does that is not compressed.
fn uncompressed<R: Read>(mut reader: BufReader<R>) -> Result<BufReader<R>> {
    let start = reader.fill_buf()?;
    if start.is_empty() {
        bail!("the file is empty");
    }
    let compressed = COMPRESSED
        .iter()
        .find(|(magic, _)| start.starts_with(magic));
    match compressed {
        None => Ok(reader),
        Some((_, program)) => bail!(
            "a compressed archive: {program} ARCHIVE | ddrmjpeg restore --tar - -o RESULT.tar"
        ),
    }
}

/// Counts what is read.
struct Counted<R> {
    reader: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.reader.read(into)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

impl<R: Read> Counted<R> {
    /// Reads to the end, and says whether anything but zeros came.
    fn has_more(&mut self) -> std::io::Result<bool> {
        let mut more = false;
        let mut buffer = [0; 1 << 15];
        loop {
            match self.reader.read(&mut buffer)? {
                0 => return Ok(more),
                read => more |= buffer[..read].iter().any(|&byte| byte != 0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As WebDataset's `^((?:.*/|)[^.]+)[.]([^/]*)$` has it.
    #[test]
    fn samples_are_told_apart_by_names_up_to_the_first_dot() {
        let of = |name: &'static str| std::str::from_utf8(key(name.as_bytes())).unwrap();
        let keys = ["a.jpg", "a.left.jpg", "x.y/a.jpg", "x/a", "x/"].map(of);
        assert_eq!(keys, ["a", "a", "x.y/a", "x/a", "x/"]);
    }

    #[test]
    fn a_sample_has_no_two_members_of_one_name() {
        let mut sample = Sample::default();
        let mut add = |name: &str, new: Option<&str>| {
            let bytes = |text: &str| text.as_bytes().to_vec();
            sample.add(bytes(name), new.map(bytes)).is_ok()
        };
        assert!(add("a.jpg", Some("a.png")) && add("a.txt", None) && add("a.txt", None));
        assert!(!add("a.png", None));
        assert!(add("b.png", None) && !add("b.jpg", Some("b.png")));
    }
}
