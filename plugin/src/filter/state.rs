//! The state from start to stop: the figures, the current frame, and which warnings have been
//! posted.
//!
//! It has its own lock, which is held only briefly and never while computing.

use ddrmjpeg::jpeg::Header;
use gst_video::VideoInterlaceMode;

use super::memory::Memory;
use super::stats::Stats;
use crate::element::Task;
use crate::live::Rung;

/// What the element knows while it is started.
#[derive(Default)]
pub struct State {
    /// Counts since start; kept after stop, so that they can be read.
    pub stats: Stats,
    /// Why frames of the current caps cannot be restored.
    pub objection: Option<String>,
    /// Width and height of input frames.
    pub size: (u32, u32),
    /// Whether output frames are twice as wide as input frames.
    pub doubled: bool,
    /// What to do with the current frame, and with which work; `None`: it passes through.
    pub task: Option<(Task, Rung)>,
    /// The header that came with the current frame.
    pub header: Option<Header>,
    /// How frames of the current caps are interlaced.
    pub interlace: Option<VideoInterlaceMode>,
    /// Whether the current frame consists of two fields.
    pub interlaced: bool,
    /// The tables found in earlier frames of these caps, for each grid of blocks: first for whole
    /// frames or top fields, then for bottom fields.
    pub memory: [Memory; 2],
    /// Which warnings have been posted.
    pub warned: Warned,
}

/// Warnings that apply to every frame but are posted once.
#[derive(Default)]
pub struct Warned {
    /// The last frame's error, until a frame succeeds.
    frame: Option<String>,
    /// Whether a warning was posted that the core passed a frame through.
    passing: bool,
    /// Whether a warning was posted that the core restored a frame with reservations.
    doubting: bool,
    /// Whether a warning was posted that frames in other memory are refused.
    pub refusing: bool,
}

impl Warned {
    /// Whether `error` is new: the previous frame did not fail in the same way.
    pub fn frame_failed(&mut self, error: &str) -> bool {
        let news = self.frame.as_deref() != Some(error);
        self.frame = Some(error.into());
        news
    }

    /// A frame succeeded, so the next failure is new again.
    pub fn frame_succeeded(&mut self) {
        self.frame = None;
    }

    /// Whether this is the first note about a frame that the core `restored`, or else passed
    /// through.
    pub fn frame_noted(&mut self, restored: bool) -> bool {
        let given = if restored {
            &mut self.doubting
        } else {
            &mut self.passing
        };
        !std::mem::replace(given, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_failure_is_news_once_until_a_frame_succeeds() {
        let mut warned = Warned::default();
        assert!(warned.frame_failed("a"));
        assert!(!warned.frame_failed("a"));
        assert!(warned.frame_failed("b"));
        warned.frame_succeeded();
        assert!(warned.frame_failed("b"));
    }

    #[test]
    fn notes_are_news_once_for_each_fate_of_a_frame() {
        let mut warned = Warned::default();
        for news in [true, false] {
            assert_eq!(warned.frame_noted(true), news);
            assert_eq!(warned.frame_noted(false), news);
        }
    }
}
