//! A [`Picture`] as samples of 16 bits.

use crate::frame::Picture;

impl Picture {
    /// The samples of all channels, pixel by pixel, in 16 bits: −1 is 0 and 1 is 65,535, what lies
    /// beyond is clipped. A sample that stands for the 8-bit level n becomes 257 n.
    pub fn interleaved16(&self) -> Vec<u16> {
        let planes: Vec<_> = (0..self.channels).map(|c| self.plane(c)).collect();
        let pixels = (0..self.plane_len()).flat_map(|i| planes.iter().map(move |plane| plane[i]));
        pixels.map(to_16_bits).collect()
    }
}

/// The nearest of the 65,536; the cast saturates.
fn to_16_bits(sample: f32) -> u16 {
    (sample * 32_767.5 + 32_767.5).round() as u16
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
}
