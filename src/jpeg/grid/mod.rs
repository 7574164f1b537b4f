//! [`Observation`]: what is known of a picture, from any source, on an MCU-aligned grid.
//!
//! It holds each component's decoded plane, its tables, and its levels as far as they are known. It
//! decodes to the picture that a viewer shows; `measure` turns it into constraints.

pub mod cell;
pub mod coefficients;
pub mod color;
pub mod component;
mod cut;
pub mod dct;
pub mod departures;
pub mod measure;
pub mod published_operator;
pub mod rules;
pub mod sampling;
pub mod tables;
pub mod upsampled;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::contract::Hint;
use crate::frame::{Picture, PixelModel, Rect};
use crate::jpeg::file::{Component, JpegFile};
use crate::jpeg::grid::component::{Observed, QuantBlock};
use crate::runtime::threads::crew;
use crate::simd;

/// What is known of a picture.
#[derive(Clone, Debug)]
pub struct Observation {
    /// Visible width in pixels.
    pub width: usize,
    /// Visible height in pixels.
    pub height: usize,
    /// Width of the aligned grid: whole MCUs, a multiple of 8.
    pub padded_width: usize,
    /// Height of the aligned grid.
    pub padded_height: usize,
    /// Rows of the grid in one MCU.
    pub mcu_rows: usize,
    /// What the components mean.
    pub model: PixelModel,
    /// One for grey, otherwise three.
    pub components: Vec<Observed>,
    /// Unknown parts, in pixels: whole MCUs, clipped to the picture. They are shown as decoded and
    /// not restored.
    pub lost: Vec<Rect>,
}

/// The observation of a file: all of its levels, exactly.
pub fn from_file(file: &JpegFile) -> Observation {
    let mut seen = from_levels(file);
    seen.draw();
    seen
}

/// The same without drawing the planes, except for an incomplete file, whose levels do not
/// determine everything that is shown.
pub fn from_levels(file: &JpegFile) -> Observation {
    from_levels_but(file, &[])
}

/// The same, with `exceptions`: blocks of each component, by their number in the file, that were
/// quantised differently.
pub fn from_levels_but(file: &JpegFile, exceptions: &[BTreeMap<usize, QuantBlock>]) -> Observation {
    let (max_h, max_v) = file.max_sampling();
    let mcu = (8 * max_h, 8 * max_v);
    let padded_width = file.width.next_multiple_of(mcu.0);
    let padded_height = file.height.next_multiple_of(mcu.1);
    let damage = file.damage.as_ref();
    let components = file.components.iter().enumerate();
    let components = components.map(|(c, component)| {
        let factors = (max_h / component.sampling.0, max_v / component.sampling.1);
        let wide = padded_width / (8 * factors.0);
        let high = padded_height / (8 * factors.1);
        let mut observed = observe(component, factors, (wide, high));
        for (&at, block) in exceptions.get(c).into_iter().flatten() {
            let (x, y) = (at % component.blocks_wide, at / component.blocks_wide);
            if x < wide && y < high {
                observed.exceptions.insert(y * wide + x, *block);
            }
        }
        if let Some(known) = damage.and_then(|damage| damage.known.get(c)) {
            observed.restrict(known, component.blocks_wide, (file.width, file.height));
        }
        observed
    });
    Observation {
        width: file.width,
        height: file.height,
        padded_width,
        padded_height,
        mcu_rows: mcu.1,
        model: file.model,
        components: components.collect(),
        lost: damage.map_or(Vec::new(), |damage| damage.lost.clone()),
    }
}

/// Puts a component's blocks on the aligned grid.
fn observe(
    component: &Component,
    factors: (usize, usize),
    (wide, high): (usize, usize),
) -> Observed {
    let mut levels = Vec::with_capacity(wide * high);
    let rows = component.levels.chunks_exact(component.blocks_wide.max(1));
    for row in rows.take(component.blocks_high.min(high)) {
        levels.extend(row.iter().take(wide).copied().map(Some));
        levels.resize(levels.len().next_multiple_of(wide), None);
    }
    levels.resize(wide * high, None);
    Observed {
        factors,
        blocks_wide: wide,
        steps: component.steps,
        plane: Vec::new(),
        levels,
        exceptions: BTreeMap::new(),
        partial: None,
    }
}

impl Observation {
    /// Decodes the planes that are not drawn yet from their levels.
    pub fn draw(&mut self) {
        let size = (self.width, self.height);
        let empty = self.components.iter_mut().filter(|c| c.plane.is_empty());
        empty.for_each(|component| component.draw(size));
    }

    /// Whether no plane is drawn yet.
    pub fn is_undrawn(&self) -> bool {
        self.components.iter().all(|c| c.plane.is_empty())
    }

    /// Whether every level is known of every component.
    pub fn is_whole(&self) -> bool {
        self.components.iter().all(|c| c.partial.is_none())
    }

    /// Whether nothing is known of any part.
    pub fn is_lost(&self) -> bool {
        let pixels = self.lost.iter().map(|part| part.width * part.height);
        pixels.sum::<usize>() == self.width * self.height
    }

    /// The picture that a decoder with smooth chroma shows: RGB `[3, H, W]` in `[-1, 1]`, on
    /// the aligned grid, clamped but not rounded.
    pub fn decode(&self) -> Picture {
        self.decode_in(Picture::new(3, 0, 0))
    }

    /// The same in the memory of `out`, if that has the size.
    fn decode_in(&self, mut out: Picture) -> Picture {
        // A plane at full size is borrowed.
        let planes = crew::map_owned(self.components.iter(), |_, c| match c.factors {
            (1, 1) => Cow::Borrowed(&c.plane[..]),
            factors => Cow::Owned(sampling::smooth(&c.plane, c.width(), factors)),
        });
        if (out.channels, out.width, out.height) != (3, self.padded_width, self.padded_height) {
            out = Picture::new(3, self.padded_width, self.padded_height);
        }
        let (width, n) = (out.width, out.plane_len());
        let (red, rest) = out.data.split_at_mut(n);
        let (green, blue) = rest.split_at_mut(n);
        let stripe = self.mcu_rows * width;
        let stripes = red.chunks_mut(stripe).zip(green.chunks_mut(stripe));
        let stripes = stripes.zip(blue.chunks_mut(stripe));
        crew::each(stripes, |n, ((red, green), blue)| {
            let rows = red
                .chunks_exact_mut(width)
                .zip(green.chunks_exact_mut(width));
            let rows = rows.zip(blue.chunks_exact_mut(width));
            for (row, ((r, g), b)) in rows.enumerate() {
                let first = n * stripe + row * width;
                let from = planes.iter().map(|plane| &plane[first..][..width]);
                self.decode_row(&from.collect::<Vec<_>>(), [r, g, b]);
            }
        });
        out
    }

    /// `rect` of [`Self::decode`], bit for bit; the planes must be drawn.
    pub fn decode_part(&self, rect: Rect) -> Picture {
        let planes: Vec<Vec<f32>> = self.components.iter().map(|c| c.part(rect)).collect();
        let mut out = Picture::new(3, rect.width, rect.height);
        let (width, n) = (rect.width, rect.width * rect.height);
        let (red, rest) = out.data.split_at_mut(n);
        let (green, blue) = rest.split_at_mut(n);
        for row in (0..n).step_by(width) {
            let line = row..row + width;
            let rows: Vec<&[f32]> = planes.iter().map(|plane| &plane[line.clone()]).collect();
            let rgb = [&mut *red, &mut *green, &mut *blue].map(|plane| &mut plane[line.clone()]);
            self.decode_row(&rows, rgb);
        }
        out
    }

    /// One row of the components at full size to R, G, B.
    fn decode_row(&self, planes: &[&[f32]], rgb: [&mut [f32]; 3]) {
        let shown = |level: f32| color::from_level(level.clamp(0.0, 255.0));
        let from = match planes {
            [a, b, c] => [*a, *b, *c],
            _ => [planes[0]; 3],
        };
        match self.model {
            PixelModel::YCbCr => simd::rows(from, rgb, |[y, cb, cr]| {
                color::ycc_to_rgb([y + 128.0, cb, cr]).map(shown)
            }),
            _ => simd::rows(from, rgb, |x| x.map(|x| shown(x + 128.0))),
        }
    }

    /// What libjpeg shows for an incomplete file: smoothed where coefficients are missing. `None`
    /// if that is the same as [`Self::decode`].
    pub fn decode_shown(&self) -> Option<Picture> {
        let size = (self.width, self.height);
        let components = || self.components.iter().map(|c| c.as_shown(size));
        let shown = || Self {
            components: components().collect(),
            lost: Vec::new(),
            ..*self
        };
        (!self.is_whole()).then(|| shown().decode())
    }

    /// [`Self::hint`], and frees the decoded planes, which are not needed any more.
    pub fn take_hint(&mut self) -> Hint {
        let hint = self.hint();
        for component in &mut self.components {
            component.plane = Vec::new();
        }
        hint
    }

    /// The hint for a prior: the decoded picture, the tables, the sampling.
    pub fn hint(&self) -> Hint {
        self.hint_in(Picture::new(3, 0, 0))
    }

    /// The same in the memory of `decoded`, if that has the size.
    pub fn hint_in(&self, decoded: Picture) -> Hint {
        let luma = self.components[0].coarser_steps();
        let chroma = self.components.get(1);
        Hint {
            decoded: self.decode_in(decoded),
            luma,
            chroma: chroma.map_or(luma, Observed::coarser_steps),
            subsampling: chroma.map_or((1, 1), |c| c.factors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Planar8;
    use crate::jpeg;
    use crate::options::Limits;

    /// Odd, and in 4:2:0 the blocks end before the grid does.
    const SIZE: (usize, usize) = (69, 51);

    /// A file, with a different picture for each seed.
    fn file(subsampling: (usize, usize), seed: usize) -> JpegFile {
        let mut picture = Planar8::new(PixelModel::Rgb, SIZE.0, SIZE.1, (1, 1));
        for (c, plane) in picture.planes.iter_mut().enumerate() {
            for (i, value) in plane.data.iter_mut().enumerate() {
                let (x, y) = (i % SIZE.0, i / SIZE.0);
                let moved = if x > 30 && y > 20 { seed } else { 0 };
                *value = ((x * (3 + c) + y * 5 + 40 * moved) % 251) as u8;
            }
        }
        let bytes = jpeg::encode(&picture, 60, subsampling).unwrap();
        jpeg::read(&bytes, &Limits::default()).unwrap()
    }

    const SAMPLINGS: [(usize, usize); 5] = [(1, 1), (2, 1), (2, 2), (1, 2), (4, 1)];

    fn rect(x: usize, y: usize, width: usize, height: usize) -> Rect {
        Rect {
            x,
            y,
            width,
            height,
        }
    }

    #[test]
    fn a_part_is_decoded_as_in_the_whole() {
        for subsampling in SAMPLINGS {
            let seen = from_file(&file(subsampling, 1));
            let whole = seen.decode();
            let (w, h) = (whole.width, whole.height);
            for part in [
                rect(0, 0, w, h),
                rect(0, 0, 8, 8),
                rect(16, 24, 24, 8),
                rect(w - 8, h - 8, 8, 8),
                rect(33, 1, 7, 5),
            ] {
                let found = seen.decode_part(part);
                assert_eq!(found, whole.crop(part), "{subsampling:?} {part:?}");
            }
        }
    }

    /// Redrawing the blocks whose levels differ from those of another file gives the planes of this
    /// file; every pixel that changes is in reach of such a block.
    #[test]
    fn drawing_again_what_is_other_is_drawing_all() {
        for subsampling in SAMPLINGS {
            let (old, new) = (from_file(&file(subsampling, 1)), file(subsampling, 2));
            let (wanted, mut seen) = (from_file(&new), from_levels(&new));
            assert!(seen.is_undrawn());
            let mut reached = Vec::new();
            for (c, before) in seen.components.iter_mut().zip(&old.components) {
                let pairs = c.levels.iter().zip(&before.levels);
                let others: Vec<bool> = pairs.map(|(now, then)| now != then).collect();
                assert!(others.contains(&true) && others.contains(&false));
                let other = (0..others.len()).filter(|&at| others[at]);
                reached.extend(other.map(|at| c.reach(at, SIZE)));
                c.plane = before.plane.clone();
                c.draw_again(SIZE, &others);
            }
            for (found, wanted) in seen.components.iter().zip(&wanted.components) {
                assert_eq!(found.plane, wanted.plane, "{subsampling:?}");
            }
            let (then, now) = (old.decode(), wanted.decode());
            for at in 0..now.plane_len() {
                let (x, y) = (at % now.width, at / now.width);
                let holds = |r: &Rect| {
                    (r.x..r.x + r.width).contains(&x) && (r.y..r.y + r.height).contains(&y)
                };
                let moved = (0..3).any(|c| then.plane(c)[at] != now.plane(c)[at]);
                assert!(
                    !moved || reached.iter().any(holds),
                    "{subsampling:?} {x} {y}"
                );
            }
        }
    }
}
