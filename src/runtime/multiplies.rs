//! Counts the multiply-adds of the networks in this process and the time that they take, for
//! benchmarks.
//!
//! Layers report every convolution and matrix product; the counters only grow. On CUDA, where calls
//! return before their work is done, the time has no meaning.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

static MACS: AtomicU64 = AtomicU64::new(0);
static NANOSECONDS: AtomicU64 = AtomicU64::new(0);

/// Convolutions and matrix products of networks so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Multiply-adds.
    pub macs: u64,
    /// Time inside them, in nanoseconds.
    pub nanoseconds: u64,
}

impl Work {
    /// Everything since the process started.
    pub fn so_far() -> Self {
        Self {
            macs: MACS.load(Ordering::Relaxed),
            nanoseconds: NANOSECONDS.load(Ordering::Relaxed),
        }
    }

    /// What has been added since `before`.
    pub fn since(before: Self) -> Self {
        let now = Self::so_far();
        Self {
            macs: now.macs - before.macs,
            nanoseconds: now.nanoseconds - before.nanoseconds,
        }
    }
}

/// One convolution with a square kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Pictures in one convolution.
    pub batch: i64,
    /// Channels in.
    pub channels: i64,
    /// Channels out.
    pub outputs: i64,
    /// Rows in.
    pub height: i64,
    /// Columns in.
    pub width: i64,
    /// Rows and columns of the kernel.
    pub side: i64,
    /// Pixels from one output to the next.
    pub stride: i64,
}

impl Shape {
    /// Its multiply-adds.
    pub fn macs(self) -> i64 {
        let size = [self.batch, self.channels, self.height, self.width];
        let weights = self.channels * self.outputs * self.side * self.side;
        convolution(&size, weights, self.stride)
    }
}

static NOTES: AtomicBool = AtomicBool::new(false);
static SHAPES: Mutex<Vec<Shape>> = Mutex::new(Vec::new());

/// The result of `work`, and the packed convolutions that were computed in this process meanwhile,
/// in order.
pub fn noting<R>(work: impl FnOnce() -> R) -> (R, Vec<Shape>) {
    let shapes = || SHAPES.lock().unwrap_or_else(PoisonError::into_inner);
    shapes().clear();
    NOTES.store(true, Ordering::Relaxed);
    let made = work();
    NOTES.store(false, Ordering::Relaxed);
    (made, std::mem::take(&mut *shapes()))
}

/// Records a packed convolution, if recording is on.
pub(crate) fn note(shape: impl FnOnce() -> Option<Shape>) {
    if NOTES.load(Ordering::Relaxed) {
        let mut shapes = SHAPES.lock().unwrap_or_else(PoisonError::into_inner);
        shapes.extend(shape());
    }
}

/// Runs `product`, which multiplies and adds `macs` times.
pub(crate) fn product<R>(macs: i64, product: impl FnOnce() -> R) -> R {
    let start = Instant::now();
    let result = product();
    let spent = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    MACS.fetch_add(macs.unsigned_abs(), Ordering::Relaxed);
    NANOSECONDS.fetch_add(spent, Ordering::Relaxed);
    result
}

/// Multiply-adds of a convolution of `x` `[N, C, H, W]` with `weights` weights in all, this stride,
/// and padding that otherwise keeps the size.
pub(crate) fn convolution(x: &[i64], weights: i64, stride: i64) -> i64 {
    match x {
        [n, _, h, w] => n * (h / stride) * (w / stride) * weights,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_adds_up() {
        let before = Work::so_far();
        assert_eq!(product(convolution(&[2, 3, 8, 6], 3 * 5 * 9, 2), || 7), 7);
        // Other tests of this process may add to it.
        assert!(Work::since(before).macs >= 2 * 4 * 3 * 135);
    }
}
