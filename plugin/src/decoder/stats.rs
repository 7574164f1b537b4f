//! The figures of the property `stats`, counted from start to stop.
//!
//! Called by the work on frames and by the property.

use std::time::Duration;

use ddrmjpeg::restore::Report;

use crate::counts::Counts;

/// Counts since the element was started, and the figures of the last output frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// What every restoring element counts.
    pub counts: Counts,
    /// Frames that left marked CORRUPTED.
    pub corrupted: u64,
    /// Frames that could not be decoded.
    pub errors: u64,
}

impl Stats {
    /// Adds an output frame.
    pub fn add(&mut self, report: &Report, corrupted: bool, took: Duration) {
        self.counts.add(report, took);
        self.corrupted += u64::from(corrupted);
    }

    /// The figures as the value of the property.
    pub fn structure(&self) -> gst::Structure {
        let mut stats = gst::Structure::builder("ddrmjpegdec-stats")
            .field("corrupted", self.corrupted)
            .field("errors", self.errors)
            .build();
        self.counts.write(&mut stats);
        stats
    }
}
