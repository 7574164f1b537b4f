//! One frame through the core: read, restore, write back, count; and what happens when any
//! of that fails.
//!
//! No lock is held while computing, nor while a message is posted. Called by the virtual
//! functions.

use std::time::Instant;

use ddrmjpeg::restore::Report;
use ddrmjpeg::{Control, Error, Result};
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst::{FlowError, FlowSuccess};
use gst_video::VideoFrameRef;

use super::imp::{CAT, DdrmJpeg};
use super::state::State;
use crate::errors::{self, Reach};
use crate::registry::Opened;
use crate::settings::Settings;
use crate::{meta, planes, registry};

type Frame<'a> = VideoFrameRef<&'a mut gst::BufferRef>;

impl DdrmJpeg {
    /// Opens the model that the settings name and forgets what an earlier stream left.
    pub(super) fn open(&self) -> Result<()> {
        let options = self.settings().options()?;
        let restorer = registry::open(&options)?;
        *self.state() = State {
            opened: Some(Opened { restorer, options }),
            ..State::default()
        };
        Ok(())
    }

    /// Restores `frame` where it lies. A frame that fails stays as it is.
    pub(super) fn restore(
        &self,
        frame: &mut Frame<'_>,
    ) -> std::result::Result<FlowSuccess, FlowError> {
        let begun = Instant::now();
        match self.compute(frame) {
            Ok(report) => {
                self.tell(&report);
                let mut state = self.state();
                state.stats.add(&report, begun.elapsed());
                state.memory.learn(&report);
                Ok(FlowSuccess::Ok)
            }
            Err(error) => self.fail(&error),
        }
    }

    /// From pixels to pixels; the frame is written last, and only when all went well.
    fn compute(&self, frame: &mut Frame<'_>) -> Result<Report> {
        let settings: Settings = self.settings().clone();
        let (opened, header) = {
            let mut state = self.state();
            (state.opened.clone(), state.header.take())
        };
        let opened = opened.ok_or_else(|| Error::Backend("a frame before the start".into()))?;
        let pixels = planes::read(frame)?;
        let control = Control {
            cancel: Some(&self.cancel),
            progress: None,
        };
        let options = settings.over(&opened.options);
        let tables = settings.tables(header, || self.state().memory.tables());
        let restored = errors::guard(|| {
            let core = &opened.restorer;
            core.restore_frame(&pixels, &tables, &options, control)
        })?;
        if restored.report.restored {
            planes::write(&restored.frame, frame)?;
        }
        Ok(restored.report)
    }

    /// Passes on what the core had to say of a frame: the first time as a WARNING.
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

    /// What an error means for the flow: pass on, stop, or come to an end without a word.
    fn fail(&self, error: &Error) -> std::result::Result<FlowSuccess, FlowError> {
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

    /// Takes off `buffer` what its file says of it, for the frame that is restored next.
    pub(super) fn take_header(&self, buffer: &mut gst::Buffer) {
        let said = match meta::is_on(buffer) {
            true => meta::take(buffer.make_mut()),
            false => None,
        };
        if let Some(Err(error)) = &said {
            gst::warning!(CAT, imp = self, "a meta that says nothing: {error}");
        }
        self.state().header = said.and_then(Result::ok);
    }

    /// Counts a frame that fails and leaves as it came; warns unless the last failed so too.
    fn pass_over(&self, error: &Error) {
        let news = {
            let mut state = self.state();
            state.stats.passed_through += 1;
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

    /// Takes note of new caps; warns when their frames have to pass through.
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

    /// Whether frames have to pass through untouched, as things are now.
    pub(super) fn idle(&self) -> bool {
        self.settings().strength <= 0.0 || self.state().objection.is_some()
    }

    /// Posts an ERROR.
    pub(super) fn post(&self, message: gst::ErrorMessage) {
        self.obj().post_error_message(message);
    }
}
