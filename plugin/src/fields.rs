//! Combines the reports of the two fields of a frame into one.
//!
//! Called by the elements, which weave the pixels themselves.

use ddrmjpeg::restore::{Carried, Report};

/// The report of both. Counts are added; everything else is taken from the first.
pub fn both(first: Report, second: Report) -> Report {
    let mut both = first;
    both.restored |= second.restored;
    both.network_calls += second.network_calls;
    both.gate = both.gate.max(second.gate);
    both.resaved |= second.resaved;
    both.searched |= second.searched;
    both.refusal = both.refusal.or(second.refusal);
    both.tables_from = both.tables_from.or(second.tables_from);
    both.departures = both.departures.and(&second.departures);
    both.carried = carried(both.carried, second.carried);
    for note in second.notes {
        if !both.notes.contains(&note) {
            both.notes.push(note);
        }
    }
    both
}

/// What both reused from earlier frames.
fn carried(first: Option<Carried>, second: Option<Carried>) -> Option<Carried> {
    let (mut both, second) = (first?, second?);
    both.pixels += second.pixels;
    both.changed += second.changed;
    both.reused += second.reused;
    both.fresh = both.fresh.or(second.fresh);
    Some(both)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_and_nothing_is_said_twice() {
        let one = |calls: usize, note: &str| {
            let mut report = Report::default();
            report.restored = calls > 0;
            report.network_calls = calls;
            report.notes = vec![note.into()];
            report
        };
        let report = both(one(0, "a"), one(3, "a"));
        assert_eq!((report.restored, report.network_calls), (true, 3));
        assert_eq!(report.notes, ["a"]);
        assert_eq!(both(one(1, "a"), one(3, "b")).notes, ["a", "b"]);
    }
}
