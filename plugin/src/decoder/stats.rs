//! The figures of the property `stats`, counted from start to stop.
//!
//! Called by the work on frames and by the property.

use std::time::Duration;

use ddrmjpeg::restore::Report;

use crate::findings::Findings;

/// Counts since the element was started, and the figures of the last output frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// Frames that arrived.
    pub frames: u64,
    /// Frames that left restored, at least in part.
    pub restored: u64,
    /// Frames that left as decoded.
    pub passed_through: u64,
    /// Frames that left marked CORRUPTED.
    pub corrupted: u64,
    /// Frames that could not be decoded.
    pub errors: u64,
    /// Late frames that were dropped before any work.
    pub dropped: u64,
    /// What the core found in frames.
    pub findings: Findings,
    /// Calls of the network.
    pub network_calls: u64,
    /// Time from the arrival of the last frame until it was done.
    pub last: Duration,
}

impl Stats {
    /// Adds an output frame.
    pub fn add(&mut self, report: &Report, corrupted: bool, took: Duration) {
        match report.restored {
            true => self.restored += 1,
            false => self.passed_through += 1,
        }
        self.corrupted += u64::from(corrupted);
        self.findings.add(report);
        self.network_calls += report.network_calls as u64;
        self.last = took;
    }

    /// The figures as the value of the property.
    pub fn structure(&self) -> gst::Structure {
        let mut stats = gst::Structure::builder("ddrmjpegdec-stats")
            .field("frames", self.frames)
            .field("restored", self.restored)
            .field("passed-through", self.passed_through)
            .field("corrupted", self.corrupted)
            .field("errors", self.errors)
            .field("dropped", self.dropped)
            .field("network-calls", self.network_calls)
            .field("last-ms", self.last.as_secs_f64() * 1e3)
            .build();
        self.findings.write(&mut stats);
        stats
    }
}
