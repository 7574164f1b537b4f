//! The cost of a frame, from the last restored frames, and the latency that follows from it.
//!
//! Pure arithmetic. Called by `pace`.

use std::collections::VecDeque;
use std::time::Duration;

/// The estimate is the median of this many frames, so that a single slow one does not change it.
const WINDOW: usize = 9;
/// Factor on the estimate if it is a promise, because frames differ.
const MARGIN: f64 = 1.5;
/// Latency is reported in steps, because the pipeline recalculates its latency at each change.
const STEP: Duration = Duration::from_millis(5);

/// The cost of frames.
#[derive(Clone, Debug, Default)]
pub struct Cost {
    /// Costs of the last frames in seconds, each scaled to all of the requested work.
    recent: VecDeque<f64>,
    /// Whether the first frame, which warms everything up, has been seen.
    warm: bool,
    /// The latency reported.
    latency: Duration,
}

impl Cost {
    /// Adds a frame that took `took` for `share` of the requested work. The first one is not
    /// counted.
    pub fn add(&mut self, took: Duration, share: f64) {
        if !std::mem::replace(&mut self.warm, true) {
            return;
        }
        if self.recent.len() == WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(took.as_secs_f64() / share.max(1e-3));
    }

    /// What `share` of the work will take; `None` while that is unknown.
    pub fn estimate(&self, share: f64) -> Option<Duration> {
        let mut sorted: Vec<f64> = self.recent.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        let median = sorted.get(sorted.len() / 2)?;
        Duration::try_from_secs_f64(median * share).ok()
    }

    /// Forgets the cost, because the frame size or the requested work has changed.
    pub fn forget(&mut self) {
        self.recent.clear();
        self.warm = false;
    }

    /// The latency to report if at least `share` of the work has to be done. It grows with the
    /// estimate and never shrinks, so that the pipeline settles.
    pub fn latency(&mut self, share: f64) -> Duration {
        if let Some(cost) = self.estimate(share) {
            let steps = cost.as_secs_f64() * MARGIN / STEP.as_secs_f64();
            let needed = STEP.saturating_mul(steps.ceil().clamp(1.0, 1e9) as u32);
            let known = self.recent.len() > 1 || self.latency.is_zero();
            if known && cost > self.latency {
                self.latency = needed;
            }
        }
        self.latency
    }

    /// The last reported latency.
    pub fn claimed(&self) -> Duration {
        self.latency
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn the_estimate_is_the_median_without_the_first_frame() {
        let mut cost = Cost::default();
        cost.add(ms(900), 1.0);
        assert_eq!(cost.estimate(1.0), None);
        for n in [20, 30, 700] {
            cost.add(ms(n), 1.0);
        }
        assert_eq!(cost.estimate(1.0), Some(ms(30)));
        assert_eq!(cost.estimate(0.5), Some(ms(15)));
        // Half of the work in 20 ms means all of it in 40.
        cost.forget();
        for _ in 0..4 {
            cost.add(ms(20), 0.5);
        }
        assert_eq!(cost.estimate(1.0), Some(ms(40)));
    }

    #[test]
    fn latency_covers_the_estimate_and_comes_to_rest() {
        let mut cost = Cost::default();
        assert_eq!(cost.latency(1.0), Duration::ZERO);
        for n in [100, 21, 20, 22, 24, 19, 20, 26, 23] {
            cost.add(ms(n), 1.0);
            cost.latency(1.0);
        }
        // 1.5 · 21 ms in steps of 5, reported once.
        assert_eq!(cost.claimed(), ms(35));
        for _ in 0..9 {
            cost.add(ms(60), 1.0);
            cost.latency(1.0);
        }
        assert_eq!(cost.claimed(), ms(90));
        for _ in 0..9 {
            cost.add(ms(1), 1.0);
            cost.latency(1.0);
        }
        assert_eq!(cost.claimed(), ms(90));
    }
}
