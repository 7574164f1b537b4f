//! Samples of more than 8 bits, between the words of a video frame and the 16 bits of the core.
//!
//! Bits are repeated when a sample grows to 16, as GStreamer's converters do it: its upper byte is
//! the 8-bit level that it was made from. To fewer bits the nearest is taken. Called by `planes`.

use gst_video::{VideoFormat, VideoFormatFlags, VideoFormatInfo};

/// How a component's samples are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// The lower byte comes first.
    pub little_endian: bool,
    /// Unused bits below the sample.
    pub shift: u32,
    /// Bits of a sample, 9 to 16.
    pub depth: u32,
    /// Whether the samples are chroma, whose zero is the middle.
    pub chroma: bool,
}

impl Word {
    /// Of component `c` of a format; `None` if its samples are bytes.
    pub fn of(info: &VideoFormatInfo, c: usize) -> Option<Self> {
        let depth = *info.depth().get(c)?;
        // Of the machine's own order by its definition.
        let native = info.format() == VideoFormat::Argb64 && cfg!(target_endian = "little");
        (depth > 8).then(|| Self {
            little_endian: native || info.flags().contains(VideoFormatFlags::LE),
            shift: info.shift()[c],
            depth,
            chroma: info.is_yuv() && c > 0,
        })
    }

    /// The sample in `bytes`, in 16 bits.
    pub fn widened(self, bytes: [u8; 2]) -> u16 {
        let word = match self.little_endian {
            true => u16::from_le_bytes(bytes),
            false => u16::from_be_bytes(bytes),
        };
        let sample = u32::from(word >> self.shift) & self.most();
        let widened = sample << (16 - self.depth) | sample >> (2 * self.depth - 16);
        widened as u16
    }

    /// `sample` of 16 bits, in its bytes.
    pub fn narrowed(self, sample: u16) -> [u8; 2] {
        let (zero, middle) = match self.chroma {
            true => (32_768, 1 << (self.depth - 1)),
            false => (0, 0),
        };
        let most = i64::from(self.most());
        let scaled = (i64::from(sample) - zero) * most;
        // The nearest; `div_euclid` rounds down on both sides of the middle. Chroma that was widened
        // by repeating its bits lies up to 0.53 above where it was, and must come back.
        let half = if self.chroma { 46 } else { 50 };
        let nearest = middle + (100 * scaled + half * 65_535).div_euclid(100 * 65_535);
        let word = (nearest.clamp(0, most) as u16) << self.shift;
        match self.little_endian {
            true => word.to_le_bytes(),
            false => word.to_be_bytes(),
        }
    }

    /// The largest sample.
    fn most(self) -> u32 {
        (1 << self.depth) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P010: 10 bits above 6 unused ones.
    const P010: Word = Word {
        little_endian: true,
        shift: 6,
        depth: 10,
        chroma: false,
    };

    #[test]
    fn every_sample_comes_back() {
        for (depth, shift) in [(10, 6), (10, 0), (12, 4), (16, 0)] {
            for (chroma, little_endian) in [(false, true), (true, false)] {
                let word = Word {
                    little_endian,
                    shift,
                    depth,
                    chroma,
                };
                for sample in 0..1u32 << depth {
                    let stored = (sample as u16) << shift;
                    let bytes = match little_endian {
                        true => stored.to_le_bytes(),
                        false => stored.to_be_bytes(),
                    };
                    let back = word.narrowed(word.widened(bytes));
                    assert_eq!(back, bytes, "{sample} in {word:?}");
                }
            }
        }
    }

    #[test]
    fn black_white_and_no_colour_are_where_they_belong() {
        let bytes = |word: Word, sample: u16| u16::from_le_bytes(word.narrowed(sample)) >> 6;
        assert_eq!([0, 65_535].map(|sample| bytes(P010, sample)), [0, 1023]);
        let chroma = Word {
            chroma: true,
            ..P010
        };
        let samples = [0, 32_768, 65_535].map(|sample| bytes(chroma, sample));
        assert_eq!(samples, [0, 512, 1023]);
    }

    /// What a converter made of a byte, by repeated bits or by zeros below it.
    #[test]
    fn the_upper_byte_is_the_level_that_a_sample_was_made_from() {
        for level in 0..=255u16 {
            for sample in [level << 2 | level >> 6, level << 2] {
                let wide = P010.widened((sample << 6).to_le_bytes());
                assert_eq!(wide >> 8, level);
            }
        }
    }
}
