//! The state from start to stop: the formats on both sides, the figures, which warnings have been
//! posted, and what is kept from frame to frame.
//!
//! It has its own lock, which is held only briefly and never while computing.

use std::sync::Arc;

use ddrmjpeg::jpeg::segments::abbreviated::StreamTables;
use ddrmjpeg::jpeg::segments::splitter::{Field, FrameLength};
use gst_video::{VideoCodecState, VideoInfo, video_codec_state::Readable};

use super::coded::{Coded, Grids};
use super::format::Shape;
use super::stats::Stats;
use crate::enums::Compare;

/// What has been negotiated with downstream, and for which pictures.
#[derive(Clone)]
pub struct Agreed {
    /// The pictures.
    pub shape: Shape,
    /// The output frames.
    pub info: VideoInfo,
    /// What to show.
    pub compare: Compare,
    /// Whether the frames are twice as wide as the pictures.
    pub doubled: bool,
}

/// What is kept from frame to frame. It has a lock of its own, which only the streaming thread
/// takes, and holds while computing.
#[derive(Default)]
pub struct Carry {
    /// The streams of the core.
    pub grids: Grids,
    /// The last buffer, the height of its frame by the caps, and what it held.
    pub last: Option<(Vec<u8>, usize, Arc<Coded>)>,
    /// Tables from earlier pictures for later ones.
    pub tables: StreamTables,
}

impl Carry {
    /// After a failed frame: the next one is restored by itself, with the tables of the stream.
    pub fn restart(&mut self) {
        *self = Self {
            tables: std::mem::take(&mut self.tables),
            ..Self::default()
        };
    }
}

/// What the element knows while it is started.
#[derive(Default)]
pub struct State {
    /// Counts since start; kept after stop, so that they can be read.
    pub stats: Stats,
    /// What upstream says about the stream.
    pub input: Option<VideoCodecState<'static, Readable>>,
    /// What has been negotiated with downstream.
    pub agreed: Option<Agreed>,
    /// In an unparsed stream, the frame whose end has not been found yet.
    pub length: FrameLength,
    /// Whether unparsed bytes have arrived.
    pub bytes: bool,
    /// Which warnings have been posted.
    pub warned: Warned,
}

impl State {
    /// Rows of a frame by the caps; 0 if they do not say.
    pub fn height(&self) -> usize {
        let input = self.input.as_ref();
        input.map_or(0, |input| input.info().height() as usize)
    }

    /// Starts to look for the end of the next frame.
    pub fn begin_length(&mut self) {
        self.length = FrameLength::of(self.height());
    }
}

/// Warnings that apply to every frame but are posted once.
#[derive(Default)]
pub struct Warned {
    /// The last frame's error, until a frame succeeds.
    error: Option<String>,
    /// Whether a warning about damage was posted.
    damage: bool,
    /// The single field in the last buffer, and whether the warning about single fields was posted.
    alone: (Option<Field>, bool),
}

impl Warned {
    /// Whether `error` is new: the previous frame did not fail in the same way.
    pub fn failed(&mut self, error: &str) -> bool {
        let news = self.error.as_deref() != Some(error);
        self.error = Some(error.into());
        news
    }

    /// Whether this is the first time that two buffers in a row held one field each, `field` and
    /// its opposite.
    pub fn field_alone(&mut self, field: Option<Field>) -> bool {
        let last = std::mem::replace(&mut self.alone.0, field);
        let pair = field.is_some_and(|field| last == Some(field.other()));
        pair && !std::mem::replace(&mut self.alone.1, true)
    }

    /// The error of the last frame, if it failed.
    pub fn last(&self) -> Option<String> {
        self.error.clone()
    }

    /// A frame was decoded, so the next failure is new again. Returns whether `damaged` is new.
    pub fn decoded(&mut self, damaged: bool) -> bool {
        self.error = None;
        damaged && !std::mem::replace(&mut self.damage, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_failure_is_news_once_until_a_frame_is_decoded() {
        let mut warned = Warned::default();
        assert!(warned.failed("a") && !warned.failed("a") && warned.failed("b"));
        warned.decoded(false);
        assert!(warned.failed("b"));
    }

    #[test]
    fn that_fields_come_alone_is_news_once_and_only_in_pairs() {
        let (top, bottom) = (Some(Field::Top), Some(Field::Bottom));
        let mut warned = Warned::default();
        let news = [top, top, None, bottom, top, bottom].map(|field| warned.field_alone(field));
        assert_eq!(news, [false, false, false, false, true, false]);
    }

    #[test]
    fn damage_is_news_once() {
        let mut warned = Warned::default();
        assert_eq!(
            [false, true, true].map(|d| warned.decoded(d)),
            [false, true, false]
        );
    }
}
