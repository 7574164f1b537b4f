//! Restores one frame: read, restore, write back, count; and handles failures.
//!
//! While computing it holds only the lock of the stream, which nothing else takes; while posting a
//! message it holds none. Called by the virtual functions.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use ddrmjpeg::degradation::Degradation;
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::restore::{FrameInfo, FrameTables, Report, Restored};
use ddrmjpeg::{Control, Error, RestoreOptions};
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst::{FlowError, FlowSuccess};
use gst_base::prelude::BaseTransformExtManual;
use gst_video::prelude::*;
use gst_video::{VideoCropMeta, VideoFrameRef, VideoInterlaceMode};

use super::halves;
use super::imp::{CAT, DdrmJpeg};
use super::memory::Memory;
use crate::compare::View;
use crate::element::{Restoring, Task};
use crate::enums::Compare;
use crate::errors::{self, Failure, Reach};
use crate::live::{Arrival, Rung, Shortfall, Unready, Verdict};
use crate::pixels::Pixels;
use crate::planes::formats;
use crate::registry::Opened;
use crate::{meta, planes};

type Frame<'a> = VideoFrameRef<&'a mut gst::BufferRef>;
type Flow = Result<FlowSuccess, FlowError>;
type Made<T> = Result<T, Failure>;

/// A picture of a frame.
struct Part<'a> {
    /// The grid of blocks that it belongs to.
    grid: usize,
    /// Its levels.
    frame: &'a Planar8,
    /// Whether samples of 16 bits are wanted.
    deep: bool,
}

impl DdrmJpeg {
    /// Decides what to do with a frame that arrives: a task and the work for it, or `None` to pass
    /// it through.
    ///
    /// # Errors
    /// [`gst_base::BASE_TRANSFORM_FLOW_DROPPED`] for a dropped frame, after notifying the
    /// application.
    pub(super) fn receive(&self, arrival: Arrival) -> Result<Option<(Task, Rung)>, FlowSuccess> {
        let size = self.state().size;
        let (verdict, task) = self.judge(self.obj().sink_pad(), size, arrival);
        match verdict {
            Verdict::Restore(rung) => Ok(Some((task, rung))),
            Verdict::PassThrough => {
                self.pass_late(&task);
                Ok(None)
            }
            Verdict::Drop => {
                self.count(|counts| counts.dropped += 1);
                self.give_up(Shortfall::Dropped);
                // A dropped frame does not lower the quality.
                self.tell_quality(&task, 1.0);
                Err(gst_base::BASE_TRANSFORM_FLOW_DROPPED)
            }
        }
    }

    /// Notifies the application of a frame that passes because it is late.
    fn pass_late(&self, task: &Task) {
        self.give_up(Shortfall::Decoded);
        self.tell_quality(task, 0.0);
    }

    /// Restores `frame` in place. If that fails, it stays unchanged.
    pub(super) fn restore(&self, frame: &mut Frame<'_>) -> Flow {
        let pixels = planes::read(frame).map_err(Failure::from);
        let made = pixels.and_then(|pixels| self.make(&pixels));
        let written = made.and_then(|shown| match shown {
            Some(shown) => Ok(planes::write(&shown, frame)?),
            None => Ok(()),
        });
        self.leave(written)
    }

    /// Restores `input` into a frame of twice the width.
    pub(super) fn restore_beside(
        &self,
        input: &VideoFrameRef<&gst::BufferRef>,
        output: &mut Frame<'_>,
    ) -> Flow {
        let written = self.make_beside(input).and_then(|shown| {
            planes::repeat_alpha(input, crop_of(input), output)?;
            planes::write(&shown, output)?;
            Ok(())
        });
        self.leave(written)
    }

    /// If that fails, both sides show the unrestored frame. A frame that is larger than the caps say,
    /// with a crop meta, is restored whole and shown cropped.
    fn make_beside(&self, input: &VideoFrameRef<&gst::BufferRef>) -> Made<Pixels> {
        let pixels = planes::read(input)?;
        let made = match self.restored_pixels(&pixels) {
            Err(Failure::Core(error)) if errors::reach(&error) == Reach::Frame => {
                self.pass_over(&error);
                None
            }
            made => made?,
        };
        let (width, height) = self.state().size;
        let (at, size) = (crop_of(input), (width as usize, height as usize));
        let restored = made.unwrap_or_else(|| pixels.clone()).cropped(at, size);
        Ok(pixels.cropped(at, size).shown(restored, View::SideBySide)?)
    }

    /// Ends the work on a frame.
    fn leave(&self, written: Made<()>) -> Flow {
        let flow = match written {
            Ok(()) => Ok(FlowSuccess::Ok),
            Err(Failure::Flow(flow)) => Err(flow),
            Err(Failure::Core(error)) => self.fail(&error),
        };
        self.post_figures(false);
        flow
    }

    /// What to show for a frame with these pixels; `None`: the frame unchanged.
    fn make(&self, pixels: &Pixels) -> Made<Option<Pixels>> {
        let view = View::of(self.settings().compare, false);
        Ok(match self.restored_pixels(pixels)? {
            Some(restored) => Some(pixels.shown(restored, view)?),
            None if view == View::Plain => None,
            None => Some(pixels.shown(pixels.clone(), view)?),
        })
    }

    /// The pixels restored, unless the frame is to pass.
    fn restored_pixels(&self, pixels: &Pixels) -> Made<Option<Pixels>> {
        let task = self.state().task.take();
        match task {
            Some(task) => self.compute(pixels, task),
            None => Ok(None),
        }
    }

    /// The restored pixels, if any; counts the frame unless it fails.
    fn compute(&self, pixels: &Pixels, (task, rung): (Task, Rung)) -> Made<Option<Pixels>> {
        let opened = match self.model_for(&task, &rung) {
            Ok(opened) => opened,
            Err(Unready::Late) => {
                self.count(|counts| counts.passed_through += 1);
                self.pass_late(&task);
                return Ok(None);
            }
            Err(why) => return Err(why.into()),
        };
        let begun = Instant::now();
        let settings = self.settings().clone();
        let options = self.options_for(&rung, &opened);
        let (header, interlaced) = {
            let mut state = self.state();
            (state.header.take(), state.interlaced)
        };
        // These levels belong to pixels, not to blocks.
        let interlaced = interlaced && options.degradation == Degradation::Jpeg;
        let (parts, header) = halves::parts(&pixels.upper, header, interlaced);
        let mut made = Vec::new();
        for (grid, part) in parts.iter().enumerate() {
            let tables = settings.tables(header.clone(), || self.tables_of(grid));
            let part = Part {
                grid,
                frame: part,
                deep: pixels.lower.is_some(),
            };
            made.push(self.restore_part(&part, &tables, &options, &opened)?);
        }
        let none = || Error::Backend("a frame of no pictures".into());
        let rows = pixels.upper.height();
        let (restored, report) = halves::together(made, rows)?.ok_or_else(none)?;
        self.note(&task, &rung, &report, begun.elapsed());
        Ok(report.restored.then_some(restored))
    }

    /// The tables found in earlier frames on this grid of blocks.
    fn tables_of(&self, grid: usize) -> FrameInfo {
        let mut state = self.state();
        let memory = state.memory.get_mut(grid);
        memory.map_or(FrameTables::Estimate.into(), Memory::tables)
    }

    /// Restores one picture of a frame, the next in the stream of its grid.
    fn restore_part(
        &self,
        part: &Part<'_>,
        tables: &FrameInfo,
        options: &RestoreOptions,
        opened: &Opened,
    ) -> Made<Restored> {
        let control = Control {
            cancel: Some(&self.cancel),
            progress: None,
        };
        let restored = errors::guard(|| {
            let mut streams = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
            let none = || Error::Backend("a frame of more than two fields".into());
            let stream = streams.get_mut(part.grid).ok_or_else(none)?;
            let stream = stream.by(&opened.restorer);
            stream.restore_frame(part.frame, tables, part.deep, options, control)
        })
        .inspect_err(|_| self.forget())?;
        if let Some(memory) = self.state().memory.get_mut(part.grid) {
            memory.learn(&restored.report);
        }
        Ok(restored)
    }

    /// Counts a frame that went through the core, and posts messages about it.
    fn note(&self, task: &Task, rung: &Rung, report: &Report, took: Duration) {
        self.tell(report);
        self.state().stats.add(report, took);
        if self.restored(task, rung, report, took).is_some() {
            let message = gst::message::Latency::builder().src(&*self.obj()).build();
            // Fails only without a bus.
            let _ = self.obj().post_message(message);
        }
    }

    /// Passes on the core's notes about a frame: the first time as a WARNING.
    fn tell(&self, report: &Report) {
        let news = {
            let mut state = self.state();
            state.warned.frame_succeeded();
            !report.notes.is_empty() && state.warned.frame_noted(report.restored)
        };
        let notes = report.notes.join("; ");
        gst::log!(CAT, imp = self, "{report:?}");
        if news {
            let qf = self.settings().qf;
            let fate = if report.restored {
                "are restored, with doubt"
            } else {
                "pass through unrestored"
            };
            gst::element_imp_warning!(
                self,
                gst::StreamError::Decode,
                ("Frames {fate}: {notes}"),
                ["qf = {qf}; 1 to 100 names the quality that the JPEG was made with"]
            );
        }
    }

    /// What an error means for the flow: continue, stop with an error, or stop silently.
    fn fail(&self, error: &Error) -> Flow {
        match errors::reach(error) {
            Reach::Cancelled => Err(FlowError::Flushing),
            Reach::Frame => {
                self.pass_over(error);
                Ok(FlowSuccess::Ok)
            }
            Reach::Stream => {
                self.post(errors::message("Cannot restore", error));
                Err(FlowError::Error)
            }
        }
    }

    /// Removes the meta with its file's header from `buffer` and stores it for this frame, with
    /// whether the frame consists of two fields.
    pub(super) fn take_header(&self, buffer: &mut gst::Buffer) {
        let said = match meta::is_on(buffer) {
            true => meta::take(buffer.make_mut()),
            false => None,
        };
        if let Some(Err(error)) = &said {
            gst::warning!(CAT, imp = self, "a meta that says nothing: {error}");
        }
        let mut state = self.state();
        state.header = said.and_then(ddrmjpeg::Result::ok);
        let mode = state.interlace.unwrap_or(VideoInterlaceMode::Progressive);
        state.interlaced = halves::is_interlaced(mode, buffer);
    }

    /// Counts a frame that failed and passes through; warns unless the last one failed in the same
    /// way.
    fn pass_over(&self, error: &Error) {
        let news = {
            let mut state = self.state();
            state.stats.counts.passed_through += 1;
            state.warned.frame_failed(&error.to_string())
        };
        if news {
            gst::element_imp_warning!(
                self,
                gst::StreamError::Decode,
                ("A frame passes through unrestored: {error}"),
                ["{error:?}"]
            );
        }
    }

    /// Handles new caps; warns if their frames have to pass through.
    pub(super) fn note_objection(&self, objection: Option<String>) {
        let news = {
            let mut state = self.state();
            state.warned = Default::default();
            state.memory = Default::default();
            let news = objection.is_some() && state.objection != objection;
            state.objection.clone_from(&objection);
            news
        };
        if let Some(objection) = objection.filter(|_| news) {
            gst::element_imp_warning!(
                self,
                gst::StreamError::Format,
                ("Frames pass through unrestored: {objection}"),
                [
                    "put the element right behind the decoder, before any conversion; if a decoder \
                  has marked its frames wrongly, correct that with capssetter"
                ]
            );
        }
    }

    /// Reports once that frames in memory of this kind are refused: upstream can only say that
    /// nothing was negotiated.
    pub(super) fn note_refusal(&self, memory: Option<String>) {
        let Some(memory) = memory else { return };
        let told = std::mem::replace(&mut self.state().warned.refusing, true);
        if !told {
            gst::element_imp_warning!(
                self,
                gst::StreamError::Format,
                ("Frames in {memory} are refused: the element takes frames in system memory"),
                [
                    "put a download before it, such as vapostproc or gldownload, followed by \
                     video/x-raw"
                ]
            );
        }
    }

    /// Whether frames currently have to pass through unchanged.
    pub(super) fn idle(&self) -> bool {
        self.settings().strength <= 0.0 || self.state().objection.is_some()
    }

    /// Whether frames show the decoded picture too, or must be twice as wide.
    pub(super) fn shows_both(&self) -> bool {
        self.settings().compare != Compare::Off || self.state().doubled
    }
}

/// Where the part begins that the crop meta of a frame larger than its caps says is to be seen.
fn crop_of(frame: &VideoFrameRef<&gst::BufferRef>) -> (usize, usize) {
    let meta = frame.buffer().meta::<VideoCropMeta>();
    let (x, y, ..) = meta.map_or_else(Default::default, |meta| meta.rect());
    let (fx, fy) = formats::subsampling(&frame.format_info());
    // Whole samples of chroma.
    (x as usize / fx * fx, y as usize / fy * fy)
}
