//! Zip archives that are damaged, or of kinds that torch does not write.

use super::Case;
use crate::checkpoint_files::archive::{ZipEntry, torch_entries, torch_zip, zip};
use crate::checkpoint_files::f32_bytes;
use crate::checkpoint_files::pickle::{dict, legacy_storage, tensor, vector};

/// A sound archive's entries, with one of them spoilt.
fn spoilt(which: usize, spoil: impl Fn(&mut ZipEntry)) -> Vec<u8> {
    let mut entries = torch_entries(
        &dict(&[("w", vector("0", 2))]),
        &[("0", f32_bytes(&[1.0, 2.0]))],
    );
    spoil(&mut entries[which]);
    zip(&entries, false)
}

fn end_field(at_from_end: usize, value: &[u8]) -> Vec<u8> {
    let mut bytes = spoilt(0, |_| {});
    let at = bytes.len() - at_from_end;
    bytes[at..][..value.len()].copy_from_slice(value);
    bytes
}

pub fn zips() -> Vec<Case> {
    let mut twice = torch_entries(
        &dict(&[("w", vector("0", 2))]),
        &[("0", f32_bytes(&[1.0, 2.0]))],
    );
    twice.push(twice[3].clone());
    let no_end = spoilt(0, |_| {});
    let no_end = no_end[..no_end.len() - 22].to_vec();
    let mut wide = zip(
        &torch_entries(&dict(&[("w", vector("0", 1))]), &[("0", f32_bytes(&[1.0]))]),
        true,
    );
    let locator = wide.len() - 22 - 20;
    wide[locator + 8..][..8].copy_from_slice(&u64::MAX.to_le_bytes());
    // rawzip itself would read on.
    let shifted = [b"PK\x03\x04 and more".to_vec(), spoilt(0, |_| {})].concat();
    let followed = [spoilt(0, |_| {}), vec![0]].concat();
    vec![
        (
            "a compressed pickle",
            spoilt(0, |e| e.method = 8),
            "compressed (deflate)",
        ),
        (
            "a compressed storage",
            spoilt(3, |e| e.method = 14),
            "compressed (method 14)",
        ),
        (
            "an encrypted storage",
            spoilt(3, |e| e.flags = 1),
            "encrypted",
        ),
        (
            "an entry of 4 GB",
            spoilt(3, |e| e.size = Some(0xffff_fffe)),
            "reaches beyond the file",
        ),
        (
            "an entry without zip64 sizes",
            spoilt(3, |e| e.size = Some(0xffff_ffff)),
            "reaches beyond the file",
        ),
        (
            "an entry outside",
            spoilt(3, |e| e.start = Some(1 << 30)),
            "has no local header",
        ),
        (
            "an entry at another's header",
            spoilt(3, |e| e.start = Some(0)),
            "another name in its local header",
        ),
        (
            "entries that overlap",
            spoilt(0, |e| e.size = Some(300)),
            "overlap",
        ),
        (
            "another name inside",
            spoilt(3, |e| e.local_name = "net/data/1".to_owned()),
            "another name",
        ),
        (
            "the same name twice",
            zip(&twice, false),
            "two zip entries are named",
        ),
        (
            "no pickle",
            spoilt(0, |e| {
                (e.name, e.local_name) = ("net/x".into(), "net/x".into())
            }),
            "without data.pkl",
        ),
        (
            "two pickles",
            spoilt(1, |e| {
                (e.name, e.local_name) = ("data.pkl".into(), "data.pkl".into())
            }),
            "more than one data.pkl",
        ),
        (
            "TorchScript",
            spoilt(2, |e| {
                (e.name, e.local_name) = ("net/code/a.py".into(), "net/code/a.py".into())
            }),
            "holds code",
        ),
        (
            "big-endian",
            spoilt(1, |e| e.data = b"big".to_vec()),
            "byteorder",
        ),
        ("no end record", no_end, "cut short"),
        (
            "a directory outside the file",
            end_field(6, &[0xf0; 4]),
            "outside the file",
        ),
        (
            "a directory elsewhere",
            end_field(6, &[0; 4]),
            "damaged or cut",
        ),
        (
            "more entries than there are",
            end_field(12, &[9, 0]),
            "damaged or cut",
        ),
        (
            "parts on other disks",
            end_field(18, &[1, 0]),
            "several parts",
        ),
        ("a zip64 record outside", wide, "outside the file"),
        ("bytes in front", shifted, "damaged or cut"),
        ("bytes behind", followed, "goes on behind"),
        (
            "nothing but a signature",
            b"PK\x03\x04".to_vec(),
            "cut short",
        ),
        (
            "storages in a view",
            torch_zip(
                &dict(&[(
                    "w",
                    tensor(
                        legacy_storage("FloatStorage", "0", 2, Some((0, 1))),
                        0,
                        &[1],
                        &[1],
                    ),
                )]),
                &[("0", f32_bytes(&[1.0, 2.0]))],
            ),
            "is a view",
        ),
    ]
}
