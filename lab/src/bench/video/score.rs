//! [`Score`]: how near the frames of a clip are to its scene, and how steady.

use crate::bench::video::clip::Clip;
use crate::eval::luma::Luma;
use crate::eval::metrics::psnr_of;
use ddrmjpeg::frame::{Planar8, Rect};

/// A running mean of squared errors.
#[derive(Clone, Copy, Default)]
struct Squares {
    sum: f64,
    count: f64,
}

impl Squares {
    fn psnr(self) -> Option<f64> {
        (self.count > 0.0).then(|| psnr_of(self.sum / self.count))
    }
}

/// Sums over the frames of a clip.
pub(crate) struct Score {
    width: usize,
    still: Vec<bool>,
    objects: Vec<Option<Rect>>,
    /// Errors of what is still, in the first frame and in the last so far; then of its luma.
    first: [Squares; 2],
    last: [Squares; 2],
    /// Errors of what moves, over all frames but the first.
    moving: Squares,
    whole: Squares,
    /// Sums of values and of their squares over all frames but the first, sample by sample.
    sums: Vec<(f64, f64)>,
    frames: f64,
}

impl Score {
    pub fn new(clip: &Clip) -> Self {
        let still = clip.still();
        Self {
            width: clip.size.0,
            sums: vec![(0.0, 0.0); 3 * still.len()],
            still,
            objects: (0..clip.frames).map(|n| clip.object(n)).collect(),
            first: Default::default(),
            last: Default::default(),
            moving: Squares::default(),
            whole: Squares::default(),
            frames: 0.0,
        }
    }

    /// Adds frame `n`, RGB, with its true scene.
    pub fn add(&mut self, n: usize, frame: &Planar8, scene: &Planar8) {
        let object = self.objects.get(n).copied().flatten();
        let (mut still, mut moving, mut whole) = <(Squares, Squares, Squares)>::default();
        for (c, (a, b)) in frame.planes.iter().zip(&scene.planes).enumerate() {
            for (i, (&a, &b)) in a.data.iter().zip(&b.data).enumerate() {
                let square = f64::from(a.abs_diff(b)).powi(2);
                let place = (i % self.width, i / self.width);
                let counts = [
                    (&mut whole, true),
                    (&mut still, self.still[i]),
                    (&mut moving, object.is_some_and(|rect| holds(&rect, place))),
                ];
                for (squares, _) in counts.into_iter().filter(|(_, counts)| *counts) {
                    squares.sum += square;
                    squares.count += 1.0;
                }
                if n > 0 {
                    let (sum, squares) = &mut self.sums[c * self.still.len() + i];
                    *sum += f64::from(a);
                    *squares += f64::from(a).powi(2);
                }
            }
        }
        let luma = self.luma(frame, scene);
        if n == 0 {
            self.first = [still, luma];
        } else {
            self.frames += 1.0;
            for (all, one) in [(&mut self.moving, moving), (&mut self.whole, whole)] {
                all.sum += one.sum;
                all.count += one.count;
            }
        }
        self.last = [still, luma];
    }

    /// Squared errors of the luma of what is still.
    fn luma(&self, frame: &Planar8, scene: &Planar8) -> Squares {
        let mut squares = Squares::default();
        let (a, b) = (Luma::of(frame).data, Luma::of(scene).data);
        let pairs = a.iter().zip(&b).zip(&self.still);
        for ((a, b), _) in pairs.filter(|(_, still)| **still) {
            squares.sum += (a - b).powi(2);
            squares.count += 1.0;
        }
        squares
    }

    /// PSNR of what is still, in the first frame and in the last.
    pub fn still(&self) -> Option<(f64, f64)> {
        Some((self.first[0].psnr()?, self.last[0].psnr()?))
    }

    /// The same for luma only.
    pub fn still_luma(&self) -> Option<(f64, f64)> {
        Some((self.first[1].psnr()?, self.last[1].psnr()?))
    }

    /// PSNR of what moves.
    pub fn moving(&self) -> Option<f64> {
        self.moving.psnr()
    }

    /// PSNR of all.
    pub fn whole(&self) -> f64 {
        self.whole.psnr().unwrap_or(f64::NAN)
    }

    /// Root mean square, over what is still, of the standard deviation over time.
    pub fn deviation(&self) -> Option<f64> {
        let (mut sum, mut count) = (0.0, 0.0);
        for (i, (values, squares)) in self.sums.iter().enumerate() {
            if self.still[i % self.still.len()] {
                let mean = values / self.frames;
                sum += (squares / self.frames - mean * mean).max(0.0);
                count += 1.0;
            }
        }
        (count > 0.0 && self.frames > 0.0).then(|| (sum / count).sqrt())
    }
}

fn holds(rect: &Rect, (x, y): (usize, usize)) -> bool {
    (rect.x..rect.x + rect.width).contains(&x) && (rect.y..rect.y + rect.height).contains(&y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::video::{Kind, made_up};

    fn lighter(picture: &Planar8, by: u8) -> Planar8 {
        let mut out = picture.clone();
        for plane in &mut out.planes {
            plane
                .data
                .iter_mut()
                .for_each(|byte| *byte = byte.saturating_add(by));
        }
        out
    }

    /// The scene stays below 250. An error of one level everywhere is 48.13 dB; frames that
    /// alternate between two values 4 apart deviate by 2.
    #[test]
    fn errors_and_deviations_are_those_put_in() {
        let clip = Clip {
            frames: 5,
            object_px: 16,
            ..Clip::new(Kind::Object, made_up((64, 48)), (64, 48))
        };
        let mut score = Score::new(&clip);
        let dark = |n: usize| {
            let mut scene = clip.scene(n);
            for plane in &mut scene.planes {
                plane.data.iter_mut().for_each(|byte| *byte /= 2);
            }
            scene
        };
        for (n, by) in [1, 0, 4, 0, 4].into_iter().enumerate() {
            score.add(n, &lighter(&dark(n), by), &dark(n));
        }
        let (first, last) = score.still().unwrap();
        assert!((first - 48.1308).abs() < 1e-3);
        assert!((last - psnr_of(16.0)).abs() < 1e-9);
        assert!((score.moving().unwrap() - psnr_of(8.0)).abs() < 1e-9);
        assert!((score.deviation().unwrap() - 2.0).abs() < 1e-9);
    }
}
