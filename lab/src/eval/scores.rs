//! All metrics of one picture against its original, and their means over many.

use std::fmt;
use std::str::FromStr;

use crate::eval::{metrics, perceptual, psnr_b, ssim, texture};
use ddrmjpeg::error::{Error, Result};
use ddrmjpeg::frame::Planar8;

/// A figure of merit of a picture against its original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// PSNR in dB over all samples.
    Psnr,
    /// PSNR-B of luma in dB.
    PsnrB,
    /// SSIM of luma.
    Ssim,
    /// SSIMULACRA2.
    Ssimulacra2,
    /// Butteraugli distance; the lower the better.
    Butteraugli,
    /// High-frequency energy over the original's; the nearer to 1 the better.
    Texture,
}

impl Metric {
    /// All metrics, in the order of the tables.
    pub const ALL: [Self; 6] = [
        Self::Psnr,
        Self::PsnrB,
        Self::Ssim,
        Self::Ssimulacra2,
        Self::Butteraugli,
        Self::Texture,
    ];

    /// The name in tables and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Psnr => "psnr",
            Self::PsnrB => "psnr-b",
            Self::Ssim => "ssim",
            Self::Ssimulacra2 => "ssimulacra2",
            Self::Butteraugli => "butteraugli",
            Self::Texture => "texture",
        }
    }

    /// Significant digits after the decimal point.
    pub fn digits(self) -> usize {
        match self {
            Self::Ssim => 4,
            Self::Psnr | Self::PsnrB | Self::Butteraugli | Self::Texture => 3,
            Self::Ssimulacra2 => 2,
        }
    }

    /// Whether the figure `new` is better than `old`.
    pub fn better(self, new: f64, old: f64) -> bool {
        match self {
            Self::Butteraugli => new < old,
            Self::Texture => (new - 1.0).abs() < (old - 1.0).abs(),
            _ => new > old,
        }
    }

    /// The metric of `shown`, RGB or grey, against `clean`.
    ///
    /// # Errors
    /// [`Error::Input`] if the pictures differ in size or are too small for the metric.
    pub fn of(self, clean: &Planar8, shown: &Planar8) -> Result<f64> {
        match self {
            Self::Psnr => metrics::psnr(clean, shown),
            Self::PsnrB => psnr_b::psnr_b(clean, shown),
            Self::Ssim => ssim::ssim(clean, shown),
            Self::Ssimulacra2 => perceptual::ssimulacra2(clean, shown),
            Self::Butteraugli => perceptual::butteraugli(clean, shown),
            Self::Texture => texture::texture(clean, shown),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Metric {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|metric| metric.name() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::option(
                "metric",
                format_args!("{text:?}"),
                format!("one of {names}"),
            )
        })
    }
}

/// The figures of one picture, in the order of the metrics that were asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores(pub Vec<f64>);

impl Scores {
    /// `metrics` of `shown` against `clean`.
    ///
    /// # Errors
    /// Those of [`Metric::of`].
    pub fn of(metrics: &[Metric], clean: &Planar8, shown: &Planar8) -> Result<Self> {
        let each = metrics.iter().map(|metric| metric.of(clean, shown));
        each.collect::<Result<_>>().map(Self)
    }

    /// The means of `all`; `None` if it is empty.
    pub fn mean(all: &[Self]) -> Option<Self> {
        let first = all.first()?;
        let mean = |i: usize| all.iter().map(|s| s.0[i]).sum::<f64>() / all.len() as f64;
        Some(Self((0..first.0.len()).map(mean).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back_and_others_are_refused() {
        for metric in Metric::ALL {
            assert_eq!(metric.to_string().parse::<Metric>().unwrap(), metric);
        }
        let message = "vmaf".parse::<Metric>().unwrap_err().to_string();
        assert!(message.contains("vmaf") && message.contains("ssimulacra2"));
    }

    #[test]
    fn better_is_in_each_metrics_own_sense() {
        assert!(Metric::Psnr.better(31.0, 30.0));
        assert!(Metric::Butteraugli.better(1.0, 2.0));
        assert!(Metric::Texture.better(1.1, 0.8) && !Metric::Texture.better(1.3, 0.8));
    }

    #[test]
    fn means_are_of_each_column() {
        let all = [Scores(vec![1.0, 10.0]), Scores(vec![3.0, 30.0])];
        assert_eq!(Scores::mean(&all), Some(Scores(vec![2.0, 20.0])));
        assert_eq!(Scores::mean(&[]), None);
    }
}
