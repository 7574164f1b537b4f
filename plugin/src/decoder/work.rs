//! Restores one frame: read, negotiate a format, restore, output, count; and handles failures.
//!
//! While computing it holds only the lock of `Carry`, which nothing else takes; while posting a
//! message it holds none. Called by the virtual functions.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use ddrmjpeg::{Control, Error, RestoreOptions};
use gst::subclass::prelude::*;
use gst::{FlowError, FlowSuccess};
use gst_video::prelude::*;
use gst_video::{VideoCodecFrame, VideoCodecFrameFlags, VideoCodecState, VideoFrameRef, VideoInfo};

use super::coded::{self, Coded, Done};
use super::imp::{CAT, DdrmJpegDec};
use super::state::Carry;
use crate::compare::View;
use crate::element::{Restoring, Task};
use crate::errors::{self, Failure, Reach};
use crate::live::{Arrival, Rung, Shortfall, Unready, Verdict};
use crate::planes::formats;
use crate::registry::Opened;
use crate::restorer::Output;
use crate::{planes, restorer};

impl DdrmJpegDec {
    /// Stores new caps. Returns whether they say that each buffer holds a frame.
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
        state.begin_length();
        framed
    }

    /// Decodes, restores and outputs `frame`.
    pub(super) fn decode(&self, mut frame: VideoCodecFrame) -> Result<FlowSuccess, FlowError> {
        let (verdict, task) = self.receive(&frame);
        if verdict == Verdict::Drop {
            self.count(|counts| counts.dropped += 1);
            self.give_up(Shortfall::Dropped);
            return self.obj().drop_frame(frame);
        }
        let flow = match self.compute(&mut frame, &verdict, &task) {
            Ok(true) => self.obj().finish_frame(frame),
            Ok(false) => {
                self.obj().release_frame(frame);
                Ok(FlowSuccess::Ok)
            }
            Err(Failure::Flow(flow)) => {
                self.obj().release_frame(frame);
                Err(flow)
            }
            Err(Failure::Core(error)) => self.fail(frame, &error),
        };
        self.post_figures(false);
        flow
    }

    /// Decides what to do with a frame that has arrived.
    fn receive(&self, frame: &VideoCodecFrame) -> (Verdict, Task) {
        let obj = self.obj();
        let arrival = Arrival::new(frame.pts(), frame.duration(), &obj.input_segment());
        let size = {
            let mut state = self.state();
            state.stats.counts.frames += 1;
            let shape = state.agreed.as_ref().map(|agreed| &agreed.shape);
            shape.map_or((0, 0), |shape| (shape.width as u32, shape.height as u32))
        };
        self.judge(obj.sink_pad(), size, arrival)
    }

    /// Restores the frame's bytes into a new buffer. Returns `false` if they are only tables, for
    /// later frames.
    fn compute(
        &self,
        frame: &mut VideoCodecFrame,
        verdict: &Verdict,
        task: &Task,
    ) -> Result<bool, Failure> {
        let mut carry = self.carry.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(coded) = self.read(frame, &mut carry)? else {
            self.count(|counts| counts.frames -= 1);
            return Ok(false);
        };
        let agreed = self.agree(&coded)?;
        let output = formats::output(agreed.info.format());
        let made = self.make(&coded, output, verdict, task, &mut carry);
        if made.is_err() {
            carry.restart();
        }
        drop(carry);
        let mut done = made?;
        let view = View::of(agreed.compare, agreed.doubled);
        if view != View::Plain {
            let decoded = errors::guard(|| decode(&coded, output))?;
            done.pixels = decoded.pixels.shown(done.pixels, view)?;
        }
        self.fill(frame, &agreed.info, &done)?;
        Ok(true)
    }

    /// What the frame holds; reused from the last frame if the bytes are the same.
    fn read(
        &self,
        frame: &VideoCodecFrame,
        carry: &mut Carry,
    ) -> Result<Option<Arc<Coded>>, Failure> {
        let height = self.state().height();
        let data = map(frame)?;
        if let Some((last, at, coded)) = &carry.last
            && *at == height
            && *last == *data
        {
            return Ok(Some(coded.clone()));
        }
        let limits = self.settings().limits();
        let tables = &mut carry.tables;
        let coded = errors::guard(|| coded::read(&data, height, &limits, tables))?;
        let coded = coded.map(Arc::new);
        if let Some(coded) = &coded {
            self.tell_of_field(coded.lone_field(&data));
        }
        carry.last = coded.clone().map(|coded| (data.to_vec(), height, coded));
        Ok(coded)
    }

    /// Its pixels, restored if there is time; counts the frame.
    fn make(
        &self,
        coded: &Coded,
        output: Output,
        verdict: &Verdict,
        task: &Task,
        carry: &mut Carry,
    ) -> Result<Done, Failure> {
        if let Verdict::Restore(rung) = verdict {
            match self.model_for(task, rung) {
                Ok(opened) => return self.restore(coded, output, task, rung, &opened, carry),
                Err(Unready::Late) => {}
                Err(why) => return Err(why.into()),
            }
        }
        let begun = Instant::now();
        let done = errors::guard(|| decode(coded, output))?;
        self.tell(&done);
        let took = begun.elapsed();
        self.state().stats.add(&done.report, done.corrupted, took);
        self.give_up(Shortfall::Decoded);
        self.tell_quality(task, 0.0);
        Ok(done)
    }

    fn restore(
        &self,
        coded: &Coded,
        output: Output,
        task: &Task,
        rung: &Rung,
        opened: &Opened,
        carry: &mut Carry,
    ) -> Result<Done, Failure> {
        let begun = Instant::now();
        let options = self.options_for(rung, opened);
        let control = Control {
            cancel: Some(&self.cancel),
            progress: None,
        };
        let grids = &mut carry.grids;
        let done = errors::guard(|| {
            coded.with(&mut |grid, file| {
                let stream = grids.get_mut(grid).ok_or_else(no_grid)?;
                let stream = stream.by(&opened.restorer);
                stream.restore_file(file, output, &options, control)
            })
        })?;
        let took = begun.elapsed();
        self.tell(&done);
        self.state().stats.add(&done.report, done.corrupted, took);
        if let Some(latency) = self.restored(task, rung, &done.report, took) {
            self.obj().set_latency(latency, latency);
        }
        Ok(done)
    }

    /// Allocates the output buffer of `frame` and copies the pixels into it.
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
        planes::make_opaque(&mut pixels)?;
        planes::write(&done.pixels, &mut pixels)?;
        drop(pixels);
        // Every JPEG is a sync point.
        frame.set_flags(VideoCodecFrameFlags::SYNC_POINT);
        if done.corrupted {
            frame.set_flags(VideoCodecFrameFlags::CORRUPTED);
        }
        Ok(())
    }

    /// Logs the core's notes about a frame; the first damaged one is a WARNING.
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
                ["such frames are marked CORRUPTED; this warning is posted once per stream"]
            );
        }
    }

    /// What an error means for the flow: continue with the next frame, stop with an error, or stop
    /// silently.
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

    /// Counts and drops a frame that cannot be decoded; warns unless the last one failed in the
    /// same way. The base class ends the stream after `max-errors` of them in a row.
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
}

/// Decodes `coded` without restoring it.
fn decode(coded: &Coded, output: Output) -> ddrmjpeg::Result<Done> {
    let options = RestoreOptions::default();
    coded.with(&mut |_, file| restorer::decoded(file, output, &options))
}

fn no_grid() -> Error {
    Error::Backend("a picture of more than two fields".into())
}

/// The bytes of `frame`.
fn map(frame: &VideoCodecFrame) -> ddrmjpeg::Result<gst::MappedBuffer<gst::buffer::Readable>> {
    let buffer = frame.input_buffer_owned();
    let buffer = buffer.ok_or_else(|| Error::Input("a frame without data".into()))?;
    buffer
        .into_mapped_buffer_readable()
        .map_err(|_| Error::Input("a buffer that cannot be mapped".into()))
}
