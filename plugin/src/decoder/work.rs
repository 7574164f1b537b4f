//! One frame through the core: read, agree on a format, restore, put out, count; and what
//! happens when any of that fails.
//!
//! No lock of ours is held while computing, nor while a message is posted. Called by the
//! virtual functions.

use std::time::Instant;

use ddrmjpeg::{Control, Error};
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst::{FlowError, FlowSuccess};
use gst_video::prelude::*;
use gst_video::{VideoCodecFrame, VideoCodecFrameFlags, VideoCodecState, VideoFrameRef, VideoInfo};

use super::coded::{self, Coded, Done};
use super::format::{self, Shape};
use super::imp::{CAT, DdrmJpegDec};
use super::state::{Agreed, State};
use crate::errors::{self, Reach};
use crate::registry::Opened;
use crate::{planes, registry};

/// Why a frame does not leave.
pub(super) enum Failure {
    /// The core's reason.
    Core(Error),
    /// The pipeline's.
    Flow(FlowError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl From<FlowError> for Failure {
    fn from(error: FlowError) -> Self {
        Self::Flow(error)
    }
}

impl DdrmJpegDec {
    /// Opens the model that the settings name and forgets what an earlier stream left.
    pub(super) fn open(&self) -> ddrmjpeg::Result<()> {
        let options = self.settings().options()?;
        let restorer = registry::open(&options)?;
        *self.state() = State {
            opened: Some(Opened { restorer, options }),
            ..State::default()
        };
        Ok(())
    }

    /// Takes note of new caps; whether they say that each buffer holds a frame.
    pub(super) fn note_input(
        &self,
        input: &VideoCodecState<'static, gst_video::video_codec_state::Readable>,
    ) -> bool {
        let caps = input.caps_owned();
        let fields = caps.as_ref().and_then(|caps| caps.structure(0));
        let framed = fields.is_some_and(|fields| {
            fields.get("parsed") == Ok(true) || fields.has_field("framerate")
        });
        let mut state = self.state();
        state.input = Some(input.clone());
        state.agreed = None;
        framed
    }

    /// Decodes and restores `frame`, and puts it out.
    pub(super) fn decode(&self, mut frame: VideoCodecFrame) -> Result<FlowSuccess, FlowError> {
        let begun = Instant::now();
        let late = self.obj().is_qos() && self.obj().max_decode_time(&frame) < 0;
        {
            let stats = &mut self.state().stats;
            stats.frames += 1;
            stats.dropped += u64::from(late);
        }
        if late {
            return self.obj().drop_frame(frame);
        }
        match self.compute(&mut frame) {
            Ok(done) => {
                self.tell(&done);
                let mut state = self.state();
                state
                    .stats
                    .add(&done.report, done.corrupted, begun.elapsed());
                drop(state);
                self.obj().finish_frame(frame)
            }
            Err(Failure::Flow(flow)) => {
                self.obj().release_frame(frame);
                Err(flow)
            }
            Err(Failure::Core(error)) => self.fail(frame, &error),
        }
    }

    /// From the frame's bytes to its pixels, written to a buffer of its own.
    fn compute(&self, frame: &mut VideoCodecFrame) -> Result<Done, Failure> {
        let settings = self.settings().clone();
        let (opened, height) = {
            let state = self.state();
            let height = state
                .input
                .as_ref()
                .map_or(0, |input| input.info().height());
            (state.opened.clone(), height)
        };
        let opened = opened.ok_or_else(|| Error::Backend("a frame before the start".into()))?;
        let options = settings.over(&opened.options);
        let read = |data: &[u8]| coded::read(data, height as usize, &options.limits);
        let coded = errors::guard(|| read(&map(frame)?))?;
        let info = self.agree(&coded)?;
        let control = Control {
            cancel: Some(&self.cancel),
            progress: None,
        };
        let layout = format::layout(info.format());
        let done = errors::guard(|| coded.restore(&*opened.restorer, layout, &options, control))?;
        self.fill(frame, &info, &done)?;
        Ok(done)
    }

    /// The frames in which downstream takes such a picture; agrees on them when that is not
    /// what was agreed on last, or downstream asks for another.
    fn agree(&self, coded: &Coded) -> Result<VideoInfo, FlowError> {
        let shape = coded.shape();
        let obj = self.obj();
        let asked = obj.src_pad().check_reconfigure();
        let last = self.state().agreed.clone();
        if let Some(last) = last.filter(|last| last.shape == shape && !asked) {
            return Ok(last.info);
        }
        let agreed = self.negotiate_shape(&shape);
        if agreed.is_err() {
            obj.src_pad().mark_reconfigure();
        }
        let info = agreed?;
        self.state().agreed = Some(Agreed {
            shape,
            info: info.clone(),
        });
        Ok(info)
    }

    fn negotiate_shape(&self, shape: &Shape) -> Result<VideoInfo, FlowError> {
        let obj = self.obj();
        let input = self.state().input.clone();
        let allowed = obj.src_pad().allowed_caps();
        let format = shape.choose(allowed.as_ref());
        let format = format.ok_or(FlowError::NotNegotiated)?;
        let info = shape.info(format, input.as_ref().map(|input| input.info()));
        let info = info.map_err(|_| FlowError::NotNegotiated)?;
        let mut output = obj.set_interlaced_output_state(
            format,
            shape.interlace_mode(),
            shape.width as u32,
            shape.height as u32,
            input.as_ref(),
        )?;
        output.set_info(info.clone());
        obj.negotiate(output)?;
        gst::debug!(CAT, imp = self, "{shape:?} goes out as {info:?}");
        Ok(info)
    }

    /// Gives `frame` a buffer with the pixels.
    fn fill(
        &self,
        frame: &mut VideoCodecFrame,
        info: &VideoInfo,
        done: &Done,
    ) -> Result<(), Failure> {
        self.obj().allocate_output_frame(frame, None)?;
        let none = || Error::Backend("a frame without a buffer".into());
        let buffer = frame.output_buffer_mut().ok_or_else(none)?;
        if done.corrupted {
            buffer.set_flags(gst::BufferFlags::CORRUPTED);
        }
        let mut pixels = VideoFrameRef::from_buffer_ref_writable(buffer, info)
            .map_err(|error| Error::Backend(format!("a buffer that cannot be mapped: {error}")))?;
        planes::write(&done.pixels, &mut pixels)?;
        drop(pixels);
        // Every JPEG stands alone.
        frame.set_flags(VideoCodecFrameFlags::SYNC_POINT);
        if done.corrupted {
            frame.set_flags(VideoCodecFrameFlags::CORRUPTED);
        }
        Ok(())
    }

    /// Logs what the core had to say of a frame; the first damaged one is a WARNING.
    fn tell(&self, done: &Done) {
        gst::log!(CAT, imp = self, "{:?}", done.report);
        let news = self.state().warned.decoded(done.corrupted);
        if news {
            gst::element_imp_warning!(
                self,
                gst::StreamError::Decode,
                (
                    "Frames are damaged and restored in part: {}",
                    done.report.notes.join("; ")
                ),
                ["such frames are marked CORRUPTED; this is said once for the stream"]
            );
        }
    }

    /// What an error means for the flow: the next frame, an end, or an end without a word.
    fn fail(&self, frame: VideoCodecFrame, error: &Error) -> Result<FlowSuccess, FlowError> {
        match errors::reach(error) {
            Reach::Cancelled => {
                self.obj().release_frame(frame);
                Err(FlowError::Flushing)
            }
            Reach::Frame => self.pass_over(frame, error),
            Reach::Stream => {
                self.obj().release_frame(frame);
                self.post(errors::message("Cannot restore", error));
                Err(FlowError::Error)
            }
        }
    }

    /// Counts and drops a frame that cannot be decoded; warns unless the last failed so too.
    /// The base class ends the stream when `max-errors` of them have followed each other.
    fn pass_over(&self, frame: VideoCodecFrame, error: &Error) -> Result<FlowSuccess, FlowError> {
        let news = {
            let mut state = self.state();
            state.stats.errors += 1;
            state.warned.failed(&error.to_string())
        };
        if news {
            gst::element_imp_warning!(
                self,
                gst::StreamError::Decode,
                ("A frame is dropped: {error}"),
                ["{error:?}"]
            );
        }
        self.obj().drop_frame(frame)?;
        gst_video::video_decoder_error!(
            self.obj(),
            1,
            gst::StreamError::Decode,
            ("Cannot decode: {error}"),
            ["{error:?}"]
        )
    }

    /// Posts an ERROR.
    pub(super) fn post(&self, message: gst::ErrorMessage) {
        self.obj().post_error_message(message);
    }
}

/// The bytes of `frame`.
fn map(frame: &VideoCodecFrame) -> ddrmjpeg::Result<gst::MappedBuffer<gst::buffer::Readable>> {
    let buffer = frame.input_buffer_owned();
    let buffer = buffer.ok_or_else(|| Error::Input("a frame without data".into()))?;
    buffer
        .into_mapped_buffer_readable()
        .map_err(|_| Error::Input("a buffer that cannot be mapped".into()))
}
