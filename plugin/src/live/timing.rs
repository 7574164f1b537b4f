//! What is known of time: when the sink last got a frame (QOS), what latency the pipeline has
//! settled on (LATENCY), whether the source is live.
//!
//! From these the time that is left for a frame. Times are running times. Written by events and
//! queries, read by `session`.

use gst::{ClockTime, ClockTimeDiff};

use crate::enums::LatePolicy;

/// What sink, pipeline and source have said.
#[derive(Clone, Debug, Default)]
pub struct Timing {
    /// Frames up to this time are late, as the sink's last QOS event has it.
    earliest: Option<ClockTimeDiff>,
    /// How much slower than needed frames arrive at the sink.
    pub proportion: f64,
    /// How long after its running time the sink shows a frame, as that event shows.
    shown_after: Option<ClockTimeDiff>,
    /// The latency of the whole pipeline, once that is distributed.
    configured: Option<ClockTime>,
    /// Whether the source is live, and the latency in front of this element.
    pub upstream: Option<Upstream>,
}

/// What a LATENCY query of the source says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Whether it is live.
    pub live: bool,
    /// Least latency.
    pub min: ClockTime,
}

impl Timing {
    /// Takes note of a QOS event that comes at the time `now`: the sink got the frame of
    /// `timestamp` late by `jitter`; negative: early, and it has waited.
    ///
    /// A sink that does not keep time may send events too, and says 0 in them.
    pub fn sink_got(
        &mut self,
        proportion: f64,
        jitter: ClockTimeDiff,
        timestamp: ClockTime,
        now: Option<ClockTime>,
    ) {
        if jitter == 0 {
            self.flush();
            return;
        }
        let timestamp = signed(timestamp);
        self.earliest = Some(timestamp.saturating_add(jitter));
        self.shown_after = now.map(|now| signed(now) - timestamp - jitter.max(0));
        self.proportion = proportion;
    }

    /// Takes note of a LATENCY event.
    pub fn configured(&mut self, latency: ClockTime) {
        self.configured = Some(latency);
    }

    /// What was said of frames that are gone is forgotten.
    pub fn flush(&mut self) {
        self.earliest = None;
        self.shown_after = None;
        self.proportion = 1.0;
    }

    /// Whether frames come from a live source.
    pub fn is_live(&self) -> bool {
        self.upstream.is_some_and(|upstream| upstream.live)
    }

    /// How much time is left for the frame of `running` at the time `now`; negative when it is
    /// late. `None`: it has all the time in the world. `own` is the latency that this element
    /// claims for itself.
    ///
    /// A sink that keeps time sends QOS events. When it sends none, nobody waits for frames,
    /// unless they come live and must not pile up: but they may only be dropped for that if
    /// the application asked for it.
    pub fn left(
        &self,
        policy: LatePolicy,
        running: ClockTime,
        now: Option<ClockTime>,
        own: ClockTime,
    ) -> Option<ClockTimeDiff> {
        let keeps_pace = policy == LatePolicy::Passthrough && self.is_live();
        if policy == LatePolicy::Process || (self.earliest.is_none() && !keeps_pace) {
            return None;
        }
        let by_sink = self.earliest.map(|earliest| signed(running) - earliest);
        let by_clock = now.map(|now| signed(running) + self.allowance(own) - signed(now));
        match (by_sink, by_clock) {
            (Some(sink), Some(clock)) => Some(sink.min(clock)),
            (sink, clock) => sink.or(clock),
        }
    }

    /// How long after its running time a frame may leave. A sink that keeps time shows when; where
    /// there is none this element holds to what it claimed, or to the pipeline's latency.
    fn allowance(&self, own: ClockTime) -> ClockTimeDiff {
        let configured = self.configured.map_or(0, signed);
        if self.earliest.is_some() {
            return self.shown_after.unwrap_or(configured);
        }
        let before = self.upstream.map_or(0, |upstream| signed(upstream.min));
        configured.max(before + signed(own))
    }
}

fn signed(time: ClockTime) -> ClockTimeDiff {
    ClockTimeDiff::try_from(time.nseconds()).unwrap_or(ClockTimeDiff::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> ClockTime {
        ClockTime::from_mseconds(n)
    }

    fn live() -> Timing {
        Timing {
            upstream: Some(Upstream {
                live: true,
                min: ms(10),
            }),
            ..Timing::default()
        }
    }

    /// In milliseconds.
    fn left(timing: &Timing, policy: LatePolicy, running: u64, now: u64) -> Option<i64> {
        let left = timing.left(policy, ms(running), Some(ms(now)), ms(30));
        left.map(|ns| ns / 1_000_000)
    }

    #[test]
    fn nobody_waits_where_no_sink_keeps_time() {
        let file = Timing::default();
        for policy in [LatePolicy::Drop, LatePolicy::Passthrough] {
            assert_eq!(left(&file, policy, 100, 900), None);
        }
        // A live source: only where the application asked to keep pace with it.
        assert_eq!(left(&live(), LatePolicy::Drop, 100, 900), None);
        assert_eq!(left(&live(), LatePolicy::Passthrough, 100, 120), Some(20));
        assert_eq!(left(&live(), LatePolicy::Process, 100, 900), None);
    }

    #[test]
    fn a_sink_that_keeps_time_and_the_clock_both_count() {
        let mut timing = live();
        // The frame of 80 ms came 5 ms early, and was shown 60 ms after its time.
        timing.sink_got(1.0, -5_000_000, ms(80), Some(ms(140)));
        assert_eq!(left(&timing, LatePolicy::Drop, 120, 100), Some(45));
        assert_eq!(left(&timing, LatePolicy::Drop, 120, 150), Some(30));
        assert_eq!(left(&timing, LatePolicy::Drop, 75, 100), Some(0));
        assert_eq!(left(&timing, LatePolicy::Process, 75, 100), None);
        // Late by 20 ms: it was to be shown after 60 as well.
        timing.sink_got(1.0, 20_000_000, ms(80), Some(ms(160)));
        assert_eq!(left(&timing, LatePolicy::Drop, 200, 165), Some(95));
        timing.flush();
        assert_eq!(left(&timing, LatePolicy::Drop, 75, 100), None);
    }

    #[test]
    fn events_of_a_sink_that_keeps_no_time_make_nothing_late() {
        let mut timing = live();
        timing.sink_got(1.0, 0, ms(80), Some(ms(500)));
        assert_eq!(left(&timing, LatePolicy::Drop, 120, 900), None);
        assert_eq!(left(&timing, LatePolicy::Passthrough, 100, 120), Some(20));
    }
}
