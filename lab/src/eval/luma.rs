//! Luma of an 8-bit picture, for the metrics that are defined on one plane.

use ddrmjpeg::error::{Error, Result};
use ddrmjpeg::frame::{PixelModel, Planar8};

/// One plane of luma in 8-bit units.
pub(crate) struct Luma {
    pub width: usize,
    pub height: usize,
    pub data: Vec<f64>,
}

impl Luma {
    /// Y of RGB (BT.601, full range, not rounded), or the first plane of anything else.
    pub fn of(picture: &Planar8) -> Self {
        let (width, height) = (picture.width(), picture.height());
        let planes = &picture.planes;
        let data = match picture.model {
            PixelModel::Rgb => (0..width * height)
                .map(|i| {
                    let [r, g, b] = [0, 1, 2].map(|c: usize| f64::from(planes[c].data[i]));
                    0.299 * r + 0.587 * g + 0.114 * b
                })
                .collect(),
            _ => planes[0].data.iter().map(|&v| f64::from(v)).collect(),
        };
        Self {
            width,
            height,
            data,
        }
    }

    /// Both lumas of a pair of equal size, at least `side_px` on a side.
    ///
    /// # Errors
    /// [`Error::Input`] if they differ in size or are smaller.
    pub fn pair(a: &Planar8, b: &Planar8, side_px: usize, metric: &str) -> Result<(Self, Self)> {
        let (a, b) = (Self::of(a), Self::of(b));
        if (a.width, a.height) != (b.width, b.height) {
            return Err(Error::Input(format!(
                "{metric}: {} x {} against {} x {}: only equal sizes compare",
                a.width, a.height, b.width, b.height
            )));
        }
        if a.width.min(a.height) < side_px {
            return Err(Error::Input(format!(
                "{metric}: {} x {}: must be at least {side_px} on a side",
                a.width, a.height
            )));
        }
        Ok((a, b))
    }

    /// Filtered by the odd, symmetric `kernel` along rows and columns, only where the whole kernel
    /// fits.
    pub fn filtered(&self, kernel: &[f64]) -> Self {
        let (width, height) = (
            self.width + 1 - kernel.len(),
            self.height + 1 - kernel.len(),
        );
        let along = |at: &dyn Fn(usize) -> f64| -> f64 {
            kernel.iter().enumerate().map(|(k, w)| w * at(k)).sum()
        };
        let mut rows = Vec::with_capacity(width * self.height);
        for row in self.data.chunks_exact(self.width) {
            rows.extend(row.windows(kernel.len()).map(|w| along(&|k| w[k])));
        }
        let mut data = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                data.push(along(&|k| rows[(y + k) * width + x]));
            }
        }
        Self {
            width,
            height,
            data,
        }
    }

    /// Combined with `other` of the same size, sample by sample.
    pub fn zip(&self, other: &Self, with: impl Fn(f64, f64) -> f64) -> Self {
        let pairs = self.data.iter().zip(&other.data);
        Self {
            width: self.width,
            height: self.height,
            data: pairs.map(|(&a, &b)| with(a, b)).collect(),
        }
    }

    /// The mean of all samples.
    pub fn mean(&self) -> f64 {
        self.data.iter().sum::<f64>() / self.data.len().max(1) as f64
    }
}

/// A Gaussian of `taps` samples that sum to 1.
pub(crate) fn gaussian(taps: usize, sigma_px: f64) -> Vec<f64> {
    let centre = (taps as f64 - 1.0) / 2.0;
    let weight = |i: usize| (-((i as f64 - centre) / sigma_px).powi(2) / 2.0).exp();
    let sum: f64 = (0..taps).map(weight).sum();
    (0..taps).map(|i| weight(i) / sum).collect()
}
