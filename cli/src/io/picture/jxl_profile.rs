//! An ICC profile as part of a JPEG XL header (ISO 18181-1, annex E.4), whole and uncompressed:
//! each byte takes 8 bits, and the profile is one command, "insert". Most are half a kilobyte.

use crate::io::picture::jxl_header::Bits;

/// The length of a profile's own header, whose bytes are stored as differences.
const HEAD: usize = 128;

/// Appends `icc` as a stream of bytes.
pub fn put(bits: &mut Bits, icc: &[u8]) {
    let bytes = commands(icc);
    put_u64(bits, bytes.len() as u64);
    put_code_of_bytes(bits);
    for byte in bytes {
        bits.put(8, byte.reverse_bits().into());
    }
}

/// A prefix code in which each of 256 symbols has 8 bits, for all contexts.
fn put_code_of_bytes(bits: &mut Bits) {
    bits.put(1, 0); // no repetitions (LZ77)
    bits.put(3, 1); // all contexts are one
    bits.put(1, 1); // a prefix code
    bits.put(4, 15); // a symbol is the number
    bits.put(12, 1 | 7 << 1 | (255 - 128) << 5); // 255 + 1 symbols
    bits.put(2, 0); // their lengths, by the code of Brotli:
    bits.put(20, 0); // none has any of the ten lengths that come first,
    bits.put(2, 2); // all have the next, which is 8,
    bits.put(14, 0); // and none the other seven
}

/// U64 of the standard.
fn put_u64(bits: &mut Bits, value: u64) {
    bits.put(2, 3);
    bits.put(12, value);
    let mut rest = value >> 12;
    while rest > 0 {
        bits.put(1, 1);
        bits.put(8, rest);
        rest >>= 8;
    }
    bits.put(1, 0);
}

/// The length of `icc`, that of the commands, the commands, and the bytes that they are about.
fn commands(icc: &[u8]) -> Vec<u8> {
    let (head, rest) = icc.split_at(icc.len().min(HEAD));
    let mut commands = Vec::new();
    if !rest.is_empty() {
        commands.extend([0, 1]); // no table of tags; insert
        commands.extend(varint(rest.len()));
    }
    let mut out = varint(icc.len());
    out.extend(varint(commands.len()));
    out.extend(commands);
    let guesses = (0..head.len()).map(|at| guess(icc, at));
    out.extend(
        head.iter()
            .zip(guesses)
            .map(|(byte, guess)| byte.wrapping_sub(guess)),
    );
    out.extend(rest);
    out
}

/// Seven bits in each byte, the lowest first; the highest bit says that more follow.
fn varint(mut value: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while value > 0x7F {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// What a decoder expects at a place of the header, by what comes before it.
fn guess(icc: &[u8], at: usize) -> u8 {
    let usual = |from: usize, bytes: &[u8]| bytes.get(at.wrapping_sub(from)).copied();
    let vendor: &[u8] = match icc.get(40..at) {
        Some([b'A', ..]) => b"APPL",
        Some([b'M', ..]) => b"MSFT",
        Some([b'S', b'G', ..]) => b"SGI ",
        Some([b'S', b'U', ..]) => b"SUNW",
        _ => &[],
    };
    let found = match at {
        0..=3 => usual(0, &(icc.len() as u32).to_be_bytes()),
        8 => Some(4),
        12..=23 => usual(12, b"mntrRGB XYZ "),
        36..=39 => usual(36, b"acsp"),
        41..=43 => usual(40, vendor),
        68..=79 => usual(68, &[0, 0, 0xF6, 0xD6, 0, 1, 0, 0, 0, 0, 0xD3, 0x2D]),
        80..=83 => icc.get(at - 76).copied(),
        _ => None,
    };
    found.unwrap_or(0)
}
