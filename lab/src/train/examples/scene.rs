//! Dead leaves: synthetic scenes of occluding shapes, a second source of edges and flat areas.
//!
//! Discs and rectangles whose sizes follow a power law cover each other (Lee, Mumford, Huang 2001).
//! Each has a colour and a brightness gradient; some have grain or stripes.

use crate::train::examples::random::Draws;
use ddrmjpeg::frame::{PixelModel, Planar8};

/// Shapes in a scene; enough to cover nearly everything at the sizes below.
const LEAVES: usize = 120;

struct Leaf {
    centre: (f64, f64),
    half: (f64, f64),
    turn: (f64, f64),
    round: bool,
    colour: [f64; 3],
    slope: (f64, f64),
    stripes: (f64, f64),
    grain: f64,
}

impl Leaf {
    fn draw(side: f64, draws: &mut Draws) -> Self {
        // Radii r with density r^-3 between 3 pixels and half the side.
        let (least, most): (f64, f64) = (3.0, side / 2.0);
        let low = most.powi(-2);
        let radius = (low + draws.unit() * (least.powi(-2) - low)).powf(-0.5);
        let angle = draws.between(0.0, std::f64::consts::PI);
        let grey = draws.between(0.0, 255.0);
        let tint = draws.between(0.0, 60.0);
        Self {
            centre: (draws.between(0.0, side), draws.between(0.0, side)),
            half: (radius * draws.between(0.5, 2.0), radius),
            turn: (angle.cos(), angle.sin()),
            round: draws.chance(0.6),
            colour: std::array::from_fn(|_| grey + tint * draws.gaussian()),
            slope: (draws.gaussian() * 0.3, draws.gaussian() * 0.3),
            stripes: (
                if draws.chance(0.2) {
                    draws.between(5.0, 50.0)
                } else {
                    0.0
                },
                draws.between(0.3, 2.5),
            ),
            grain: if draws.chance(0.3) {
                draws.between(1.0, 12.0)
            } else {
                0.0
            },
        }
    }

    /// Position in the leaf's own axes, if (x, y) is inside.
    fn inside(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let (dx, dy) = (x - self.centre.0, y - self.centre.1);
        let u = dx * self.turn.0 + dy * self.turn.1;
        let v = dy * self.turn.0 - dx * self.turn.1;
        let (a, b) = (u / self.half.0, v / self.half.1);
        let inside = match self.round {
            true => a * a + b * b <= 1.0,
            false => a.abs() <= 1.0 && b.abs() <= 1.0,
        };
        inside.then_some((u, v))
    }

    fn shade(&self, (u, v): (f64, f64), draws: &mut Draws) -> f64 {
        let mut shade = self.slope.0 * u + self.slope.1 * v;
        shade += self.stripes.0 * (self.stripes.1 * u).sin();
        if self.grain > 0.0 {
            shade += self.grain * draws.gaussian();
        }
        shade
    }
}

/// A scene of `side_px` squared, RGB.
pub(crate) fn scene(side_px: usize, draws: &mut Draws) -> Planar8 {
    let mut leaves: Vec<Leaf> = (0..LEAVES)
        .map(|_| Leaf::draw(side_px as f64, draws))
        .collect();
    // The last lies behind all others and covers everything.
    if let Some(last) = leaves.last_mut() {
        last.half = (4.0 * side_px as f64, 4.0 * side_px as f64);
    }
    let mut out = Planar8::new(PixelModel::Rgb, side_px, side_px, (1, 1));
    for y in 0..side_px {
        for x in 0..side_px {
            let colour = pixel(&leaves, x as f64, y as f64, draws);
            for (plane, level) in out.planes.iter_mut().zip(colour) {
                plane.data[y * side_px + x] = level.round() as u8;
            }
        }
    }
    out
}

/// The mean of two neighbouring samples, which softens the edges a little.
fn pixel(leaves: &[Leaf], x: f64, y: f64, draws: &mut Draws) -> [f64; 3] {
    let mut sum = [0.0; 3];
    for (dx, dy) in [(0.0, 0.0), (0.5, 0.5)] {
        let found = leaves
            .iter()
            .find_map(|leaf| Some((leaf, leaf.inside(x + dx, y + dy)?)));
        if let Some((leaf, place)) = found {
            let shade = leaf.shade(place, draws);
            for (total, level) in sum.iter_mut().zip(leaf.colour) {
                *total += 0.5 * (level + shade).clamp(0.0, 255.0);
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scene_repeats_and_has_contrast() {
        let make = |index| scene(64, &mut Draws::new(3, 0, index));
        assert_eq!(make(0), make(0));
        assert_ne!(make(0), make(1));
        let data = &make(0).planes[1].data;
        let (low, high) = (data.iter().min().unwrap(), data.iter().max().unwrap());
        assert!(high - low > 60, "{low}..{high}");
    }
}
