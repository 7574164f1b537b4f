//! How much the networks of this process multiply, and how long that takes: for benchmarks.
//!
//! Layers report every convolution and matrix product; the counters are only ever added to.
//! On CUDA, where calls return before their work is done, the time means nothing.

use std::sync::atomic::{AtomicU64, Ordering};
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
    /// All of it since the process began.
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

/// Runs `product`, which multiplies and adds `macs` times.
pub(super) fn product<R>(macs: i64, product: impl FnOnce() -> R) -> R {
    let start = Instant::now();
    let result = product();
    let spent = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    MACS.fetch_add(macs.unsigned_abs(), Ordering::Relaxed);
    NANOSECONDS.fetch_add(spent, Ordering::Relaxed);
    result
}

/// Multiply-adds of a convolution of `x` `[N, C, H, W]` by `weights` weights in all, with that
/// stride and padding that keeps the rest of the size.
pub(super) fn convolution(x: &[i64], weights: i64, stride: i64) -> i64 {
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
