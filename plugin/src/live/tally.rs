//! Figures of live use, as the `stats` of every restoring element tell them.
//!
//! Called by `session`.

use std::time::Duration;

use ddrmjpeg::restore::Report;

/// Counts since the element was started.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Frames that were late when they came, or would have been.
    pub late: u64,
    /// Frames restored with less work than was asked for.
    pub reduced: u64,
    /// Frames restored by a lesser model than was asked for, which are among those.
    pub lesser: u64,
    /// Frames that went through the core, and the time of all of them.
    timed: u64,
    busy: Duration,
    /// Pixels of the frames restored as parts of a stream, and those not computed again.
    pixels: u64,
    reused: u64,
}

impl Tally {
    /// Adds a frame that went through the core.
    pub fn add(&mut self, report: &Report, took: Duration, reduced: bool) {
        self.timed += 1;
        self.busy += took;
        self.late += u64::from(reduced);
        self.reduced += u64::from(reduced);
        if let Some(carried) = &report.carried {
            self.pixels += carried.pixels as u64;
            self.reused += carried.reused as u64;
        }
    }

    /// Writes the figures among those of `stats`, which counts frames already.
    pub fn write(&self, stats: &mut gst::StructureRef, latency: Duration) {
        let count = |name: &str| stats.get::<u64>(name).unwrap_or(0);
        let share = count("restored") as f64 / count("frames").max(1) as f64;
        let mean = self.busy.as_secs_f64() / self.timed.max(1) as f64;
        stats.set("share", share);
        stats.set("late", self.late);
        stats.set("reduced", self.reduced);
        stats.set("lesser-model", self.lesser);
        stats.set("pixels", self.pixels);
        stats.set("pixels-reused", self.reused);
        stats.set("mean-ms", mean * 1e3);
        stats.set("latency-ms", latency.as_secs_f64() * 1e3);
    }
}
