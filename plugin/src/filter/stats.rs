//! The figures of the property `stats`, counted from start to stop.
//!
//! Called by the work on frames and by the property.

use std::time::Duration;

use ddrmjpeg::restore::{Report, TablesFrom};

use crate::findings::Findings;

/// Counts since the element was started, and the figures of the last restored frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// Frames that arrived.
    pub frames: u64,
    /// Frames that left restored.
    pub restored: u64,
    /// Frames that passed through.
    pub passed_through: u64,
    /// Late frames that were dropped before any work.
    pub dropped: u64,
    /// Frames restored with the tables that came with them as a meta.
    pub by_meta: u64,
    /// Frames restored with the tables of `qf`.
    pub by_qf: u64,
    /// Frames restored with tables estimated from their pixels, or from those of an earlier frame.
    pub by_estimate: u64,
    /// Frames whose pixels were searched for tables.
    pub searches: u64,
    /// Frames whose meta was rejected.
    pub refused: u64,
    /// Restored frames that had been turned or mirrored since they were decoded.
    pub turned: u64,
    /// What the core found in them.
    pub findings: Findings,
    /// Calls of the network.
    pub network_calls: u64,
    /// Time from the arrival of the last frame until it was done.
    pub last: Duration,
    /// The IJG quality used or found for the last frame, if there is one.
    pub quality: Option<u8>,
}

impl Stats {
    /// Adds a frame that went through the core.
    pub fn add(&mut self, report: &Report, took: Duration) {
        if report.restored {
            self.restored += 1;
        } else {
            self.passed_through += 1;
        }
        self.add_source(report);
        self.findings.add(report);
        self.network_calls += report.network_calls as u64;
        self.last = took;
        self.quality = report.quality;
    }

    fn add_source(&mut self, report: &Report) {
        self.refused += u64::from(report.refusal.is_some());
        self.turned += u64::from(report.restored && !report.orientation.is_upright());
        self.searches += u64::from(report.searched);
        let source = match report.tables_from {
            _ if !report.restored => return,
            Some(TablesFrom::File) => &mut self.by_meta,
            Some(TablesFrom::Caller) => &mut self.by_qf,
            Some(TablesFrom::Pixels) => &mut self.by_estimate,
            _ => return,
        };
        *source += 1;
    }

    /// The figures as the value of the property.
    pub fn structure(&self) -> gst::Structure {
        let mut stats = gst::Structure::builder("ddrmjpeg-stats")
            .field("frames", self.frames)
            .field("restored", self.restored)
            .field("passed-through", self.passed_through)
            .field("dropped", self.dropped)
            .field("meta", self.by_meta)
            .field("qf", self.by_qf)
            .field("estimate", self.by_estimate)
            .field("estimate-searches", self.searches)
            .field("meta-refused", self.refused)
            .field("turned", self.turned)
            .field("network-calls", self.network_calls)
            .field("last-ms", self.last.as_secs_f64() * 1e3)
            .field("quality", u32::from(self.quality.unwrap_or(0)))
            .build();
        self.findings.write(&mut stats);
        stats
    }
}
