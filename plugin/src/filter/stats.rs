//! The figures of the property `stats`, counted from start to stop.
//!
//! Called by the work on frames and by the property.

use std::time::Duration;

use ddrmjpeg::restore::{Report, TablesFrom};

use crate::counts::Counts;

/// Counts since the element was started, and the figures of the last restored frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// What every restoring element counts.
    pub counts: Counts,
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
    /// The IJG quality used or found for the last frame, if there is one.
    pub quality: Option<u8>,
}

impl Stats {
    /// Adds a frame that went through the core.
    pub fn add(&mut self, report: &Report, took: Duration) {
        self.counts.add(report, took);
        self.add_source(report);
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
            .field("meta", self.by_meta)
            .field("qf", self.by_qf)
            .field("estimate", self.by_estimate)
            .field("estimate-searches", self.searches)
            .field("meta-refused", self.refused)
            .field("turned", self.turned)
            .field("quality", u32::from(self.quality.unwrap_or(0)))
            .build();
        self.counts.write(&mut stats);
        stats
    }
}
