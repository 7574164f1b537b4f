//! What a call of each network and each stage around it costs, compared with the speed of a bare
//! convolution on this machine at this moment.
//!
//! Pictures are synthetic, and weights random unless they are built in: this measures time, not
//! quality. Things that are compared take turns, so that a busy machine affects all of them alike.
//! Called by `ddrmjpeg bench` and by benches/.

mod engines;
mod follow;
mod live;
#[cfg(feature = "torch")]
mod networks;
pub mod peak_memory;
mod picture;
mod stages;
mod streams;
pub mod video;
mod walks;

use std::time::Instant;

pub use crate::bench::engines::{EngineRow, Engines, engines};
pub use crate::bench::follow::{FollowRow, follow};
pub use crate::bench::live::{LiveRow, live};
#[cfg(feature = "torch")]
pub use crate::bench::networks::{NetworkRow, Peak, batching, networks, peak};
pub use crate::bench::picture::{jpeg, made_up};
pub use crate::bench::stages::{PresetRow, StageRow, presets, sizes, stages};
pub use crate::bench::streams::{StreamsRow, streams};
pub use crate::bench::walks::{WalkRow, walks};

pub use crate::families::{Arithmetic, Family};
pub use ddrmjpeg::runtime::multiplies::Shape;

use ddrmjpeg::error::Result;
use ddrmjpeg::options::{ModelOptions, RestoreOptions};

/// What is measured.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Width and height in pixels of the picture for stages, presets, lean and nano. The published
    /// networks get 256x256.
    pub size: (usize, usize),
    /// How often everything is run; the fastest run counts.
    pub rounds: usize,
    /// Device, precision and threads.
    pub model: ModelOptions,
    /// Size of a tile.
    pub restore: RestoreOptions,
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
