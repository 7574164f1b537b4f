//! What lives from start to stop: the figures, what is known of the frame in work, and which
//! warnings have been given already.
//!
//! Kept behind its own lock, which is held for moments only, never while computing.

use ddrmjpeg::Options;
use ddrmjpeg::jpeg::Header;
use gst_video::VideoInterlaceMode;

use super::memory::Memory;
use super::stats::Stats;
use crate::enums::LatePolicy;
use crate::live::{Arrival, Rung};

/// What the element knows while it is started.
#[derive(Default)]
pub struct State {
    /// Counts since start; kept after stop, to be read.
    pub stats: Stats,
    /// Why frames of the current caps cannot be restored.
    pub objection: Option<String>,
    /// Width and height of frames that come.
    pub size: (u32, u32),
    /// Whether frames leave twice as wide as they come.
    pub doubled: bool,
    /// How the frame in work is to be restored; `None`: it leaves as it came.
    pub task: Option<Task>,
    /// The header that came with the frame in work.
    pub header: Option<Header>,
    /// How frames of the current caps are interlaced.
    pub interlace: Option<VideoInterlaceMode>,
    /// Whether the frame in work consists of two fields.
    pub interlaced: bool,
    /// What earlier frames of these caps told of their tables, for each grid of blocks: that of
    /// whole frames or top fields, and that of bottom fields.
    pub memory: [Memory; 2],
    /// Which warnings have been given.
    pub warned: Warned,
}

/// How a frame is to be restored.
#[derive(Debug)]
pub struct Task {
    /// By which work.
    pub rung: Rung,
    /// What was asked for.
    pub asked: Options,
    /// What to do when there is no time.
    pub policy: LatePolicy,
    /// How much time there is, in nanoseconds.
    pub left: Option<gst::ClockTimeDiff>,
    /// When it came.
    pub arrival: Arrival,
}

/// Warnings that would come with each frame and are given once.
#[derive(Default)]
pub struct Warned {
    /// The last frame's error, until a frame succeeds.
    frame: Option<String>,
    /// That the core passed a frame through.
    passing: bool,
    /// That the core restored a frame and had its doubts.
    doubting: bool,
}

impl Warned {
    /// Whether `error` is news: the frame before did not fail in the same way.
    pub fn frame_failed(&mut self, error: &str) -> bool {
        let news = self.frame.as_deref() != Some(error);
        self.frame = Some(error.into());
        news
    }

    /// A frame came through: the next failure is news again.
    pub fn frame_succeeded(&mut self) {
        self.frame = None;
    }

    /// Whether it is news that the core had something to say of a frame that it `restored`,
    /// or else passed through.
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
