//! What is known about time: when the sink last got a frame (QOS), the latency of the pipeline
//! (LATENCY), and whether the source is live.
//!
//! From these it computes the time left for a frame. Times are running times. Written by events and
//! queries, read by `session`.

use gst::{ClockTime, ClockTimeDiff};

use crate::enums::LatePolicy;

/// What sink, pipeline and source have reported.
#[derive(Clone, Debug, Default)]
pub struct Timing {
    /// Frames up to this time are late, by the sink's last QOS event.
    earliest: Option<ClockTimeDiff>,
    /// How much slower than needed frames arrive at the sink, as a factor.
    pub proportion: f64,
    /// How long after its running time the sink shows a frame, by the same event.
    shown_after: Option<ClockTimeDiff>,
    /// The latency of the whole pipeline, once it is distributed.
    configured: Option<ClockTime>,
    /// Whether the source is live, and the latency upstream of this element.
    pub upstream: Option<Upstream>,
}

/// The result of a LATENCY query to the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Whether it is live.
    pub live: bool,
    /// Least latency.
    pub min: ClockTime,
}

impl Timing {
    /// Handles a QOS event that arrives at the time `now`: the sink got the frame of `timestamp`
    /// late by `jitter`; if negative, the frame was early and has waited.
    ///
    /// A sink that does not keep time may send events too, with 0 in them.
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

    /// Handles a LATENCY event.
    pub fn configured(&mut self, latency: ClockTime) {
        self.configured = Some(latency);
    }

    /// Forgets what was reported about earlier frames.
    pub fn flush(&mut self) {
        self.earliest = None;
        self.shown_after = None;
        self.proportion = 1.0;
    }

    /// Whether frames come from a live source.
    pub fn is_live(&self) -> bool {
        self.upstream.is_some_and(|upstream| upstream.live)
    }

    /// How much time is left for the frame of `running` at the time `now`; negative if it is late.
    /// `None`: there is no limit. `own` is the latency that this element reports.
    ///
    /// A sink that keeps time sends QOS events. Without them there is no limit, unless the frames
    /// are live and must not pile up; they may be dropped for that only if the application asked
    /// for it.
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

    /// How long after its running time a frame may be output. A sink that keeps time reports it;
    /// without one, it is the latency that this element reported, or that of the pipeline.
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
        // A live source: a limit only if the application asked for it.
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
        // Late by 20 ms: it should have been shown after 60 as well.
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
