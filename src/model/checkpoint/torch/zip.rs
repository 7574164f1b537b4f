//! The part of the zip format that torch writes: stored entries, found by the central directory.
//!
//! rawzip reads the directory, and repairs what it can. This module refuses what torch does not
//! write: compressed or encrypted entries, headers that do not agree, bytes that belong to two
//! entries. Entries are slices of the file, so nothing is inflated and nothing can expand. Checksums
//! are not compared, because torch has an option to leave them out. Source: PKWARE's APPNOTE 6.3,
//! section 4.3.

use std::collections::BTreeMap;
use std::ops::Range;

use rawzip::{ZipArchive, ZipFileHeaderRecord, ZipSliceArchive};

use crate::model::checkpoint::Parse;
use crate::model::checkpoint::limits;
use crate::model::checkpoint::quote::quote;

/// Bytes of the end record: the numbers of two disks, and where the directory begins.
const END_DISKS: usize = 4;
const END_START: usize = 16;
/// A 32-bit field that says: see the zip64 record.
const SEE_ZIP64: u32 = u32::MAX;
const LOCAL_SIGNATURE: &[u8] = b"PK\x03\x04";
const DAMAGED: &str = "the zip directory is damaged or cut";

/// An archive in memory or mapped.
pub(crate) type Archive<'a> = ZipSliceArchive<&'a [u8]>;

/// Where the entries of an archive lie in its bytes, by name.
pub(crate) type Entries<'a> = BTreeMap<&'a str, Range<usize>>;

/// Finds the directory of the archive `bytes`.
///
/// # Errors
/// A sentence if there is none, or if it is not where the file says.
pub(crate) fn open(bytes: &[u8]) -> Parse<Archive<'_>> {
    let archive = ZipArchive::from_slice(bytes).map_err(|fault| {
        format!("the zip directory is missing or outside the file: cut short? ({fault})")
    })?;
    if archive.end_offset() != bytes.len() as u64 {
        return Err("the file goes on behind its zip archive".to_owned());
    }
    let end = usize::try_from(archive.eocd_offset()).map_err(|_| DAMAGED)?;
    let field = |at: usize| Some(u32::from_le_bytes(*bytes.get(end + at..)?.first_chunk()?));
    if !matches!(field(END_DISKS), Some(0 | SEE_ZIP64)) {
        return Err("a zip archive of several parts".to_owned());
    }
    match field(END_START) {
        Some(SEE_ZIP64) => Ok(archive),
        Some(start) if u64::from(start) == archive.directory_offset() => Ok(archive),
        _ => Err(DAMAGED.to_owned()),
    }
}

/// Reads the directory of `archive`.
///
/// # Errors
/// A sentence if the directory is damaged, names an entry twice, or holds entries that are
/// compressed, encrypted, overlapping or partly outside the file.
pub(crate) fn entries<'a>(archive: &'a Archive<'_>) -> Parse<Entries<'a>> {
    let count = archive.entries_hint();
    if count > limits::ZIP_ENTRIES as u64 {
        return Err(format!(
            "{count} zip entries, the limit is {}",
            limits::ZIP_ENTRIES
        ));
    }
    let mut entries = Entries::new();
    for record in archive.entries().take(limits::ZIP_ENTRIES) {
        let record = record.map_err(|_| DAMAGED)?;
        let name = std::str::from_utf8(record.file_path().as_bytes()).map_err(|_| DAMAGED)?;
        let range = range(archive, &record, name)?;
        if entries.insert(name, range).is_some() {
            return Err(format!("two zip entries are named {}", quote(name)));
        }
    }
    if entries.len() as u64 != count {
        return Err(DAMAGED.to_owned());
    }
    refuse_overlap(&entries)?;
    Ok(entries)
}

/// The bytes of an entry, after its local header, which must have the same name.
fn range(
    archive: &Archive<'_>,
    record: &ZipFileHeaderRecord<'_>,
    name: &str,
) -> Parse<Range<usize>> {
    let fault = |what: &str| Err(format!("zip entry {} {what}", quote(name)));
    if let Some(kind) = unread_kind(record) {
        return fault(&format!("is {kind}: only stored ones are read"));
    }
    let (full, stored) = (
        record.uncompressed_size_hint(),
        record.compressed_size_hint(),
    );
    if full != stored {
        return fault(&format!("has two sizes, {stored} and {full}"));
    }
    let start = usize::try_from(record.local_header_offset()).unwrap_or(usize::MAX);
    let header = archive.get_ref().get(start..).unwrap_or_default();
    if !header.starts_with(LOCAL_SIGNATURE) {
        return fault("has no local header");
    }
    let Ok(entry) = archive.get_entry(record.wayfinder()) else {
        return fault(&format!("of {stored} bytes reaches beyond the file"));
    };
    if entry.local_header().file_path().as_bytes() != name.as_bytes() {
        return fault("has another name in its local header");
    }
    let (start, end) = entry.compressed_data_range();
    Ok(start as usize..end as usize) // fits: the entry is in memory
}

fn unread_kind(record: &ZipFileHeaderRecord<'_>) -> Option<String> {
    match (
        record.flags().is_encrypted(),
        record.compression_method().as_u16(),
    ) {
        (false, 0) => None,
        (false, 8) => Some("compressed (deflate)".to_owned()),
        (false, other) => Some(format!("compressed (method {other})")),
        (true, _) => Some("encrypted".to_owned()),
    }
}

fn refuse_overlap(entries: &Entries<'_>) -> Parse<()> {
    let mut ranges: Vec<_> = entries
        .iter()
        .filter(|(_, range)| !range.is_empty())
        .collect();
    ranges.sort_by_key(|(_, range)| range.start);
    match ranges
        .windows(2)
        .find(|pair| pair[0].1.end > pair[1].1.start)
    {
        None => Ok(()),
        Some(pair) => Err(format!(
            "zip entries {} and {} overlap",
            quote(pair[0].0),
            quote(pair[1].0)
        )),
    }
}
