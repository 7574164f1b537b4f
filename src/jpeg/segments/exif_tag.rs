//! The orientation in a block of EXIF. Called by `markers`.

use std::borrow::Cow;

/// Numbers of the tag, and of the types of its value.
const ORIENTATION: u16 = 0x0112;
const SHORT: u16 = 3;
const LONG: u16 = 4;

/// `exif` with an orientation that is a number of 16 bits, as EXIF wants it. Some editors write 32
/// bits, which readers of EXIF take as well, and others do not.
pub(crate) fn short_orientation(exif: &[u8]) -> Cow<'_, [u8]> {
    match rewritten(exif) {
        Some(bytes) => Cow::Owned(bytes),
        None => Cow::Borrowed(exif),
    }
}

fn rewritten(exif: &[u8]) -> Option<Vec<u8>> {
    let little = match exif.get(..2)? {
        b"II" => true,
        b"MM" => false,
        _ => return None,
    };
    let u16_of = |bytes: [u8; 2]| match little {
        true => u16::from_le_bytes(bytes),
        false => u16::from_be_bytes(bytes),
    };
    let u32_of = |bytes: [u8; 4]| match little {
        true => u32::from_le_bytes(bytes),
        false => u32::from_be_bytes(bytes),
    };
    let first = u32_of(exif.get(4..8)?.try_into().ok()?) as usize;
    let count = u16_of(exif.get(first..first.checked_add(2)?)?.try_into().ok()?);
    let entries = exif.get(first + 2..)?.chunks_exact(12).take(count.into());
    for (n, entry) in entries.enumerate() {
        let short = |at: usize| u16_of([entry[at], entry[at + 1]]);
        let long = |at: usize| u32_of([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]);
        if short(0) == ORIENTATION && short(2) == LONG && long(4) == 1 {
            let value = u16::try_from(long(8)).ok()?;
            let ([kind, value], at) = (
                [SHORT, value].map(|n| bytes_of(n, little)),
                first + 2 + 12 * n,
            );
            let mut out = exif.to_vec();
            out.get_mut(at + 2..at + 4)?.copy_from_slice(&kind);
            out.get_mut(at + 8..at + 12)?
                .copy_from_slice(&[value[0], value[1], 0, 0]);
            return Some(out);
        }
    }
    None
}

fn bytes_of(number: u16, little: bool) -> [u8; 2] {
    match little {
        true => number.to_le_bytes(),
        false => number.to_be_bytes(),
    }
}
