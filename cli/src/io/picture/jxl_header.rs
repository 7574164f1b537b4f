//! The header of a JPEG XL codestream (ISO 18181-1, annexes D and E): size, depth, orientation and
//! colour. zune-jpegxl writes one without orientation and profile; `jxl` puts this in its place.

use crate::io::picture::jxl_profile;

/// What a header says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Header<'a> {
    pub width: u32,
    pub height: u32,
    /// 16 bits a sample, not 8.
    pub sixteen: bool,
    pub grey: bool,
    /// As in EXIF; 0 and 1 are upright.
    pub orientation: u8,
    pub icc: Option<&'a [u8]>,
}

impl Header<'_> {
    /// The bytes before the first frame.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bits = Bits::default();
        bits.put(16, 0x0AFF);
        self.put_size(&mut bits);
        bits.put(1, 0); // not all default
        let turned = self.orientation > 1;
        bits.put(1, turned.into());
        if turned {
            bits.put(3, u64::from(self.orientation) - 1);
            bits.put(3, 0); // no intrinsic size, no preview, no animation
        }
        bits.put(1, 0); // whole numbers
        match self.sixteen {
            true => bits.put(8, 3 | 15 << 2),
            false => bits.put(2, 0),
        }
        bits.put(1, (!self.sixteen).into()); // 16 bits with a sign are enough
        bits.put(2, 0); // no further channels
        bits.put(1, 0); // not XYB
        self.put_colour(&mut bits);
        if turned {
            bits.put(1, 1); // the usual tone mapping
        }
        bits.put(2, 0); // no extensions
        bits.put(1, 1); // the usual transforms
        if let Some(icc) = self.icc {
            jxl_profile::put(&mut bits, icc);
        }
        bits.bytes
    }

    fn put_size(&self, bits: &mut Bits) {
        bits.put(1, 0); // any size
        put_length(bits, self.height);
        bits.put(3, 0); // no fixed ratio
        put_length(bits, self.width);
    }

    fn put_colour(&self, bits: &mut Bits) {
        let space = u64::from(self.grey);
        match (self.icc.is_some(), self.grey) {
            (true, _) => bits.put(4, 0b10 | space << 2),
            (false, false) => bits.put(1, 1), // sRGB
            (false, true) => {
                bits.put(4, space << 2);
                bits.put(2, 1); // D65
                bits.put(1, 0); // no exponent
                bits.put(6, 2 | 11 << 2); // the curve of sRGB
                bits.put(2, 1); // relative colorimetric
            }
        }
    }
}

fn put_length(bits: &mut Bits, pixels: u32) {
    const LENGTHS: [u32; 4] = [9, 13, 18, 30];
    let less = u64::from(pixels.saturating_sub(1));
    let fits = LENGTHS.iter().position(|&length| less >> length == 0);
    let kind = fits.unwrap_or(LENGTHS.len() - 1);
    bits.put(2, kind as u64);
    bits.put(LENGTHS[kind], less);
}

/// Bits in bytes, the lowest first; the last byte is filled with 0.
#[derive(Default)]
pub struct Bits {
    bytes: Vec<u8>,
    used: usize,
}

impl Bits {
    /// Appends the lowest `count` bits of `value`.
    pub fn put(&mut self, count: u32, value: u64) {
        for i in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let bit = (value >> i & 1) as u8;
            self.bytes[self.used / 8] |= bit << (self.used % 8);
            self.used += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bare header of 300x2 pixels, bit by bit as the standard lists them.
    #[test]
    fn a_header_is_that_of_the_standard() {
        let header = Header {
            width: 300,
            height: 2,
            ..Header::default()
        };
        let fields = [
            ("1111111101010000", "FF 0A, the lowest bit first"),
            ("0 00 100000000 000", "height: 9 bits of 2 - 1, no ratio"),
            ("00 110101001", "width: 9 bits of 300 - 1"),
            ("0 0 0 00 1 00 0", "8 bits, nothing else"),
            ("1 00 1", "sRGB, no extension, usual transforms"),
        ];
        let wanted: String = fields.iter().map(|(bits, _)| *bits).collect();
        let wanted: Vec<_> = wanted.bytes().filter(|bit| *bit != b' ').collect();
        let found = header.bytes();
        let bit = |i: usize| b'0' + (found[i / 8] >> (i % 8) & 1);
        let found: Vec<_> = (0..8 * found.len()).map(bit).collect();
        assert_eq!(found[..wanted.len()], wanted);
        assert!(found[wanted.len()..].iter().all(|bit| *bit == b'0'));
    }
}
