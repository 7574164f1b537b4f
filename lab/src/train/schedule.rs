//! The learning rate over a training: a linear rise, then half a cosine down to 0.

use crate::train::options::{Length, TrainOptions};

/// How far a training is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Progress {
    /// Steps done.
    pub step: u64,
    /// Seconds of training, not counting interruptions.
    pub seconds: f64,
    /// The same at the end of the warm-up.
    pub warm_seconds: f64,
}

/// Position between the end of the warm-up (0) and the end of the training (1).
fn share(options: &TrainOptions, at: Progress) -> f64 {
    let warm = options.warm_up;
    match options.length {
        Length::Steps(steps) => {
            at.step.saturating_sub(warm) as f64 / steps.saturating_sub(warm).max(1) as f64
        }
        Length::Hours(hours) => {
            let left = (3600.0 * hours - at.warm_seconds).max(1.0);
            (at.seconds - at.warm_seconds).max(0.0) / left
        }
    }
}

/// The rate of the step that starts at `at`.
///
/// During the warm-up it depends only on the step, so that a training by the clock is reproducible
/// up to there.
pub(crate) fn rate(options: &TrainOptions, at: Progress) -> f64 {
    if at.step < options.warm_up {
        return options.rate * (at.step + 1) as f64 / options.warm_up as f64;
    }
    let share = share(options, at).min(1.0);
    options.rate * 0.5 * (1.0 + (std::f64::consts::PI * share).cos())
}

/// Whether the training is finished.
pub(crate) fn over(options: &TrainOptions, at: Progress) -> bool {
    match options.length {
        Length::Steps(steps) => at.step >= steps,
        Length::Hours(hours) => at.seconds >= 3600.0 * hours,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(step: u64, seconds: f64) -> Progress {
        Progress {
            step,
            seconds,
            warm_seconds: 100.0,
        }
    }

    fn options(length: Length) -> TrainOptions {
        TrainOptions {
            length,
            warm_up: 10,
            rate: 1.0,
            ..TrainOptions::default()
        }
    }

    /// A tenth at the first of ten steps, the full rate at the tenth, half in the middle of the
    /// rest, 0 at its end.
    #[test]
    fn by_steps() {
        let options = options(Length::Steps(110));
        for (step, wanted) in [(0, 0.1), (9, 1.0), (10, 1.0), (60, 0.5), (110, 0.0)] {
            let found = rate(&options, at(step, 0.0));
            assert!((found - wanted).abs() < 1e-12, "{step}: {found}");
        }
        assert!(over(&options, at(110, 0.0)) && !over(&options, at(109, 1e9)));
    }

    #[test]
    fn by_hours_the_warm_up_does_not_look_at_the_clock() {
        let options = options(Length::Hours(1.0));
        assert_eq!(rate(&options, at(4, 0.0)), rate(&options, at(4, 3000.0)));
        let middle = rate(&options, at(50, 100.0 + 1750.0));
        assert!((middle - 0.5).abs() < 1e-12, "{middle}");
        assert!(over(&options, at(50, 3600.0)));
    }
}
