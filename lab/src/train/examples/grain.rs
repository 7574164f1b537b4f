//! What cameras, film and editors do to a picture before it is saved: noise, grain, other colours.
//! The picture to restore keeps it.
//!
//! A network that has seen only clean pictures takes grain for damage and removes it. Called by
//! `example`.

use crate::train::examples::random::Draws;
use ddrmjpeg::frame::Planar8;

/// Standard deviations of the noise, in levels of 255.
const DEVIATION: (f64, f64) = (0.7, 8.0);
/// Largest weight of a neighbour in the noise of film, whose grains are larger than a pixel.
const WIDEST: f64 = 0.7;

/// The noise of one picture.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Grain {
    deviation: f64,
    /// 0: the three channels have noise of their own; 1: they share it.
    shared: f64,
    /// Weight of each neighbour in a row or column, the pixel itself having 1.
    neighbour: f64,
    /// Strongest in the middle tones, as in film, rather than in highlights.
    film: bool,
}

impl Grain {
    fn draw(draws: &mut Draws) -> Self {
        let (low, high) = DEVIATION;
        Self {
            deviation: draws.between(low.ln(), high.ln()).exp(),
            shared: draws.unit(),
            neighbour: match draws.chance(0.5) {
                true => draws.between(0.0, WIDEST),
                false => 0.0,
            },
            film: draws.chance(0.5),
        }
    }

    /// The deviation at a level in 0..=1.
    fn at(&self, level: f64) -> f64 {
        self.deviation
            * match self.film {
                true => 0.4 + 2.4 * level * (1.0 - level),
                false => (0.3 + 0.7 * level).sqrt(),
            }
    }
}

/// Adds noise to `picture`.
pub(crate) fn add_grain(picture: &mut Planar8, draws: &mut Draws) {
    let grain = Grain::draw(draws);
    let (width, height) = (picture.width(), picture.height());
    let common = field(width, height, grain.neighbour, draws);
    // A sum of two independent fields: their squared weights add up to 1.
    let own = (1.0 - grain.shared * grain.shared).sqrt();
    for plane in &mut picture.planes {
        let alone = field(width, height, grain.neighbour, draws);
        for ((byte, common), alone) in plane.data.iter_mut().zip(&common).zip(&alone) {
            let noise = grain.shared * common + own * alone;
            let level = f64::from(*byte);
            *byte = (level + grain.at(level / 255.0) * noise).round() as u8;
        }
    }
}

/// Gaussian noise of unit variance, each value mixed with its neighbours.
fn field(width: usize, height: usize, neighbour: f64, draws: &mut Draws) -> Vec<f64> {
    let white: Vec<f64> = (0..width * height).map(|_| draws.gaussian()).collect();
    if neighbour == 0.0 {
        return white;
    }
    let scale = 1.0 / (1.0 + 2.0 * neighbour * neighbour);
    let mut rows = white.clone();
    for (to, from) in rows.chunks_exact_mut(width).zip(white.chunks_exact(width)) {
        for x in 0..width {
            // The field wraps around at its edges, so that its variance is the same there.
            let beside = from[(x + 1) % width] + from[(x + width - 1) % width];
            to[x] = from[x] + neighbour * beside;
        }
    }
    let at = |x: usize, y: usize| rows[y % height * width + x];
    (0..width * height)
        .map(|i| (i % width, i / width))
        .map(|(x, y)| scale * (at(x, y) + neighbour * (at(x, y + 1) + at(x, y + height - 1))))
        .collect()
}

/// Other tones and colours: a gamma for each channel, more or less saturation.
pub(crate) fn recolour(picture: &mut Planar8, draws: &mut Draws) {
    let common = 0.2 * draws.gaussian();
    let gammas: [f64; 3] = std::array::from_fn(|_| (common + 0.08 * draws.gaussian()).exp());
    let saturation = draws.between(0.2, 1.6);
    let curves = gammas.map(|gamma| -> [f64; 256] {
        std::array::from_fn(|level| 255.0 * (level as f64 / 255.0).powf(gamma))
    });
    let [r, g, b] = picture.planes.as_mut_slice() else {
        return;
    };
    for ((r, g), b) in r.data.iter_mut().zip(&mut g.data).zip(&mut b.data) {
        let toned = [
            curves[0][usize::from(*r)],
            curves[1][usize::from(*g)],
            curves[2][usize::from(*b)],
        ];
        let luma = 0.299 * toned[0] + 0.587 * toned[1] + 0.114 * toned[2];
        [*r, *g, *b] = toned.map(|level| (luma + saturation * (level - luma)).round() as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddrmjpeg::frame::PixelModel;

    fn grey(level: u8) -> Planar8 {
        let mut picture = Planar8::new(PixelModel::Rgb, 96, 96, (1, 1));
        for plane in &mut picture.planes {
            plane.data.fill(level);
        }
        picture
    }

    /// 9,216 values: the standard error of the variance is 1.5 % if they are independent, and 4 %
    /// with the widest neighbours.
    #[test]
    fn fields_have_unit_variance() {
        for neighbour in [0.0, 0.3, 0.7] {
            let field = field(96, 96, neighbour, &mut Draws::new(3, 0, 0));
            let mean_square = field.iter().map(|v| v * v).sum::<f64>() / field.len() as f64;
            assert!(
                (mean_square - 1.0).abs() < 0.12,
                "{neighbour}: {mean_square}"
            );
        }
    }

    #[test]
    fn grain_keeps_the_mean_and_is_within_its_range() {
        for index in 0..20 {
            let mut picture = grey(128);
            add_grain(&mut picture, &mut Draws::new(3, 0, index));
            let data = &picture.planes[1].data;
            let mean = data.iter().map(|&b| f64::from(b)).sum::<f64>() / data.len() as f64;
            let square = data
                .iter()
                .map(|&b| (f64::from(b) - mean).powi(2))
                .sum::<f64>();
            let deviation = (square / data.len() as f64).sqrt();
            assert!((mean - 128.0).abs() < 1.0, "{index}: {mean}");
            assert!((0.3..9.0).contains(&deviation), "{index}: {deviation}");
        }
    }

    #[test]
    fn other_colours_keep_grey_nearly_grey_and_black_black() {
        for index in 0..20 {
            let mut picture = grey(0);
            recolour(&mut picture, &mut Draws::new(3, 0, index));
            assert!(picture.planes.iter().all(|p| p.data[0] == 0));
        }
    }
}
