//! What a frame lacks for want of time, as the application is told of it once for each kind.
//!
//! Every such frame has its QOS message and its place in `stats` as well; these are words for whoever
//! looks at neither. Called by `session` and by the work of the elements.

use super::ladder::Rung;
use ddrmjpeg::Options;

/// What can be done about all of them; behind the text of each.
pub const REMEDY: &str = "stats counts these frames, and a QOS message tells of each; with \
    late-policy=process or qos=false every frame is restored with all that was asked for";

/// What a frame lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortfall {
    /// It does not leave.
    Dropped,
    /// It leaves as decoded.
    Decoded,
    /// It is restored with less work.
    Reduced,
    /// It is restored by a lesser model.
    Lesser,
}

impl Shortfall {
    /// That of a frame restored by `rung` where `asked` was asked for; `None`: it lacks nothing.
    pub fn of(rung: &Rung, asked: &Options) -> Option<Self> {
        match rung.is_lesser(asked) {
            true => Some(Self::Lesser),
            false => (rung.share < 1.0).then_some(Self::Reduced),
        }
    }

    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Dropped => "Frames that would be late are dropped: restoring takes too long",
            Self::Decoded => "Frames that would be late leave as decoded: restoring takes too long",
            Self::Reduced => "Frames are restored with less work than was asked for, to be in time",
            Self::Lesser => {
                "Frames are restored by the model nano, since lean takes longer than a frame lasts"
            }
        }
    }
}

/// Which of them have been told.
#[derive(Clone, Debug, Default)]
pub struct Warned(Vec<Shortfall>);

impl Warned {
    /// Whether `shortfall` has not been told before; now it has.
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
