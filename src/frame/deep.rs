//! A [`Picture`] as samples of 16 bits, and turned.

use crate::frame::{Orientation, Picture};

impl Picture {
    /// The samples of all channels, pixel by pixel, in 16 bits: −1 is 0 and 1 is 65,535, what lies
    /// beyond is clipped. A sample that stands for the 8-bit level n becomes 257 n. Divided by 257 and
    /// rounded to the nearest, each is what the sample is in 8 bits.
    pub fn interleaved16(&self) -> Vec<u16> {
        let planes: Vec<_> = (0..self.channels).map(|c| self.plane(c)).collect();
        let pixels = (0..self.plane_len()).flat_map(|i| planes.iter().map(move |plane| plane[i]));
        pixels.map(to_16_bits).collect()
    }

    /// The picture, each channel turned.
    pub fn turned(&self, orientation: Orientation) -> Self {
        let (width, height) = orientation.size((self.width, self.height));
        let mut out = Self::new(self.channels, width, height);
        for c in 0..self.channels {
            orientation.turn(self.plane(c), self.width, out.plane_mut(c));
        }
        out
    }
}

/// The nearest of the 65,536; the cast saturates. The level of 8 bits is that of all other output, in
/// f32; what follows is exact, so that both round to the same byte: 257 is odd, so no sample lies half
/// way between two bytes.
fn to_16_bits(sample: f32) -> u16 {
    let level = sample * 127.5 + 127.5;
    (f64::from(level) * 257.0).round() as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_multiples_of_257_and_the_rest_is_clipped() {
        let data = vec![-1.0, 1.0, -1.5, 0.0, 2.0, 127.0 / 127.5 - 1.0];
        let picture = Picture::from_data(2, 3, 1, data).unwrap();
        let wanted = [0, 32_768, 65_535, 65_535, 0, 257 * 127];
        assert_eq!(picture.interleaved16(), wanted);
    }

    /// Around every border between two bytes, and the smallest steps of f32 beside it.
    #[test]
    fn sixteen_bits_round_to_the_byte_of_eight() {
        for border in 0..256u16 {
            let middle = (f32::from(border) + 0.5 - 127.5) / 127.5;
            let mut sample = (0..40).fold(middle, |x, _| x.next_down());
            for _ in 0..80 {
                let byte = (sample * 127.5 + 127.5).round() as u8;
                let deep = f64::from(to_16_bits(sample));
                assert_eq!((deep / 257.0).round() as u8, byte, "{sample}");
                sample = sample.next_up();
            }
        }
    }

    #[test]
    fn every_channel_is_turned() {
        let data = (0u8..12).map(f32::from).collect();
        let picture = Picture::from_data(2, 3, 2, data).unwrap();
        let right = Orientation {
            transposed: true,
            mirrored_x: true,
            mirrored_y: false,
        };
        let turned = picture.turned(right);
        assert_eq!((turned.width, turned.height), (2, 3));
        assert_eq!(turned.plane(0), [3.0, 0.0, 4.0, 1.0, 5.0, 2.0]);
        assert_eq!(turned.plane(1), [9.0, 6.0, 10.0, 7.0, 11.0, 8.0]);
    }
}
