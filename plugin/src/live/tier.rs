//! Which of two models restores: the requested one, or a smaller one while that cannot keep up with
//! the stream even with the least work.
//!
//! Pure decision. Called by `pace`.

use std::time::{Duration, Instant};

/// How long the smaller model is used before the other may be tried again.
const HOLD: Duration = Duration::from_secs(5);

/// The model that restores.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tier {
    /// Since when it is the smaller one.
    lesser: Option<Instant>,
}

/// What is known after a frame.
#[derive(Clone, Copy, Debug)]
pub struct Pressure {
    /// The interval between frames.
    pub period: Duration,
    /// Least cost of a frame with the requested model.
    pub own: Option<Duration>,
    /// The same, estimated from the cost with the smaller model.
    pub guessed: Option<Duration>,
}

impl Tier {
    /// Whether it is the smaller model.
    pub fn is_lesser(&self) -> bool {
        self.lesser.is_some()
    }

    /// Picks the model for the frames from `now` on. Returns whether it changes back to the
    /// requested one, whose earlier costs are then out of date.
    pub fn settle(&mut self, pressure: Pressure, now: Instant) -> bool {
        let cannot = |cost: Option<Duration>| cost.is_some_and(|cost| cost > pressure.period);
        let can = |cost: Option<Duration>| cost.is_some_and(|cost| cost <= pressure.period);
        match self.lesser {
            None if cannot(pressure.own) => self.lesser = Some(now),
            Some(since) if now - since >= HOLD && can(pressure.guessed) => {
                self.lesser = None;
                return true;
            }
            _ => {}
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressure(own: Option<u64>, guessed: Option<u64>) -> Pressure {
        Pressure {
            period: Duration::from_millis(40),
            own: own.map(Duration::from_millis),
            guessed: guessed.map(Duration::from_millis),
        }
    }

    #[test]
    fn a_model_that_keeps_up_stays() {
        let mut tier = Tier::default();
        for own in [None, Some(39), Some(40)] {
            assert!(!tier.settle(pressure(own, None), Instant::now()));
            assert!(!tier.is_lesser(), "{own:?}");
        }
    }

    #[test]
    fn one_that_does_not_gives_way_until_it_would_again() {
        let (mut tier, begun) = (Tier::default(), Instant::now());
        tier.settle(pressure(Some(300), None), begun);
        assert!(tier.is_lesser());
        let later = begun + HOLD;
        for (guessed, now) in [(None, later), (Some(200), later), (Some(1), begun)] {
            assert!(!tier.settle(pressure(Some(300), guessed), now));
            assert!(tier.is_lesser(), "{guessed:?}");
        }
        // The picture has become still.
        assert!(tier.settle(pressure(Some(300), Some(1)), later));
        assert!(!tier.is_lesser());
    }
}
