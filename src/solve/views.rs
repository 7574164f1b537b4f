//! A denoiser averaged over the symmetries of the block grid.
//!
//! Mirrored or transposed, a JPEG is still a JPEG of the same tables (transposed) on the same
//! grid, so a network may be asked eight ways. Its errors differ and its picture does not:
//! the mean is nearer the truth than any one answer.

use crate::contract::{Denoiser, Hint, ModelFacts, QuantSteps, Reach};
use crate::error::Result;
use crate::frame::Picture;

/// One of the eight symmetries of a square: transpose first, then mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Symmetry {
    transpose: bool,
    mirror_x: bool,
    mirror_y: bool,
}

impl Symmetry {
    /// Number `index` of 0..8; 0 is the identity and 4.. transpose.
    fn new(index: usize) -> Self {
        Self {
            transpose: index & 4 != 0,
            mirror_x: index & 1 != 0,
            mirror_y: index & 2 != 0,
        }
    }

    fn apply(self, picture: &Picture) -> Picture {
        let turned = match self.transpose {
            true => transposed(picture),
            false => picture.clone(),
        };
        mirrored(turned, self.mirror_x, self.mirror_y)
    }

    fn undo(self, picture: Picture) -> Picture {
        let turned = mirrored(picture, self.mirror_x, self.mirror_y);
        match self.transpose {
            true => transposed(&turned),
            false => turned,
        }
    }

    fn apply_to_hint(self, hint: &Hint) -> Hint {
        let steps = |steps: &QuantSteps| match self.transpose {
            true => std::array::from_fn(|i| steps[(i % 8) * 8 + i / 8]),
            false => *steps,
        };
        let (h, v) = hint.subsampling;
        Hint {
            decoded: self.apply(&hint.decoded),
            luma: steps(&hint.luma),
            chroma: steps(&hint.chroma),
            subsampling: if self.transpose { (v, h) } else { (h, v) },
        }
    }
}

fn transposed(picture: &Picture) -> Picture {
    let mut out = Picture::new(picture.channels, picture.height, picture.width);
    for c in 0..picture.channels {
        let source = picture.plane(c);
        for (x, column) in out
            .plane_mut(c)
            .chunks_exact_mut(picture.height)
            .enumerate()
        {
            for (y, value) in column.iter_mut().enumerate() {
                *value = source[y * picture.width + x];
            }
        }
    }
    out
}

fn mirrored(mut picture: Picture, in_x: bool, in_y: bool) -> Picture {
    let (width, height) = (picture.width, picture.height);
    if in_x {
        for row in picture.data.chunks_exact_mut(width) {
            row.reverse();
        }
    }
    if in_y {
        for c in 0..picture.channels {
            let plane = picture.plane_mut(c);
            for y in 0..height / 2 {
                let (top, bottom) = plane.split_at_mut((height - 1 - y) * width);
                top[y * width..(y + 1) * width].swap_with_slice(&mut bottom[..width]);
            }
        }
    }
    picture
}

/// The mean of `inner` over the first `count` symmetries.
pub struct Symmetric<'a> {
    inner: &'a dyn Denoiser,
    count: usize,
}

impl<'a> Symmetric<'a> {
    /// `count` in 1..=8.
    pub fn new(inner: &'a dyn Denoiser, count: usize) -> Self {
        Self {
            inner,
            count: count.clamp(1, 8),
        }
    }
}

impl Denoiser for Symmetric<'_> {
    fn denoise(&self, x: &Picture, sigma: f64, hint: Option<&Hint>) -> Result<Picture> {
        let mut mean = self.inner.denoise(x, sigma, hint)?;
        if self.count == 1 {
            return Ok(mean);
        }
        for symmetry in (1..self.count).map(Symmetry::new) {
            let turned = hint.map(|hint| symmetry.apply_to_hint(hint));
            let estimate = self
                .inner
                .denoise(&symmetry.apply(x), sigma, turned.as_ref())?;
            let estimate = symmetry.undo(estimate);
            for (sum, value) in mean.data.iter_mut().zip(&estimate.data) {
                *sum += value;
            }
        }
        let scale = 1.0 / self.count as f32;
        for value in &mut mean.data {
            *value *= scale;
        }
        Ok(mean)
    }

    fn reach(&self) -> Reach {
        self.inner.reach()
    }

    fn facts(&self) -> &ModelFacts {
        self.inner.facts()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symmetry_is_undone() {
        let data = (0..3 * 5 * 8).map(|i| i as f32).collect();
        let picture = Picture::from_data(3, 8, 5, data).unwrap();
        let mut seen = Vec::new();
        for symmetry in (0..8).map(Symmetry::new) {
            let turned = symmetry.apply(&picture);
            assert_eq!(symmetry.undo(turned.clone()), picture, "{symmetry:?}");
            assert!(!seen.contains(&turned), "{symmetry:?} repeats another");
            seen.push(turned);
        }
    }

    #[test]
    fn a_transposed_hint_has_transposed_tables() {
        let hint = Hint {
            decoded: Picture::new(3, 16, 8),
            luma: std::array::from_fn(|i| i as u16 + 1),
            chroma: [7; 64],
            subsampling: (2, 1),
        };
        let turned = Symmetry::new(4).apply_to_hint(&hint);
        assert_eq!(turned.luma[1], hint.luma[8]);
        assert_eq!(turned.subsampling, (1, 2));
        assert_eq!((turned.decoded.width, turned.decoded.height), (8, 16));
    }
}
