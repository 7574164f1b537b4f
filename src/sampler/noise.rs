//! Gaussian noise as a field: a pure function of (seed, sample, draw, channel, pixel).
//!
//! There is no sequence of draws, so tiles, batches and threads cannot change it.

use crate::contract::NoiseSource;
use crate::frame::Picture;
use crate::runtime::threads::crew;

/// The noise of one sample.
pub struct Field {
    key: u64,
}

impl Field {
    /// The field of `sample` under `seed`.
    pub fn new(seed: u64, sample: usize) -> Self {
        Self {
            key: mix(seed ^ mix(sample as u64 + 1)),
        }
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection that avalanches.
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// One unit Gaussian from 64 random bits, by Box and Muller's transform.
fn gaussian(bits: u64) -> f32 {
    // 32 bits each; adding one half keeps the logarithm's argument above 0.
    let radius = ((bits >> 32) as f32 + 0.5) * (1.0 / 4_294_967_296.0);
    let angle = (bits & 0xFFFF_FFFF) as f32 * (std::f32::consts::TAU / 4_294_967_296.0);
    (-2.0 * radius.min(1.0).ln()).sqrt() * angle.cos()
}

impl NoiseSource for Field {
    fn fill(&mut self, draw: u64, out: &mut Picture) {
        let key = mix(self.key ^ mix(draw));
        let (width, height) = (out.width, out.height);
        crew::each(out.data.chunks_mut(width), |row, samples| {
            let (channel, y) = ((row / height) as u64, (row % height) as u64);
            let row_key = mix(key ^ (channel << 32 | y));
            for (x, sample) in samples.iter_mut().enumerate() {
                *sample = gaussian(mix(row_key ^ x as u64));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(seed: u64, sample: usize, draw: u64, width: usize) -> Picture {
        let mut out = Picture::new(3, width, 64);
        Field::new(seed, sample).fill(draw, &mut out);
        out
    }

    /// 3 · 256 · 64 draws: the mean's standard error is 0.0045, the variance's 0.0064.
    #[test]
    fn it_is_a_unit_gaussian() {
        let data = field(7, 0, 0, 256).data;
        let n = data.len() as f64;
        let mean = data.iter().map(|&z| f64::from(z)).sum::<f64>() / n;
        let variance = data.iter().map(|&z| f64::from(z).powi(2)).sum::<f64>() / n;
        let tail = data.iter().filter(|z| z.abs() > 1.96).count() as f64 / n;
        assert!(
            mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03,
            "{mean} {variance}"
        );
        assert!((tail - 0.05).abs() < 0.005, "{tail}");
    }

    #[test]
    fn a_pixel_has_its_noise_whatever_the_width() {
        let (wide, narrow) = (field(7, 0, 3, 200), field(7, 0, 3, 50));
        assert_eq!(wide.plane(1)[200 + 17], narrow.plane(1)[50 + 17]);
    }

    #[test]
    fn seed_sample_and_draw_all_matter() {
        let base = field(7, 0, 0, 16).data;
        for other in [field(8, 0, 0, 16), field(7, 1, 0, 16), field(7, 0, 1, 16)] {
            assert_ne!(base, other.data);
        }
    }
}
