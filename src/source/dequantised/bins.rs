//! [`Levels`]: the levels of a picture, and the picture shown from them.

use crate::contract::Hint;
use crate::degradation::Bits;
use crate::frame::{Picture, Planar8};

/// The levels of a picture `[channels, height, width]`, each in 0..2^bits.
#[derive(Clone, Debug, PartialEq)]
pub struct Levels {
    /// Bits per channel.
    pub bits: Bits,
    /// Number of planes.
    pub channels: usize,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// One level per sample, rows packed, planes one after another.
    pub data: Vec<u8>,
}

impl Levels {
    /// The levels of `picture`, nominally in `[-1, 1]`; samples beyond belong to the outermost
    /// level.
    ///
    /// The published rule: the sample in 8-bit units, truncated to an integer, over the step,
    /// truncated again. In f32 a sample that was made of an integer may fall just below it.
    pub fn of(picture: &Picture, bits: Bits) -> Self {
        let level = |&x: &f32| {
            // The cast saturates, so what is beyond the range goes to its ends.
            let byte = ((x + 1.0) / 2.0 * 255.0) as u8;
            byte / bits.step()
        };
        Self {
            bits,
            channels: picture.channels,
            width: picture.width,
            height: picture.height,
            data: picture.data.iter().map(level).collect(),
        }
    }

    /// The levels of an 8-bit picture without subsampling, grown to `width` x `height` by
    /// repeating its last column and row; grey becomes three equal planes.
    ///
    /// Wherever in its bin a level is shown (at its floor, its centre, or with the whole range
    /// stretched to 0..255), it is recognised.
    pub fn of_bytes(picture: &Planar8, bits: Bits, width: usize, height: usize) -> Self {
        let mut data = Vec::with_capacity(3 * width * height);
        for c in 0..3 {
            let plane = &picture.planes[c.min(picture.planes.len() - 1)];
            for y in 0..height {
                let row = &plane.data[y.min(plane.height - 1) * plane.width..][..plane.width];
                data.extend((0..width).map(|x| row[x.min(plane.width - 1)] / bits.step()));
            }
        }
        Self {
            bits,
            channels: 3,
            width,
            height,
            data,
        }
    }

    /// The picture shown at the floor of each bin, as the published operator shows it:
    /// level / (255 / step) in `[0, 1]`, then stretched to `[-1, 1]`.
    pub fn at_floor(&self) -> Picture {
        self.shown(|level| floor(level, self.bits))
    }

    /// The picture shown at the centre of each bin: the best guess without a prior.
    pub fn at_centre(&self) -> Picture {
        self.shown(|level| {
            let (low, high) = bounds(level, self.bits);
            0.5 * (low + high)
        })
    }

    /// Where samplers begin: the picture at the centres of the bins. It has no tables, and is
    /// not given to priors as a hint.
    pub fn hint(&self) -> Hint {
        Hint {
            decoded: self.at_centre(),
            luma: [1; 64],
            chroma: [1; 64],
            subsampling: (1, 1),
        }
    }

    fn shown(&self, value: impl Fn(u8) -> f32) -> Picture {
        let mut out = Picture::new(self.channels, self.width, self.height);
        for (x, &level) in out.data.iter_mut().zip(&self.data) {
            *x = value(level);
        }
        out
    }
}

/// The published value of `level`, in `[-1, 1]`.
pub(crate) fn floor(level: u8, bits: Bits) -> f32 {
    f32::from(level) / (255.0 / f32::from(bits.step())) * 2.0 - 1.0
}

/// The first and the last byte that have `level`, in `[-1, 1]`: a restored 8-bit picture
/// inside these bounds has the levels that were seen.
pub(crate) fn bounds(level: u8, bits: Bits) -> (f32, f32) {
    let first = f32::from(level) * f32::from(bits.step());
    let to_range = |byte: f32| byte / 127.5 - 1.0;
    (
        to_range(first),
        to_range(first + f32::from(bits.step()) - 1.0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::PixelModel;

    #[test]
    fn a_level_is_told_wherever_in_its_bin_it_is_shown() {
        for bits in 2..=8 {
            let bits = Bits::new(bits).unwrap();
            let step = u32::from(bits.step());
            let top = 255 / step;
            for level in 0..=top {
                let shown = [level * step, level * step + step / 2, level * 255 / top];
                for byte in shown {
                    let mut picture = Planar8::new(PixelModel::Grey, 1, 1, (1, 1));
                    picture.planes[0].data[0] = byte as u8;
                    let found = Levels::of_bytes(&picture, bits, 1, 1);
                    assert_eq!(found.data, [level as u8; 3], "{bits:?}, {byte}");
                }
            }
        }
    }

    #[test]
    fn samples_out_of_range_have_the_outermost_levels() {
        let picture = Picture::from_data(1, 4, 1, vec![-7.0, -1.0, 1.0, 7.0]).unwrap();
        assert_eq!(Levels::of(&picture, Bits::PUBLISHED).data, [0, 0, 7, 7]);
    }

    /// Step 32: 64 is the floor of level 2, 79.5 its centre; f32 rounds at 1e-7.
    #[test]
    fn a_level_is_shown_at_its_floor_or_centre() {
        let picture = Picture::from_data(1, 1, 1, vec![70.0 / 127.5 - 1.0]).unwrap();
        let levels = Levels::of(&picture, Bits::PUBLISHED);
        let byte = |picture: Picture| 127.5 * (picture.data[0] + 1.0);
        assert!((byte(levels.at_floor()) - 64.0).abs() < 1e-4);
        assert!((byte(levels.at_centre()) - 79.5).abs() < 1e-4);
    }

    #[test]
    fn growing_repeats_the_edge() {
        let mut picture = Planar8::new(PixelModel::Rgb, 2, 1, (1, 1));
        picture.planes[1].data = vec![32, 64];
        let levels = Levels::of_bytes(&picture, Bits::PUBLISHED, 3, 2);
        assert_eq!(levels.data[6..12], [1, 2, 2, 1, 2, 2]);
    }
}
