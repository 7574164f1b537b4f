//! The work on one element's frames: what they cost, which model restores them, and what to do with
//! the next one.
//!
//! State behind one of `session`'s locks; nothing here waits or posts messages. Called by
//! `session`.

use std::time::{Duration, Instant};

use ddrmjpeg::options::Preset;
use ddrmjpeg::restore::Report;
use gst::{ClockTime, ClockTimeDiff};

use super::cost::Cost;
use super::ladder::{self, Rung};
use super::session::Arrival;
use super::shortfall::Warned;
use super::tally::Tally;
use super::tier::{Pressure, Tier};
use super::verdict::{self, Verdict};
use crate::enums::LatePolicy;
use crate::settings::ElementOptions;

/// How long frames are given up in a row before one is tried anyway, at first and at most: each
/// failed attempt doubles it.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// The state of the work.
#[derive(Default)]
pub struct Pace {
    /// Cost of a frame with the requested model.
    cost: Cost,
    /// Cost of a frame with the smaller model.
    lesser: Cost,
    /// Estimate of `cost` from the first frame.
    first: Option<Duration>,
    /// The work and the frames to which the costs apply.
    subject: Option<Subject>,
    tier: Tier,
    /// When the last frame was due, and the interval between frames.
    due: Option<ClockTime>,
    period: Option<Duration>,
    /// The figures.
    pub tally: Tally,
    /// When a frame was last restored or tried, and how long to wait after that.
    tried: Option<Instant>,
    patience: Duration,
    /// When the figures were last posted.
    pub told: Option<Instant>,
    /// Whether something waits for the current frame; otherwise it may take any time.
    awaited: bool,
    /// Which warnings the application has got.
    pub warned: Warned,
}

/// Frames with the same subject cost the same.
type Subject = (Preset, Option<usize>, Option<usize>, (u32, u32));

impl Pace {
    /// Handles the arrival of a frame of this size with the options `asked`. Only if it is
    /// `awaited` may speed decide what restores it.
    pub fn receive(
        &mut self,
        awaited: bool,
        asked: &ElementOptions,
        size: (u32, u32),
        arrival: &Arrival,
    ) {
        let work = &asked.restore;
        let subject = (work.preset, work.steps, work.samples, size);
        if self.subject.replace(subject) != Some(subject) {
            self.cost.forget();
            self.lesser.forget();
            self.first = None;
            self.tier = Tier::default();
        }
        self.awaited = awaited;
        if !awaited {
            self.tier = Tier::default();
        }
        let last = std::mem::replace(&mut self.due, arrival.running);
        let since = || arrival.running?.checked_sub(last?);
        let period = arrival.duration.or_else(since);
        let period = period.filter(|period| !period.is_zero());
        self.period = period.map(Duration::from).or(self.period);
        self.settle(asked);
    }

    /// The work to choose from.
    pub fn rungs(&self, asked: &ElementOptions) -> Vec<Rung> {
        let lesser = ladder::lesser(asked).filter(|_| self.tier.is_lesser());
        lesser.map_or_else(|| ladder::rungs(asked), |rung| vec![rung])
    }

    /// The cost of frames with the model of `rung`.
    fn cost_of(&mut self, rung: &Rung, asked: &ElementOptions) -> &mut Cost {
        match rung.is_lesser(asked) {
            true => &mut self.lesser,
            false => &mut self.cost,
        }
    }

    /// The latency reported.
    pub fn claimed(&self) -> Duration {
        self.cost.claimed().max(self.lesser.claimed())
    }

    /// Adds a frame that went through the core. Returns the latency to report, if it has changed.
    pub fn done(
        &mut self,
        policy: LatePolicy,
        rung: &Rung,
        asked: &ElementOptions,
        report: &Report,
        took: Duration,
    ) -> Option<Duration> {
        self.tally.add(report, took, rung.share < 1.0);
        self.tally.lesser += u64::from(rung.is_lesser(asked));
        self.tried = Some(Instant::now());
        self.cost_of(rung, asked).add(took, rung.share);
        let before = self.claimed();
        if policy == LatePolicy::Process {
            self.cost.latency(1.0);
        } else {
            self.guess(asked, rung, took);
            self.settle(asked);
            if let Some(least) = self.rungs(asked).last() {
                self.cost_of(least, asked).latency(least.share);
            }
        }
        Some(self.claimed()).filter(|now| *now != before)
    }

    /// Picks the model for the next frames, if something waits for them.
    fn settle(&mut self, asked: &ElementOptions) {
        let Some(period) = self.period.filter(|_| ladder::lesser(asked).is_some()) else {
            return;
        };
        let least = ladder::rungs(asked).pop().map_or(1.0, |rung| rung.share);
        let guessed = self.lesser.estimate(least);
        let own = self.cost.estimate(least);
        let pressure = Pressure {
            period,
            own: own.or_else(|| self.first.filter(|_| guessed.is_none())),
            guessed,
        };
        if self.awaited && self.tier.settle(pressure, Instant::now()) {
            self.cost.forget();
        }
    }

    /// Estimates from the first frame the least cost with the requested model. The first frame may
    /// take twice as long as later ones.
    fn guess(&mut self, asked: &ElementOptions, rung: &Rung, took: Duration) {
        let least = ladder::rungs(asked).pop().map_or(1.0, |rung| rung.share);
        if !rung.is_lesser(asked) {
            let guess = took.mul_f64(0.5 * least / rung.share);
            self.first.get_or_insert(guess);
        }
    }

    /// Decides about a frame with this much time left: with which of `rungs`, if any.
    pub fn judge(
        &mut self,
        policy: LatePolicy,
        rungs: Vec<Rung>,
        left: Option<ClockTimeDiff>,
    ) -> Verdict {
        let patience = self.patience.max(PATIENCE.0);
        let since = *self.tried.get_or_insert_with(Instant::now);
        let cost = match self.tier.is_lesser() {
            true => &self.lesser,
            false => &self.cost,
        };
        let verdict = verdict::judge(policy, rungs.clone(), left, cost, false);
        if let Verdict::Restore(_) = verdict {
            self.patience = PATIENCE.0;
            return verdict;
        }
        if since.elapsed() < patience {
            return verdict;
        }
        self.tried = Some(Instant::now());
        self.patience = (2 * patience).min(PATIENCE.1);
        verdict::judge(policy, rungs, left, cost, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A camera whose frames have time stamps but no durations.
    fn arrival(ms: u64) -> Arrival {
        Arrival {
            running: Some(ClockTime::from_mseconds(ms)),
            ..Arrival::default()
        }
    }

    fn models_after(policy: LatePolicy, awaited: bool, took_ms: u64) -> Vec<String> {
        let (mut pace, asked) = (Pace::default(), ElementOptions::default());
        for frame in [0, 40] {
            pace.receive(awaited, &asked, (640, 480), &arrival(frame));
        }
        let rung = pace.rungs(&asked).remove(0);
        let took = Duration::from_millis(took_ms);
        pace.done(policy, &rung, &asked, &Report::default(), took);
        let rungs = pace.rungs(&asked).into_iter();
        rungs
            .map(|rung| rung.options.model.model.to_string())
            .collect()
    }

    #[test]
    fn the_time_between_frames_decides_on_the_model() {
        assert_eq!(models_after(LatePolicy::Drop, true, 300), ["nano"]);
        assert_eq!(models_after(LatePolicy::Passthrough, true, 300), ["nano"]);
        assert_eq!(models_after(LatePolicy::Drop, true, 30), ["lean"]);
        assert_eq!(models_after(LatePolicy::Process, false, 300), ["lean"]);
    }

    #[test]
    fn what_nobody_waits_for_is_restored_by_what_was_asked_for() {
        for policy in [LatePolicy::Drop, LatePolicy::Passthrough] {
            assert_eq!(models_after(policy, false, 300), ["lean"]);
        }
        // A sink that kept time is gone, or a seek has reset it.
        let (mut pace, asked) = (Pace::default(), ElementOptions::default());
        let rung = pace.rungs(&asked).remove(0);
        let stream = [
            (true, "lean"),
            (true, "nano"),
            (false, "lean"),
            (true, "nano"),
        ];
        for (frame, (awaited, model)) in stream.into_iter().enumerate() {
            pace.receive(awaited, &asked, (640, 480), &arrival(40 * frame as u64));
            assert_eq!(
                pace.rungs(&asked)[0].options.model.model.as_str(),
                model,
                "{frame}"
            );
            let took = Duration::from_millis(300);
            pace.done(LatePolicy::Drop, &rung, &asked, &Report::default(), took);
        }
    }
}
