//! What a frame costs, from the frames that were restored last, and the latency that follows.
//!
//! Pure arithmetic. Called by `session`.

use std::collections::VecDeque;
use std::time::Duration;

/// Frames that the estimate is the median of: a single slow one does not change it.
const WINDOW: usize = 9;
/// What is added to the estimate where it is a promise: frames differ.
const MARGIN: f64 = 1.5;
/// Latency is claimed in steps, since each change makes the pipeline settle anew.
const STEP: Duration = Duration::from_millis(5);

/// The cost of frames.
#[derive(Clone, Debug, Default)]
pub struct Cost {
    /// Costs of the last frames, each as if all of the work asked for had been done, in seconds.
    recent: VecDeque<f64>,
    /// Whether the first frame, which warms everything up, has been seen.
    warm: bool,
    /// The latency claimed.
    latency: Duration,
}

impl Cost {
    /// Takes note of a frame that took `took` for `share` of the work asked for. The first is
    /// not counted.
    pub fn add(&mut self, took: Duration, share: f64) {
        if !std::mem::replace(&mut self.warm, true) {
            return;
        }
        if self.recent.len() == WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(took.as_secs_f64() / share.max(1e-3));
    }

    /// What `share` of the work will take; `None` as long as nobody knows.
    pub fn estimate(&self, share: f64) -> Option<Duration> {
        let mut sorted: Vec<f64> = self.recent.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        let median = sorted.get(sorted.len() / 2)?;
        Duration::try_from_secs_f64(median * share).ok()
    }

    /// Frames are of another size, or other work is asked for: what they cost is not known.
    pub fn forget(&mut self) {
        self.recent.clear();
        self.warm = false;
    }

    /// The latency to be claimed when at least `share` of the work is to be done: grows with
    /// the estimate, and does not shrink, so that the pipeline comes to rest.
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

    /// The latency claimed last.
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
        // Half of the work in 20 ms is all of it in 40.
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
        // 1.5 · 21 ms in steps of 5, claimed once.
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
