//! What the restoring elements do alike: their changes of state, what is decided about a frame that
//! arrives, and what the application learns of it.
//!
//! An element says in [`Restoring`] where it keeps things; the rest of the trait follows from that.
//! Each method takes one lock at a time, and none while it computes or posts.

use std::sync::MutexGuard;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ddrmjpeg::RestoreOptions;
use ddrmjpeg::restore::Report;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst::{ClockTime, ClockTimeDiff, StateChange, StateChangeError, StateChangeSuccess};

use crate::counts::Counts;
use crate::enums::LatePolicy;
use crate::live::{Arrival, Live, Rung, Shortfall, Unready, Verdict};
use crate::registry::Opened;
use crate::settings::{ElementOptions, Settings};

/// What was asked for a frame when it arrived, and the time that it has.
#[derive(Debug)]
pub struct Task {
    /// With which options to restore it.
    pub asked: ElementOptions,
    /// What to do if there is not enough time.
    pub policy: LatePolicy,
    /// Time left, in nanoseconds.
    pub left: Option<ClockTimeDiff>,
    /// When it arrived.
    pub arrival: Arrival,
}

/// A restoring element.
pub trait Restoring: ElementImpl + ObjectSubclass<Type: IsA<gst::Element>> {
    /// The values of its properties.
    fn settings(&self) -> MutexGuard<'_, Settings>;

    /// Its model, and the time that frames have.
    fn live(&self) -> &Live;

    /// While true, the current frame stops before its next network call.
    fn cancel(&self) -> &AtomicBool;

    /// The base class's property `qos`: whether downstream may say that frames are late.
    fn qos_enabled(&self) -> bool;

    /// Reads or changes its counts.
    fn count<T>(&self, with: impl FnOnce(&mut Counts) -> T) -> T;

    /// The figures of its own, and its counts.
    fn own_figures(&self) -> gst::Structure;

    /// Forgets what was kept from earlier frames.
    fn forget(&self);

    /// The value of the property `stats`.
    fn figures(&self) -> gst::Structure {
        let mut stats = self.own_figures();
        self.live().complete(&mut stats);
        stats
    }

    /// Posts the figures if `stats-interval` says that it is time, or if `always`.
    fn post_figures(&self, always: bool) {
        let interval = self.settings().stats_interval;
        if interval == 0 || !(self.live().is_due(interval) || always) {
            return;
        }
        let element = self.element();
        let message = gst::message::Element::builder(self.figures());
        // Fails only without a bus.
        let _ = element.post_message(message.src(&element).build());
    }

    /// It as any element.
    fn element(&self) -> gst::Element {
        self.obj().clone().upcast()
    }

    /// Posts an ERROR.
    fn post(&self, message: gst::ErrorMessage) {
        self.element().post_error_message(message);
    }

    /// A change of state: the model is opened and closed with it, and a frame in work is abandoned.
    ///
    /// # Errors
    /// If the options are invalid or the model cannot be opened; a message has been posted.
    fn changing_state(
        &self,
        transition: StateChange,
    ) -> Result<StateChangeSuccess, StateChangeError> {
        let element = &self.element();
        let options = || self.settings().options();
        self.live().before(element, transition, options)?;
        if transition == StateChange::PausedToReady {
            self.interrupt();
        }
        let changed = self.parent_change_state(transition);
        self.live().after(element, transition);
        changed
    }

    /// Starts a stream.
    fn begin(&self) {
        self.cancel().store(false, Ordering::Relaxed);
        self.live().start();
    }

    /// Stops the current frame, or one that waits for the model.
    fn interrupt(&self) {
        self.cancel().store(true, Ordering::Relaxed);
        self.live().wake();
    }

    /// What a flush means for the frames of the stream.
    fn heed_flush(&self, event: &gst::EventRef) {
        match event.view() {
            gst::EventView::FlushStart(_) => self.interrupt(),
            gst::EventView::FlushStop(_) => {
                self.cancel().store(false, Ordering::Relaxed);
                self.forget();
                self.live().flush();
            }
            _ => {}
        }
    }

    /// The policy for late frames at present.
    fn late_policy(&self) -> LatePolicy {
        match self.qos_enabled() {
            true => self.settings().late_policy,
            false => LatePolicy::Process,
        }
    }

    /// Decides what to do with a frame of this size that arrives at `pad`.
    fn judge(&self, pad: &gst::Pad, size: (u32, u32), arrival: Arrival) -> (Verdict, Task) {
        let policy = self.late_policy();
        let asked = self.settings().over(&self.live().opening());
        self.live().ask_upstream(pad);
        let (verdict, left) = self
            .live()
            .judge(&self.element(), policy, &asked, size, &arrival);
        let task = Task {
            asked,
            policy,
            left,
            arrival,
        };
        (verdict, task)
    }

    /// The model to restore a frame with. Late frames that may pass do not wait longer for it than
    /// they have time.
    ///
    /// # Errors
    /// Why there is none.
    fn model_for(&self, task: &Task, rung: &Rung) -> Result<Opened, Unready> {
        let wait = task.left.filter(|_| task.policy == LatePolicy::Passthrough);
        self.live().model(rung, &task.asked, self.cancel(), wait)
    }

    /// The options of a frame, by the properties at present.
    fn options_for(&self, rung: &Rung, opened: &Opened) -> RestoreOptions {
        rung.of(self.settings().over(&opened.options).restore)
    }

    /// Counts a restored frame, and says what it lacks for want of time. Returns the latency if it
    /// has changed.
    fn restored(
        &self,
        task: &Task,
        rung: &Rung,
        report: &Report,
        took: Duration,
    ) -> Option<ClockTime> {
        let latency = self
            .live()
            .done(task.policy, rung, &task.asked, report, took);
        if let Some(shortfall) = Shortfall::of(rung, &task.asked) {
            self.live().warn(&self.element(), shortfall);
            self.tell_quality(task, rung.share);
        }
        latency
    }

    /// Counts a frame that is given up because it is late, and says so once.
    fn give_up(&self, what: Shortfall) {
        self.live().gave_up();
        self.live().warn(&self.element(), what);
    }

    /// Posts a QOS message for a frame that is restored in part, to the share `quality`.
    fn tell_quality(&self, task: &Task, quality: f64) {
        let counts = self.count(|counts| (counts.frames - counts.dropped, counts.dropped));
        self.live()
            .tell(&self.element(), &task.arrival, task.left, quality, counts);
    }
}
