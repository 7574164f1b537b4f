//! What a call of each network and each stage around it cost, beside what a bare convolution
//! reaches on this machine at this moment.
//!
//! Pictures are made up, weights random where they are not built in: this measures time, not
//! quality. Things that are compared take turns, so that a machine that is busy for a while
//! is busy for all of them. Called by `ddrmjpeg bench` and by benches/.

mod follow;
mod networks;
pub mod peak_memory;
mod picture;
mod stages;
mod streams;
pub mod video;
mod walks;

use std::time::Instant;

pub use crate::bench::follow::{FollowRow, follow};
pub use crate::bench::networks::{NetworkRow, Peak, batching, networks, peak};
pub use crate::bench::picture::{jpeg, made_up};
pub use crate::bench::stages::{PresetRow, StageRow, presets, sizes, stages};
pub use crate::bench::streams::{StreamsRow, streams};
pub use crate::bench::walks::{WalkRow, walks};

pub use crate::networks::{Arithmetic, Family, Shape};

use ddrmjpeg::error::Result;
use ddrmjpeg::options::Options;

/// What is measured.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Width and height in pixels of the picture that stages, presets and lean are given. The
    /// published networks see 256x256.
    pub size: (usize, usize),
    /// Times that everything is run; the fastest counts.
    pub rounds: usize,
    /// Device, precision and threads.
    pub options: Options,
}

/// Seconds that `work` took, and its result.
///
/// # Errors
/// Those of `work`.
pub fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(f64, T)> {
    let start = Instant::now();
    let result = work()?;
    Ok((start.elapsed().as_secs_f64(), result))
}

/// Seconds of the fastest of `rounds` runs.
fn fastest(rounds: usize, mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..rounds.max(1) {
        best = best.min(timed(&mut work)?.0);
    }
    Ok(best)
}
