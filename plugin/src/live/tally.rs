//! Figures of live use, for the `stats` of every restoring element.
//!
//! Called by `session`.

use std::time::Duration;

use ddrmjpeg::restore::Report;

/// Counts since the element was started.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Frames that were late when they arrived, or would have been.
    pub late: u64,
    /// Frames restored with less work than requested.
    pub reduced: u64,
    /// Frames restored by a smaller model than requested; also counted in `reduced`.
    pub lesser: u64,
    /// Frames that went through the core, and the total time.
    timed: u64,
    busy: Duration,
    /// Pixels of the frames restored as parts of a stream, and how many were not computed again.
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

    /// Adds the figures to those of `stats`, which already counts frames.
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
