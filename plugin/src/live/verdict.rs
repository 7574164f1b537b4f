//! What to do with a frame: all of the work, less of it, or none.
//!
//! Pure decision. Called by `pace`.

use std::time::Duration;

use gst::ClockTimeDiff;

use super::cost::Cost;
use super::ladder::Rung;
use crate::enums::LatePolicy;

/// What to do with a frame.
#[expect(
    clippy::large_enum_variant,
    reason = "one per frame, taken apart where it is made"
)]
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Restore it with this work.
    Restore(Rung),
    /// It is late, or would be: output it as decoded.
    PassThrough,
    /// It is late, or would be: drop it.
    Drop,
}

/// Picks the most work that fits into the time left, or gives the frame up.
///
/// `starved`: no frame has been restored for so long that one is tried, late or not, because the
/// known costs are out of date.
pub fn judge(
    policy: LatePolicy,
    rungs: Vec<Rung>,
    left: Option<ClockTimeDiff>,
    cost: &Cost,
    starved: bool,
) -> Verdict {
    let late = left.is_some_and(|left| left <= 0);
    let time = left.map(|left| Duration::from_nanos(u64::try_from(left).unwrap_or(0)));
    let fits = |rung: &Rung| match (time, cost.estimate(rung.share)) {
        (Some(time), Some(cost)) => cost <= time,
        _ => true,
    };
    let least = rungs.last().cloned();
    let chosen = match late {
        true => None,
        false => rungs.into_iter().find(fits),
    };
    match (chosen.or(least.filter(|_| starved)), policy) {
        (Some(rung), _) => Verdict::Restore(rung),
        (None, LatePolicy::Drop) => Verdict::Drop,
        (None, _) => Verdict::PassThrough,
    }
}

#[cfg(test)]
mod tests {
    use ddrmjpeg::RestoreOptions;
    use ddrmjpeg::options::Preset;

    use super::*;
    use crate::live::ladder::rungs;
    use crate::settings::ElementOptions;

    fn known(ms: u64) -> Cost {
        let mut cost = Cost::default();
        for _ in 0..3 {
            cost.add(Duration::from_millis(ms), 1.0);
        }
        cost
    }

    fn verdict(policy: LatePolicy, left_ms: Option<i64>, cost: &Cost, starved: bool) -> Verdict {
        let asked = ElementOptions {
            restore: RestoreOptions::default().with_preset(Preset::Quality),
            ..ElementOptions::default()
        };
        let left = left_ms.map(|ms| ms * 1_000_000);
        judge(policy, rungs(&asked), left, cost, starved)
    }

    fn share(verdict: &Verdict) -> f64 {
        match verdict {
            Verdict::Restore(rung) => rung.share,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_most_work_that_fits_is_done() {
        for (left, expected) in [
            (None, 1.0),
            (Some(80), 1.0),
            (Some(50), 0.5),
            (Some(12), 0.125),
        ] {
            let chosen = verdict(LatePolicy::Drop, left, &known(80), false);
            assert_eq!(share(&chosen), expected, "{left:?}");
        }
        // The cost of a frame is not known yet.
        let first = verdict(LatePolicy::Drop, Some(1), &Cost::default(), false);
        assert_eq!(share(&first), 1.0);
    }

    #[test]
    fn what_does_not_fit_is_given_up_as_the_policy_says() {
        for left in [9, 0, -70] {
            let passed = verdict(LatePolicy::Passthrough, Some(left), &known(80), false);
            assert_eq!(passed, Verdict::PassThrough);
            let dropped = verdict(LatePolicy::Drop, Some(left), &known(80), false);
            assert_eq!(dropped, Verdict::Drop);
        }
        let tried = verdict(LatePolicy::Passthrough, Some(-70), &known(80), true);
        assert_eq!(share(&tried), 0.125);
    }
}
