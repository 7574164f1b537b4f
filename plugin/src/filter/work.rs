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
use gst_video::{VideoFrameRef, VideoInterlaceMode};

use super::halves;
use super::imp::{CAT, DdrmJpeg};
use super::memory::Memory;
use crate::compare::View;
use crate::element::{Restoring, Task};
use crate::enums::Compare;
use crate::errors::{self, Failure, Reach};
use crate::live::{Arrival, Rung, Shortfall, Unready, Verdict};
use crate::registry::Opened;
use crate::{meta, planes};

type Frame<'a> = VideoFrameRef<&'a mut gst::BufferRef>;
type Flow = Result<FlowSuccess, FlowError>;
type Made<T> = Result<T, Failure>;

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
            planes::write(&shown, output)?;
            Ok(())
        });
        self.leave(written)
    }

    /// If that fails, both sides show the unrestored frame.
    fn make_beside(&self, input: &VideoFrameRef<&gst::BufferRef>) -> Made<Planar8> {
        let pixels = planes::read(input)?;
        let made = match self.make(&pixels) {
            Err(Failure::Core(error)) if errors::reach(&error) == Reach::Frame => {
                self.pass_over(&error);
                None
            }
            made => made?,
        };
        let unrestored = || View::SideBySide.show(&pixels, pixels.clone());
        Ok(made.map_or_else(unrestored, Ok)?)
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
    fn make(&self, pixels: &Planar8) -> Made<Option<Planar8>> {
        let (task, doubled) = {
            let mut state = self.state();
            (state.task.take(), state.doubled)
        };
        let view = View::of(self.settings().compare, doubled);
        let restored = match task {
            Some(task) => self.compute(pixels, task)?,
            None => None,
        };
        Ok(match restored {
            Some(restored) => Some(view.show(pixels, restored)?),
            None if view == View::Plain => None,
            None => Some(view.show(pixels, pixels.clone())?),
        })
    }

    /// The restored pixels, if any; counts the frame unless it fails.
    fn compute(&self, pixels: &Planar8, (task, rung): (Task, Rung)) -> Made<Option<Planar8>> {
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
        let (parts, header) = halves::parts(pixels, header, interlaced);
        let mut made = Vec::new();
        for (grid, part) in parts.iter().enumerate() {
            let tables = settings.tables(header.clone(), || self.tables_of(grid));
            made.push(self.restore_part(grid, part, &tables, &options, &opened)?);
        }
        let none = || Error::Backend("a frame of no pictures".into());
        let restored = halves::together(made, pixels.height())?.ok_or_else(none)?;
        self.note(&task, &rung, &restored.report, begun.elapsed());
        Ok(restored.report.restored.then_some(restored.frame))
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
        grid: usize,
        part: &Planar8,
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
            let stream = streams.get_mut(grid).ok_or_else(none)?;
            let stream = stream.by(&opened.restorer);
            stream.restore_frame(part, tables, options, control)
        })
        .inspect_err(|_| self.forget())?;
        if let Some(memory) = self.state().memory.get_mut(grid) {
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

    /// Whether frames currently have to pass through unchanged.
    pub(super) fn idle(&self) -> bool {
        self.settings().strength <= 0.0 || self.state().objection.is_some()
    }

    /// Whether frames show the decoded picture too, or must be twice as wide.
    pub(super) fn shows_both(&self) -> bool {
        self.settings().compare != Compare::Off || self.state().doubled
    }
}
