//! What a frame lacks because time is short; the application gets one warning for each kind.
//!
//! Every such frame also has its QOS message and is counted in `stats`; the warnings are for users
//! who look at neither. Called by `session` and by the work of the elements.

use super::ladder::Rung;
use crate::settings::ElementOptions;

/// Advice that is added to the text of each.
pub const REMEDY: &str = "stats counts these frames, and a QOS message tells of each; with \
    late-policy=process or qos=false every frame is restored with all that was asked for";

/// What a frame lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortfall {
    /// It is dropped.
    Dropped,
    /// It is output as decoded.
    Decoded,
    /// It is restored with less work.
    Reduced,
    /// It is restored by a smaller model.
    Lesser,
}

impl Shortfall {
    /// The shortfall of a frame restored by `rung` if `asked` was requested; `None` if there is
    /// none.
    pub fn of(rung: &Rung, asked: &ElementOptions) -> Option<Self> {
        match rung.is_lesser(asked) {
            true => Some(Self::Lesser),
            false => (rung.share < 1.0).then_some(Self::Reduced),
        }
    }

    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Dropped => "Frames that would be late are dropped: restoring takes too long",
            Self::Decoded => {
                "Frames that would be late are output as decoded: restoring takes too long"
            }
            Self::Reduced => "Frames are restored with less work than requested, to be in time",
            Self::Lesser => {
                "Frames are restored by the model nano, because lean takes longer than a frame lasts"
            }
        }
    }
}

/// Which of them have been reported.
#[derive(Clone, Debug, Default)]
pub struct Warned(Vec<Shortfall>);

impl Warned {
    /// Whether `shortfall` is reported for the first time; marks it as reported.
    pub fn is_news(&mut self, shortfall: Shortfall) -> bool {
        let news = !self.0.contains(&shortfall);
        if news {
            self.0.push(shortfall);
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_told_once() {
        let mut warned = Warned::default();
        for shortfall in [Shortfall::Dropped, Shortfall::Lesser] {
            assert_eq!([(); 2].map(|()| warned.is_news(shortfall)), [true, false]);
        }
    }
}
