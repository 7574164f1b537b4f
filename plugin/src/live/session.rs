//! Live use of one element: its model from READY to NULL, the time that its frames have, what to do
//! with them, and the figures.
//!
//! Locks are held only briefly, never while computing or posting. Called by the virtual functions
//! of the elements and by their work on frames.

use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ddrmjpeg::Error;
use ddrmjpeg::restore::Report;
use gst::prelude::*;
use gst::{ClockTime, ClockTimeDiff, StateChange, StateChangeError};

use super::ladder::Rung;
use super::loading::{Loader, Unready};
use super::pace::Pace;
use super::shortfall::{REMEDY, Shortfall};
use super::timing::{Timing, Upstream};
use super::verdict::Verdict;
use crate::enums::LatePolicy;
use crate::errors::{self, Failure};
use crate::registry::Opened;
use crate::settings::ElementOptions;

/// What is known about a frame when it arrives.
#[derive(Clone, Debug, Default)]
pub struct Arrival {
    /// Its time stamp.
    pub pts: Option<ClockTime>,
    /// Its duration.
    pub duration: Option<ClockTime>,
    /// When it is due.
    pub running: Option<ClockTime>,
    /// Its position in the stream.
    pub stream: Option<ClockTime>,
}

impl Arrival {
    /// The arrival of a frame with these times in `segment`.
    pub fn new(
        pts: Option<ClockTime>,
        duration: Option<ClockTime>,
        segment: &gst::Segment,
    ) -> Self {
        let segment = segment.downcast_ref::<ClockTime>();
        Self {
            pts,
            duration,
            running: segment.and_then(|segment| segment.to_running_time(pts)),
            stream: segment.and_then(|segment| segment.to_stream_time(pts)),
        }
    }
}

/// What an element holds for live use.
#[derive(Default)]
pub struct Live {
    loader: Loader,
    /// Loader of the smaller model that takes over if the other cannot keep up; opened when that
    /// happens.
    lesser: Loader,
    timing: Mutex<Timing>,
    pace: Mutex<Pace>,
}

impl Live {
    /// What a state change needs before it reaches the base class. Invalid options, or a model that
    /// cannot be opened, refuse it.
    ///
    /// # Errors
    /// If it is refused; a message has been posted.
    pub fn before(
        &self,
        element: &gst::Element,
        transition: StateChange,
        options: impl FnOnce() -> ddrmjpeg::Result<ElementOptions>,
    ) -> Result<(), StateChangeError> {
        match transition {
            StateChange::NullToReady => {}
            StateChange::ReadyToPaused if self.loader.take_failure() => {
                return Err(StateChangeError);
            }
            StateChange::ReadyToPaused => {}
            _ => return Ok(()),
        }
        let options = options().map_err(|error| {
            element.post_error_message(errors::message("Cannot get ready", &error));
            StateChangeError
        })?;
        self.loader.begin(element, options);
        Ok(())
    }

    /// What a state change needs afterwards.
    pub fn after(&self, element: &gst::Element, transition: StateChange) {
        if transition == StateChange::ReadyToNull {
            self.loader.close(element);
            self.lesser.close(element);
        }
    }

    /// Forgets an earlier stream.
    pub fn start(&self) {
        *lock(&self.timing) = Timing::default();
        *lock(&self.pace) = Pace::default();
    }

    /// Forgets all frames up to now.
    pub fn flush(&self) {
        lock(&self.timing).flush();
    }

    /// Makes a frame that waits for the model check its `cancel` again.
    pub fn wake(&self) {
        self.loader.wake();
        self.lesser.wake();
    }

    /// Asks upstream, once per stream, whether it is live.
    pub fn ask_upstream(&self, pad: &gst::Pad) {
        if lock(&self.timing).upstream.is_some() {
            return;
        }
        let mut query = gst::query::Latency::new();
        let (live, min) = match pad.peer_query(&mut query) {
            true => (query.result().0, query.result().1),
            false => (false, ClockTime::ZERO),
        };
        lock(&self.timing).upstream = Some(Upstream { live, min });
    }

    /// Stores what downstream says about time.
    pub fn hear(&self, element: &gst::Element, event: &gst::EventRef) {
        match event.view() {
            gst::EventView::Qos(qos) => {
                let (_, proportion, jitter, timestamp) = qos.get();
                if let Some(timestamp) = timestamp {
                    let now = element.current_running_time();
                    lock(&self.timing).sink_got(proportion, jitter, timestamp, now);
                }
            }
            gst::EventView::Latency(latency) => lock(&self.timing).configured(latency.latency()),
            _ => {}
        }
    }

    /// The options with which the requested model is opened.
    pub fn opening(&self) -> ElementOptions {
        self.loader.options().unwrap_or_default()
    }

    /// Decides about a frame of this size with the options `asked`; also returns the time left for
    /// it.
    pub fn judge(
        &self,
        element: &gst::Element,
        policy: LatePolicy,
        asked: &ElementOptions,
        size: (u32, u32),
        arrival: &Arrival,
    ) -> (Verdict, Option<ClockTimeDiff>) {
        let playing = element.current_state() == gst::State::Playing;
        let now = element.current_running_time().filter(|_| playing);
        let mut pace = lock(&self.pace);
        let own = clock_time(pace.claimed());
        let timing = lock(&self.timing);
        let left = arrival
            .running
            .and_then(|running| timing.left(policy, running, now, own));
        drop(timing);
        pace.receive(left.is_some(), asked, size, arrival);
        let rungs = pace.rungs(asked);
        if let Some(rung) = rungs.first().filter(|rung| rung.is_lesser(asked)) {
            self.lesser.begin(element, rung.options.clone());
        }
        (pace.judge(policy, rungs, left), left)
    }

    /// The model of a rung, for a frame with this much time; see [`Loader::wait`].
    ///
    /// # Errors
    /// Why there is none.
    pub fn model(
        &self,
        rung: &Rung,
        asked: &ElementOptions,
        cancel: &AtomicBool,
        left: Option<ClockTimeDiff>,
    ) -> Result<Opened, Unready> {
        let time = left.map(|left| Duration::from_nanos(u64::try_from(left).unwrap_or(0)));
        let loader = match rung.is_lesser(asked) {
            true => &self.lesser,
            false => &self.loader,
        };
        loader.wait(cancel, time.map(|time| Instant::now() + time))
    }

    /// Counts a frame that went through the core. Returns the latency if it has changed.
    pub fn done(
        &self,
        policy: LatePolicy,
        rung: &Rung,
        asked: &ElementOptions,
        report: &Report,
        took: Duration,
    ) -> Option<ClockTime> {
        let claimed = lock(&self.pace).done(policy, rung, asked, report, took);
        claimed.map(clock_time)
    }

    /// Counts a frame that is given up because it is late.
    pub fn gave_up(&self) {
        lock(&self.pace).tally.late += 1;
    }

    /// Warns, once for each kind, that frames are restored less, or not at all, because time is
    /// short.
    pub fn warn(&self, element: &gst::Element, shortfall: Shortfall) {
        let news = lock(&self.pace).warned.is_news(shortfall);
        if news {
            gst::element_warning!(
                element,
                gst::CoreError::Clock,
                ("{}", shortfall.text()),
                ["{REMEDY}"]
            );
        }
    }

    /// Posts a QOS message for a frame that is only partly restored, or dropped; `counts` are
    /// frames done and dropped.
    pub fn tell(
        &self,
        element: &gst::Element,
        arrival: &Arrival,
        left: Option<ClockTimeDiff>,
        share: f64,
        counts: (u64, u64),
    ) {
        let timing = lock(&self.timing).clone();
        let message = gst::message::Qos::builder(timing.is_live())
            .src(element)
            .running_time(arrival.running)
            .stream_time(arrival.stream)
            .timestamp(arrival.pts)
            .duration(arrival.duration)
            .values(-left.unwrap_or(0), timing.proportion, (share * 1e6) as i32)
            .stats(
                gst::format::Buffers::from_u64(counts.0),
                gst::format::Buffers::from_u64(counts.1),
            )
            .build();
        // Fails only without a bus.
        let _ = element.post_message(message);
    }

    /// The latency that the element adds.
    pub fn latency(&self) -> ClockTime {
        clock_time(lock(&self.pace).claimed())
    }

    /// Adds the figures of live use to those of `stats`.
    pub fn complete(&self, stats: &mut gst::StructureRef) {
        stats.set("precision", self.loader.precision().unwrap_or_default());
        let pace = lock(&self.pace);
        pace.tally.write(stats, pace.claimed());
    }

    /// Whether it is time to post figures if they are posted every `interval` nanoseconds; 0:
    /// never.
    pub fn is_due(&self, interval: u64) -> bool {
        let mut pace = lock(&self.pace);
        let interval = Duration::from_nanos(interval);
        let due = !interval.is_zero() && pace.told.is_none_or(|told| told.elapsed() >= interval);
        if due {
            pace.told = Some(Instant::now());
        }
        due
    }
}

/// What happens to a frame without a model.
impl From<Unready> for Failure {
    fn from(why: Unready) -> Self {
        match why {
            Unready::Cancelled | Unready::Late => Self::Flow(gst::FlowError::Flushing),
            // A message has been posted.
            Unready::Failed => Self::Flow(gst::FlowError::Error),
            Unready::Closed => Self::Core(Error::Backend("a frame before the start".into())),
        }
    }
}

fn clock_time(duration: Duration) -> ClockTime {
    ClockTime::try_from(duration).unwrap_or(ClockTime::ZERO)
}

/// A panic elsewhere leaves the data behind these locks consistent.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
