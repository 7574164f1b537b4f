//! What lives from start to stop: the formats on both sides, the figures, and which warnings have
//! been given already; and what carries over from frame to frame.
//!
//! Kept behind its own lock, which is held for moments only, never while computing.

use std::sync::Arc;

use ddrmjpeg::jpeg::segments::abbreviated::StreamTables;
use ddrmjpeg::jpeg::segments::splitter::{Field, FrameLength};
use gst_video::{VideoCodecState, VideoInfo, video_codec_state::Readable};

use super::coded::{Coded, Grids};
use super::format::Shape;
use super::stats::Stats;
use crate::enums::Compare;

/// What has been agreed on with downstream, and for which pictures.
#[derive(Clone)]
pub struct Agreed {
    /// The pictures.
    pub shape: Shape,
    /// The frames that they are put out as.
    pub info: VideoInfo,
    /// What was asked to be shown.
    pub compare: Compare,
    /// Whether the frames are twice as wide as the pictures.
    pub doubled: bool,
}

/// What carries over from frame to frame. Behind a lock of its own, which the streaming thread
/// holds while it computes and nobody else takes.
#[derive(Default)]
pub struct Carry {
    /// The streams of the core.
    pub grids: Grids,
    /// The last buffer, with the height that the caps gave its frame, and what it held.
    pub last: Option<(Vec<u8>, usize, Arc<Coded>)>,
    /// What pictures have given for those to come.
    pub tables: StreamTables,
}

impl Carry {
    /// The frame in work has failed: the next is restored by itself, with the tables of the stream.
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
    /// Counts since start; kept after stop, to be read.
    pub stats: Stats,
    /// What upstream says of the stream.
    pub input: Option<VideoCodecState<'static, Readable>>,
    /// What downstream takes.
    pub agreed: Option<Agreed>,
    /// The frame whose end has not been seen yet, of a stream that nobody has parsed.
    pub length: FrameLength,
    /// Whether bytes have come that nobody has cut into frames.
    pub bytes: bool,
    /// Which warnings have been given.
    pub warned: Warned,
}

impl State {
    /// Rows of a frame, as the caps say; 0: they do not.
    pub fn height(&self) -> usize {
        let input = self.input.as_ref();
        input.map_or(0, |input| input.info().height() as usize)
    }

    /// The next frame's end is to be found.
    pub fn begin_length(&mut self) {
        self.length = FrameLength::of(self.height());
    }
}

/// Warnings that would come with each frame and are given once.
#[derive(Default)]
pub struct Warned {
    /// The last frame's error, until a frame succeeds.
    error: Option<String>,
    /// That frames are damaged.
    damage: bool,
    /// The field that the last buffer held alone, and whether it was told that fields come so.
    alone: (Option<Field>, bool),
}

impl Warned {
    /// Whether `error` is news: the frame before did not fail in the same way.
    pub fn failed(&mut self, error: &str) -> bool {
        let news = self.error.as_deref() != Some(error);
        self.error = Some(error.into());
        news
    }

    /// Whether it is news that buffers hold one field each: this one `field`, the last its other.
    pub fn field_alone(&mut self, field: Option<Field>) -> bool {
        let last = std::mem::replace(&mut self.alone.0, field);
        let pair = field.is_some_and(|field| last == Some(field.other()));
        pair && !std::mem::replace(&mut self.alone.1, true)
    }

    /// What was wrong with the last frame, if something was.
    pub fn last(&self) -> Option<String> {
        self.error.clone()
    }

    /// A frame could be decoded: the next failure is news again. Whether it is news that it
    /// was `damaged`.
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
