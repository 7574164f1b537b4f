//! One call of each network: time, multiply-adds, and the share of the time outside convolutions
//! and matrix products.

use std::collections::HashMap;
use std::sync::Arc;

use crate::bench::engines::call_size;
use crate::bench::{Arithmetic, Family, Settings, peak_memory, timed};
use crate::networks;
use ddrmjpeg::contract::{Denoiser, Hint};
use ddrmjpeg::error::Result;
use ddrmjpeg::frame::Picture;
use ddrmjpeg::runtime::multiplies;
use ddrmjpeg::runtime::multiplies::{Shape, Work};
use ddrmjpeg::sampler::schedule::published_alpha_bar;

/// Noise level of the calls: in the middle of every schedule.
const SIGMA: f64 = 0.3;

/// The speed of bare 3x3 convolutions with nothing else in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Peak {
    /// GFLOP/s of each of [`networks::SHAPES`], in their order; a multiply-add is two.
    pub gflops: Vec<(Shape, f64)>,
}

impl Peak {
    /// The best of them.
    pub fn best(&self) -> f64 {
        self.gflops
            .iter()
            .map(|(_, rate)| *rate)
            .fold(0.0, f64::max)
    }
}

/// Measures bare convolutions in the arithmetic of the options.
///
/// # Errors
/// [`ddrmjpeg::Error::Options`] for a device that is not there, [`ddrmjpeg::Error::Backend`].
pub fn peak(settings: &Settings) -> Result<Peak> {
    let gflops = networks::SHAPES.into_iter().map(|s| rate(s, settings));
    Ok(Peak {
        gflops: gflops.collect::<Result<_>>()?,
    })
}

fn rate(shape: Shape, settings: &Settings) -> Result<(Shape, f64)> {
    let seconds = networks::convolution(shape, 3 * settings.rounds, &settings.model)?;
    Ok((shape, 2e-9 * shape.macs() as f64 / seconds))
}

/// The speed of lean's convolutions at half the width and height of [`networks::SHAPES`], one
/// picture at a time and `batch` at once, in turns.
///
/// # Errors
/// As [`peak`].
pub fn batching(batch: i64, settings: &Settings) -> Result<Vec<[(Shape, f64); 2]>> {
    let small = networks::SHAPES.into_iter().take(3);
    let both = small.map(|shape| {
        let one = Shape {
            height: shape.height / 2,
            width: shape.width / 2,
            ..shape
        };
        Ok([
            rate(one, settings)?,
            rate(Shape { batch, ..one }, settings)?,
        ])
    });
    both.collect()
}

/// One network in one arithmetic.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkRow {
    /// Which.
    pub family: Family,
    /// In which arithmetic.
    pub arithmetic: Arithmetic,
    /// Width and height of its input.
    pub size: (usize, usize),
    /// Multiply-adds of a call, in units of 10^9.
    pub gmac: f64,
    /// Seconds of the fastest call, pictures in host memory to pictures in host memory.
    pub seconds: f64,
    /// Share of that call's time that was not in convolutions and matrix products.
    pub outside: f64,
    /// Seconds that its packed convolutions take one by one, with nothing else in memory, plus the
    /// rest of its products at the rate of the best bare convolution. `None` for networks without
    /// packed convolutions.
    pub bare_seconds: Option<f64>,
    /// Peak memory of the process during the calls, in bytes.
    pub peak_bytes: Option<u64>,
}

impl NetworkRow {
    /// GFLOP/s; a multiply-add is two.
    pub fn gflops(&self) -> f64 {
        2.0 * self.gmac / self.seconds
    }
}

/// Measures `family` in each of `arithmetics`, in turns. `peak` is from the same run.
///
/// # Errors
/// Those of opening and calling the networks.
pub fn networks(
    family: Family,
    arithmetics: &[Arithmetic],
    peak: &Peak,
    settings: &Settings,
) -> Result<Vec<NetworkRow>> {
    let alpha_bar = published_alpha_bar();
    let open = |&arithmetic: &Arithmetic| -> Result<Turn> {
        let denoiser = networks::open(family, arithmetic, &alpha_bar, &settings.model)?;
        let size = call_size(&*denoiser, settings.size);
        Ok(Turn::new(family, arithmetic, denoiser, size))
    };
    let mut turns = arithmetics.iter().map(open).collect::<Result<Vec<_>>>()?;
    // The first call packs weights and fills caches.
    for round in 0..=settings.rounds {
        for turn in &mut turns {
            turn.take(round > 0)?;
        }
    }
    for turn in &mut turns {
        turn.row.bare_seconds = turn.bare(peak.best(), settings)?;
    }
    Ok(turns.into_iter().map(|turn| turn.row).collect())
}

/// A network that takes turns with others.
struct Turn {
    denoiser: Arc<dyn Denoiser>,
    x: Picture,
    hint: Hint,
    row: NetworkRow,
}

impl Turn {
    fn new(
        family: Family,
        arithmetic: Arithmetic,
        denoiser: Arc<dyn Denoiser>,
        size: (usize, usize),
    ) -> Self {
        let x = Picture::new(3, size.0, size.1);
        Self {
            denoiser,
            hint: Hint {
                decoded: x.clone(),
                luma: [16; 64],
                chroma: [17; 64],
                subsampling: (2, 2),
            },
            x,
            row: NetworkRow {
                family,
                arithmetic,
                size,
                gmac: 0.0,
                seconds: f64::INFINITY,
                outside: 0.0,
                bare_seconds: None,
                peak_bytes: None,
            },
        }
    }

    fn call(&self) -> Result<Picture> {
        self.denoiser.denoise(&self.x, SIGMA, Some(&self.hint))
    }

    /// Seconds that its convolutions take alone; `best` is the rate of the best in GFLOP/s.
    fn bare(&self, best: f64, settings: &Settings) -> Result<Option<f64>> {
        let (made, shapes) = multiplies::noting(|| self.call());
        made?;
        if shapes.is_empty() {
            return Ok(None);
        }
        let mut counts = HashMap::new();
        let mut macs = 0;
        for shape in shapes {
            macs += shape.macs();
            *counts.entry(shape).or_insert(0u32) += 1;
        }
        let rest = 1e9 * self.row.gmac - macs as f64;
        let mut seconds = 2e-9 * rest.max(0.0) / best;
        for (shape, count) in counts {
            let one = networks::convolution(shape, 2 * settings.rounds, &settings.model)?;
            seconds += f64::from(count) * one;
        }
        Ok(Some(seconds))
    }

    fn take(&mut self, counts: bool) -> Result<()> {
        peak_memory::forget_peak();
        let before = Work::so_far();
        let (seconds, _) = timed(|| self.call())?;
        let work = Work::since(before);
        if counts && seconds < self.row.seconds {
            self.row.seconds = seconds;
            self.row.gmac = 1e-9 * work.macs as f64;
            self.row.outside = 1.0 - 1e-9 * work.nanoseconds as f64 / seconds;
            self.row.peak_bytes = peak_memory::peak();
        }
        Ok(())
    }
}
