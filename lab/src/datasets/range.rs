//! Converts between bytes and the range of the network, as the published `data_transform` and its
//! inverse do.

use libm::{erfcf, expf, logf};

use ddrmjpeg::contract::NoiseSource;
use ddrmjpeg::frame::{Picture, Planar8};
use ddrmjpeg::model::config::Data;

/// What happens to a picture between its bytes and the network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    map: Map,
    uniform: bool,
    gaussian: bool,
}

/// From `[0, 1]` to what the network takes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Map {
    /// To `[-1, 1]`.
    Rescaled,
    /// The logit, after moving the values slightly away from 0 and 1.
    Logit,
    /// Unchanged.
    Unit,
}

impl Range {
    /// What a config asks for. If it asks for both, rescaling takes precedence over the logit.
    pub fn of(data: &Data) -> Self {
        Self {
            map: match (data.rescaled, data.logit_transform) {
                (true, _) => Map::Rescaled,
                (false, true) => Map::Logit,
                (false, false) => Map::Unit,
            },
            uniform: data.uniform_dequantization,
            gaussian: data.gaussian_dequantization,
        }
    }

    /// An RGB picture for the network. Draws from `noise` only if the config adds some.
    pub fn to_network(self, picture: &Planar8, noise: &mut dyn NoiseSource) -> Picture {
        let mut out = Picture::new(3, picture.width(), picture.height());
        for c in 0..3 {
            let plane = &picture.planes[c.min(picture.planes.len() - 1)];
            for (x, &byte) in out.plane_mut(c).iter_mut().zip(&plane.data) {
                *x = f32::from(byte) / 255.0;
            }
        }
        if self.uniform {
            add(&mut out, noise, 0, |x, z| (255.0 * x + uniform(z)) / 256.0);
        }
        if self.gaussian {
            add(&mut out, noise, 1, |x, z| x + 0.01 * z);
        }
        for x in &mut out.data {
            *x = match self.map {
                Map::Rescaled => 2.0 * *x - 1.0,
                Map::Logit => logit(*x),
                Map::Unit => *x,
            };
        }
        out
    }

    /// Back to `[0, 1]`, clamped.
    pub fn to_unit(self, picture: &Picture) -> Picture {
        let mut out = picture.clone();
        for x in &mut out.data {
            let unit = match self.map {
                Map::Rescaled => (*x + 1.0) / 2.0,
                Map::Logit => 1.0 / (1.0 + expf(-*x)),
                Map::Unit => *x,
            };
            *x = unit.clamp(0.0, 1.0);
        }
        out
    }
}

fn add(picture: &mut Picture, noise: &mut dyn NoiseSource, draw: u64, mix: fn(f32, f32) -> f32) {
    let mut z = picture.clone();
    noise.fill(draw, &mut z);
    for (x, &z) in picture.data.iter_mut().zip(&z.data) {
        *x = mix(*x, z);
    }
}

/// Maps a unit Gaussian to uniform in `[0, 1]` by its distribution function.
fn uniform(z: f32) -> f32 {
    0.5 * erfcf(-z * std::f32::consts::FRAC_1_SQRT_2)
}

fn logit(x: f32) -> f32 {
    const INSIDE: f32 = 1e-6;
    let x = INSIDE + (1.0 - 2.0 * INSIDE) * x;
    logf(x) - logf(1.0 - x)
}

/// A picture in `[0, 1]` as bytes, rounded to the nearest.
pub fn to_bytes(unit: &Picture) -> Planar8 {
    let n = unit.plane_len();
    let byte = |x: f32| (x * 255.0 + 0.5) as u8;
    let pixels = (0..n).flat_map(|i| [0, 1, 2].map(|c: usize| byte(unit.data[c * n + i])));
    Planar8::from_rgb(unit.width, unit.height, &pixels.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddrmjpeg::model::config::Config;
    use ddrmjpeg::sampler::noise::Field;

    fn range(edit: impl Fn(&mut Data)) -> Range {
        let text = include_str!("../../../configs/lean.yml");
        let mut data = Config::parse(text, "lean").unwrap().data;
        edit(&mut data);
        Range::of(&data)
    }

    fn all_bytes() -> Planar8 {
        let rgb: Vec<u8> = (0..=255).flat_map(|b| [b, 255 - b, b / 2]).collect();
        Planar8::from_rgb(16, 16, &rgb)
    }

    #[test]
    fn bytes_come_back_through_every_range() {
        let edits: [fn(&mut Data); 3] = [
            |_| {},
            |data| (data.rescaled, data.logit_transform) = (false, true),
            |data| data.rescaled = false,
        ];
        for edit in edits {
            let range = range(edit);
            let x = range.to_network(&all_bytes(), &mut Field::new(1, 0));
            assert_eq!(to_bytes(&range.to_unit(&x)), all_bytes(), "{range:?}");
        }
        let x = range(|_| {}).to_network(&all_bytes(), &mut Field::new(1, 0));
        assert_eq!((x.data[0], x.data[255]), (-1.0, 1.0));
    }

    /// (255 x + u) / 256 lies in the byte's own 256th: floor(256 x) is the byte.
    #[test]
    fn uniform_noise_stays_in_the_byte() {
        let range = range(|data| data.uniform_dequantization = true);
        let x = range.to_network(&all_bytes(), &mut Field::new(1, 0));
        let unit = range.to_unit(&x);
        let mut moved = 0;
        for (i, &value) in unit.plane(0).iter().enumerate() {
            let place = 256.0 * value - i as f32;
            assert!((-1e-4..=1.0001).contains(&place), "{i} {place}");
            moved += usize::from((place - 0.5).abs() > 0.25);
        }
        assert!((90..166).contains(&moved), "half of 256 are: {moved}");
    }

    #[test]
    fn gaussian_noise_is_a_hundredth() {
        let range = range(|data| data.gaussian_dequantization = true);
        let x = range.to_unit(&range.to_network(&all_bytes(), &mut Field::new(1, 0)));
        let error = |i: usize| f64::from(x.data[i]) - i as f64 / 255.0;
        let variance = (30..226).map(|i| error(i).powi(2)).sum::<f64>() / 196.0;
        // The standard error of a deviation over 196 samples is 5 %.
        assert!((variance.sqrt() - 0.01).abs() < 0.002, "{variance}");
    }
}
