//! What was done to the two fields of a frame, as one report of the frame.
//!
//! Called by the elements, which weave the pixels.

use ddrmjpeg::restore::{Carried, Report};

/// The report of both; what is not counted is the first's.
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

/// What both took over from those before.
fn carried(first: Option<Carried>, second: Option<Carried>) -> Option<Carried> {
    let (first, second) = (first?, second?);
    Some(Carried {
        pixels: first.pixels + second.pixels,
        changed: first.changed + second.changed,
        reused: first.reused + second.reused,
        fresh: first.fresh.or(second.fresh),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_and_nothing_is_said_twice() {
        let one = |calls: usize, note: &str| Report {
            restored: calls > 0,
            network_calls: calls,
            notes: vec![note.into()],
            ..Report::default()
        };
        let report = both(one(0, "a"), one(3, "a"));
        assert_eq!((report.restored, report.network_calls), (true, 3));
        assert_eq!(report.notes, ["a"]);
        assert_eq!(both(one(1, "a"), one(3, "b")).notes, ["a", "b"]);
    }
}
