//! The two seams of the system, and what passes through them.
//!
//! A [`Denoiser`] knows what pictures look like; a [`Measurement`] knows what was seen of
//! this one. The sampler knows these two and nothing else: no channel counts, devices,
//! files or progress bars. Noise, progress and cancellation are passed in.
//!
//! What is known of a denoiser beside its mathematics is plain data: [`ModelFacts`].

pub mod facts;
pub mod gate_limits;
pub mod spread;

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};
use crate::frame::{Picture, Rect};

pub use crate::contract::facts::ModelFacts;
pub use crate::contract::spread::Spread;

/// 64 quantisation steps in natural order: entry `v * 8 + u` for horizontal frequency `u`.
pub type QuantSteps = [u16; 64];

/// How coarse a table is: the mean of log2 of its steps; 0 when all are 1.
pub fn mean_log2(steps: &QuantSteps) -> f64 {
    let log = |&step: &u16| f64::from(step.max(1)).log2();
    steps.iter().map(log).sum::<f64>() / 64.0
}

/// The decoded JPEG and what it was quantised with. A prior may ignore all of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Hint {
    /// The decoded JPEG, `[3, H, W]` in `[-1, 1]`, of the same size as the state.
    pub decoded: Picture,
    /// Steps of the first component.
    pub luma: QuantSteps,
    /// Steps of the second component; the first's for grey.
    pub chroma: QuantSteps,
    /// Luma samples per chroma sample, horizontally and vertically; (1, 1) for grey.
    pub subsampling: (usize, usize),
}

/// The level at which a prior that restores in one call is asked to: beyond every picture, so
/// that it answers from its hint without looking at its input.
pub const ONE_CALL_SIGMA: f64 = 20.0;

/// How far a denoiser looks, which decides how a large picture may be cut for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Convolutions only: a tile with `halo_px` around it, its corner on a multiple of
    /// `align_px`, gives the same pixels as the whole picture.
    Halo {
        /// Pixels needed around a tile.
        halo_px: usize,
        /// Alignment of tile corners and sizes.
        align_px: usize,
    },
    /// Norms or attention: every call sees exactly a square of this side.
    Window {
        /// Side of the square in pixels.
        side_px: usize,
    },
}

/// A learned (or trivial) idea of what pictures look like.
///
/// Every network becomes this: ε-networks, learned sigma, class guidance, the lean prior.
pub trait Denoiser: Send + Sync {
    /// The estimate of x0 given `x` = x0 + `sigma` · n.
    ///
    /// `x` is `[3, H, W]`, H and W multiples of 8, unscaled (variance exploding); the
    /// estimate has the same shape. `hint` may be ignored.
    ///
    /// # Errors
    /// [`Error::Backend`] when the network fails.
    fn denoise(&self, x: &Picture, sigma: f64, hint: Option<&Hint>) -> Result<Picture>;

    /// How far the estimate of one pixel depends on others.
    fn reach(&self) -> Reach;

    /// What is known of it besides what it computes. A denoiser around another returns the inner
    /// one's facts.
    fn facts(&self) -> &ModelFacts;

    /// Announces that so many pieces are about to be asked at once, so that they can be computed
    /// together. Only speed depends on it.
    fn expect(&self, _pieces: usize) {}

    /// One-call estimates of the frames of one stream, by a prior that can spare the work on
    /// what has not changed; `None` where it cannot, or restores in more calls than one.
    fn follower(&self) -> Option<Box<dyn Follower>> {
        None
    }
}

/// A prior's memory of the last frame of one stream.
pub trait Follower: Send {
    /// Brings `estimate`, the one-call answer to the last frame's hint, up to date with `hint`.
    ///
    /// `changed`: outside of these rectangles (corners and sizes on multiples of 4 pixels, or
    /// at the picture's end) the decoded picture is the last frame's, and tables and sampling
    /// are the last frame's altogether. A first frame, one of another size or with other
    /// tables is one rectangle that is all of it; `estimate` then holds nothing yet, but has its
    /// size.
    ///
    /// Afterwards `estimate` is, bit for bit, what the whole frame would have given. Returns
    /// where it may have changed.
    ///
    /// # Errors
    /// [`Error::Backend`] when the network fails; the next call must then name all as changed.
    fn follow(
        &mut self,
        hint: &Hint,
        changed: &[Rect],
        estimate: &mut Picture,
    ) -> Result<Vec<Rect>>;
}

/// How a measurement corrects an estimate; per measured coefficient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trust<'a> {
    /// To the nearest value that the measurement allows.
    Clamp,
    /// The mean of a Gaussian around the estimate truncated to what is allowed, of a spread that
    /// the estimate shows in each block by how far it leaves what is allowed there. As `Clamp`
    /// where a measurement has no blocks.
    Judged,
    /// The published step: the estimate's own quantised value is exchanged for the measured one.
    Swap,
    /// The mean of a Gaussian around the estimate, of that spread, truncated to what is allowed.
    Mean(&'a Spread),
}

/// What is known of the picture.
pub trait Measurement: Send + Sync {
    /// Corrects the estimate `x0`, `[3, H, W]`, in place.
    fn project(&self, x0: &mut Picture, trust: Trust<'_>);
}

/// Gaussian noise for the sampler, passed in so that it can be seeded, replayed or fixed.
pub trait NoiseSource {
    /// Fills `out` with unit Gaussian noise for the draw number `draw` (0, 1, 2, …).
    fn fill(&mut self, draw: u64, out: &mut Picture);
}

/// Progress out, cancellation in.
#[derive(Clone, Copy, Default)]
pub struct Control<'a> {
    /// When true, work stops before the next network call with [`Error::Cancelled`].
    pub cancel: Option<&'a AtomicBool>,
    /// Called with (network calls done, network calls in all).
    pub progress: Option<&'a (dyn Fn(usize, usize) + Sync)>,
}

impl Control<'_> {
    /// Reports `done` of `total`, and fails if the caller asked to stop.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when the caller asked to stop.
    pub fn step(&self, done: usize, total: usize) -> Result<()> {
        if let Some(report) = self.progress {
            report(done, total);
        }
        match self.cancel {
            Some(flag) if flag.load(Ordering::Relaxed) => Err(Error::Cancelled),
            _ => Ok(()),
        }
    }
}
