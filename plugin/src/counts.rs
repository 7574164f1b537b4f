//! What is counted of every restoring element, for its `stats`: frames and what became of them, and
//! what the core found in them.
//!
//! Each element's own figures include these.

use std::time::Duration;

use ddrmjpeg::jpeg::file::origin::Family;
use ddrmjpeg::jpeg::grid::measure::Departures;
use ddrmjpeg::restore::{Gate, Report};

/// Counts since the element was started, and the figures of the last frame that was output.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// Frames that arrived.
    pub frames: u64,
    /// Frames that left restored, at least in part.
    pub restored: u64,
    /// Frames that left as decoded.
    pub passed_through: u64,
    /// Late frames that were dropped before any work.
    pub dropped: u64,
    /// Calls of the network.
    network_calls: u64,
    /// Time from the arrival of the last frame until it was done.
    last: Duration,
    /// What the core found.
    findings: Findings,
}

impl Counts {
    /// Adds a frame that went through the core.
    pub fn add(&mut self, report: &Report, took: Duration) {
        match report.restored {
            true => self.restored += 1,
            false => self.passed_through += 1,
        }
        self.network_calls += report.network_calls as u64;
        self.last = took;
        self.findings.add(report);
    }

    /// Adds the figures to those of `stats`.
    pub fn write(&self, stats: &mut gst::StructureRef) {
        stats.set("frames", self.frames);
        stats.set("restored", self.restored);
        stats.set("passed-through", self.passed_through);
        stats.set("dropped", self.dropped);
        stats.set("network-calls", self.network_calls);
        stats.set("last-ms", self.last.as_secs_f64() * 1e3);
        self.findings.write(stats);
    }
}

/// What the core found in frames: the identity gate, earlier saves, the encoder, and how far the
/// network was outside the cells.
#[derive(Clone, Debug, Default, PartialEq)]
struct Findings {
    /// Frames that the identity gate left as decoded.
    gated: u64,
    /// Frames that showed an earlier, coarser save.
    saved_twice: u64,
    /// Of the last frame: the family of its encoder, if its file was known.
    encoder: Option<Family>,
    /// Of the last frame.
    departures: Departures,
    /// Of the last frame, with `strict`: the share of its file's levels to which its 8-bit pixels
    /// quantise again.
    consistency: Option<f64>,
}

impl Findings {
    fn add(&mut self, report: &Report) {
        self.gated += u64::from(report.gate == Gate::Closed);
        self.saved_twice += u64::from(report.resaved);
        self.encoder.clone_from(&report.family);
        self.departures = report.departures;
        self.consistency = report.consistency.map(|share| share.rounded);
    }

    fn write(&self, stats: &mut gst::StructureRef) {
        let name = self.encoder.as_ref().map(Family::name);
        stats.set("gated", self.gated);
        stats.set("saved-twice", self.saved_twice);
        stats.set("encoder", name.as_deref().unwrap_or("unknown"));
        stats.set("outside-cells", self.share(self.departures.left));
        stats.set("far-outside-cells", self.share(self.departures.far));
        if let Some(share) = self.consistency {
            stats.set("consistency", share);
        }
    }

    fn share(&self, part: u64) -> f64 {
        part as f64 / self.departures.known.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use ddrmjpeg::restore::Consistency;

    use super::*;

    #[test]
    fn counts_add_up_and_the_rest_is_the_last_frames() {
        gst::init().unwrap();
        let mut found = Findings::default();
        for (gate, resaved) in [
            (Gate::Open, false),
            (Gate::Open, true),
            (Gate::Closed, true),
            (Gate::Closed, false),
        ] {
            let mut report = Report::default();
            report.gate = gate;
            report.resaved = resaved;
            report.family = Some(Family::Jpegli);
            report.departures = Departures {
                known: 200,
                left: 50,
                far: 1,
                ..Departures::default()
            };
            found.add(&report);
        }
        let mut stats = gst::Structure::new_empty("stats");
        found.write(&mut stats);
        let count = |name: &str| stats.get::<u64>(name).unwrap();
        let counts = ["gated", "saved-twice"].map(count);
        assert_eq!(counts, [2, 2]);
        assert_eq!(stats.get::<&str>("encoder"), Ok("jpegli"));
        assert_eq!(stats.get::<f64>("outside-cells"), Ok(0.25));
        assert_eq!(stats.get::<f64>("far-outside-cells"), Ok(0.005));
        assert!(!stats.has_field("consistency"));
        let mut report = Report::default();
        report.consistency = Some(Consistency {
            computed: 1.0,
            rounded: 0.75,
        });
        found.add(&report);
        found.write(&mut stats);
        assert_eq!(stats.get::<f64>("consistency"), Ok(0.75));
    }
}
