//! [`Stream`]: the frames of one stream, one after another, with what carries over between them.
//!
//! The only memory of frames. A stream takes a frame the way that a picture by itself goes, from
//! `source` to its layout, but solves it with [`Remembering`], which knows the last frame
//! ([`last_frame`]). `RestoreOptions::temporal` says how much carries over. Used by the elements, one
//! stream for each grid of blocks (two for interlaced video).
//!
//! What is kept of a frame: a copy of its input (bytes, file or pixels), to see that the next is the
//! same, and a copy of the result, which is then returned again. The levels, the decoded picture, the
//! network's answer and the restored picture are kept to be changed in part.

mod asked_parts;
mod blocks;
mod finish;
mod key;
mod last_frame;
mod redraw;
pub mod still;
#[cfg(test)]
mod stream_tests;

use std::sync::Arc;

use crate::contract::{Control, Denoiser};
use crate::degradation::Bits;
use crate::error::Result;
use crate::frame::Planar8;
use crate::jpeg;
use crate::jpeg::file::Metadata;
use crate::jpeg::grid::cell::Slack;
use crate::jpeg::recover::moved::Moved;
use crate::jpeg::recover::resaved::FirstSave;
use crate::jpeg::segments::abbreviated::StreamTables;
use crate::jpeg::{JpegFile, Observation};
use crate::options::{RestoreOptions, Temporal};
use crate::report::{Carried, Fresh, Restored};
use crate::solve::output::Layout;
use crate::solve::{Alone, Request, Solved, Solver};
use crate::source::frame::FrameInfo;
use crate::source::{banded, file as source_file, frame as source_frame};
use crate::stream::last_frame::Memory;

/// What the last frame was, and what came of it.
struct Last {
    input: Input,
    form: Form,
    options: RestoreOptions,
    restored: Restored,
}

/// What a frame becomes.
#[derive(Clone, Copy, PartialEq)]
struct Form {
    /// The layout of a file; a frame keeps its own.
    layout: Option<Layout>,
    /// Whether in samples of 16 bits.
    deep: bool,
}

/// What a frame was made from.
#[derive(PartialEq)]
enum Input {
    /// A file; its metadata do not count.
    File(Arc<JpegFile>),
    /// Pixels and what is known of them.
    Frame(Planar8, Box<FrameInfo>),
    /// Pixels of few levels.
    Levels(Planar8, Bits),
}

/// Restores the frames of one stream, one after another. Each comes out as
/// [`crate::Restorer`] would restore it by itself, bit for bit, unless
/// `RestoreOptions::temporal` is [`Temporal::Accumulate`], or the frame was cut or scaled between two
/// saves, for which only pictures by themselves are searched.
pub struct Stream {
    denoiser: Arc<dyn Denoiser>,
    /// The last frame as it was solved.
    memory: Memory,
    last: Option<Last>,
    /// The bytes of the last file that came as bytes, and that file.
    read: Option<(Vec<u8>, Arc<JpegFile>)>,
    /// What files that came as bytes have given for those to come.
    tables: StreamTables,
}

/// Solves a frame with what is known of the last one, or, if nothing can be taken over, by itself.
struct Remembering<'a> {
    denoiser: &'a dyn Denoiser,
    memory: &'a mut Memory,
}

impl Solver for Remembering<'_> {
    fn first_save(&mut self, file: &JpegFile) -> Option<FirstSave> {
        self.memory.first_save(file)
    }

    /// Looking costs as much as a frame of which little changed, and cameras do not save twice.
    fn moved(&mut self, _: &mut Observation) -> Option<Moved> {
        None
    }

    fn solve(
        &mut self,
        seen: &mut Observation,
        slack: Slack,
        request: Request<'_>,
    ) -> Result<Solved> {
        match self.memory.solve(self.denoiser, seen, slack, request)? {
            Some(solved) => Ok(solved),
            None => Alone(self.denoiser).solve(seen, slack, request),
        }
    }
}

impl Stream {
    /// A stream restored by `denoiser` that has seen no frame yet.
    pub(crate) fn new(denoiser: Arc<dyn Denoiser>) -> Self {
        Self {
            denoiser,
            memory: Memory::default(),
            last: None,
            read: None,
            tables: StreamTables::default(),
        }
    }

    /// Forgets every frame: what follows a seek or a gap has nothing to do with what was before.
    pub fn reset(&mut self) {
        self.last = None;
        self.read = None;
        self.tables = StreamTables::default();
        self.memory.forget();
    }

    /// [`crate::Restorer::restore_jpeg`] for the next frame, in a layout of one's own. Bytes that
    /// are those of the last frame are not even read. A frame that comes without tables has those
    /// that frames before it gave, up to [`Self::reset`].
    ///
    /// # Errors
    /// As [`crate::Restorer::restore_jpeg`].
    pub fn restore_jpeg(
        &mut self,
        data: &[u8],
        layout: Layout,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        let (bytes, file) = match self.read.take() {
            Some((bytes, file)) if bytes == data => (bytes, file),
            _ => {
                let whole = self.tables.complete(data);
                let file = jpeg::read(&whole, &options.limits)?;
                (data.to_vec(), Arc::new(file))
            }
        };
        let request = Request { options, control };
        let restored = self.next_file(&file, || Arc::clone(&file), (layout, false), request);
        self.read = Some((bytes, file));
        restored
    }

    /// [`crate::Restorer::restore_file_as`] for the next frame.
    ///
    /// # Errors
    /// As [`crate::Restorer::restore_file_as`].
    pub fn restore_file(
        &mut self,
        file: &JpegFile,
        layout: Layout,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        let request = Request { options, control };
        self.next_file(file, || Arc::new(bare(file)), (layout, false), request)
    }

    /// [`Self::restore_file`] in samples of 16 bits: the upper bytes are the frame, the lower ones
    /// [`Restored::lower`].
    ///
    /// # Errors
    /// As [`Self::restore_file`].
    #[doc(hidden)]
    pub fn restore_file_deep(
        &mut self,
        file: &JpegFile,
        layout: Layout,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        let request = Request { options, control };
        self.next_file(file, || Arc::new(bare(file)), (layout, true), request)
    }

    /// The next frame from a file, which is kept as `kept` has it.
    fn next_file(
        &mut self,
        file: &JpegFile,
        kept: impl FnOnce() -> Arc<JpegFile>,
        (layout, deep): (Layout, bool),
        request: Request<'_>,
    ) -> Result<Restored> {
        let same = |input: &Input| matches!(input, Input::File(last) if same_picture(last, file));
        let form = Form {
            layout: Some(layout),
            deep,
        };
        self.next(form, request, same, |solver, last| {
            let restored = match deep {
                true => source_file::deep(solver, file, layout, request)?,
                false => source_file::restore(solver, file, (layout, last), request)?,
            };
            Ok((Input::File(kept()), restored))
        })
    }

    /// [`crate::Restorer::restore_frame`] for the next frame.
    ///
    /// # Errors
    /// As [`crate::Restorer::restore_frame`].
    pub fn restore_frame(
        &mut self,
        frame: &Planar8,
        info: &FrameInfo,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        self.next_frame(frame, info, false, Request { options, control })
    }

    /// [`Self::restore_frame`] in samples of 16 bits, as [`Self::restore_file_deep`] has them; a
    /// frame that is returned unchanged has its own 8.
    ///
    /// # Errors
    /// As [`Self::restore_frame`].
    #[doc(hidden)]
    pub fn restore_frame_deep(
        &mut self,
        frame: &Planar8,
        info: &FrameInfo,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        self.next_frame(frame, info, true, Request { options, control })
    }

    fn next_frame(
        &mut self,
        frame: &Planar8,
        info: &FrameInfo,
        deep: bool,
        request: Request<'_>,
    ) -> Result<Restored> {
        let same =
            |input: &Input| matches!(input, Input::Frame(f, i) if f == frame && **i == *info);
        self.next(Form { layout: None, deep }, request, same, |solver, _| {
            let restored = match deep {
                true => source_frame::deep(solver, frame, info, request)?,
                false => source_frame::restore(solver, frame, info, request)?,
            };
            let input = Input::Frame(frame.clone(), Box::new(info.clone()));
            Ok((input, restored))
        })
    }

    /// [`crate::Restorer::restore_levels`] for the next frame, of which nothing carries over unless
    /// it is the last one again.
    ///
    /// # Errors
    /// As [`crate::Restorer::restore_levels`].
    pub fn restore_levels(
        &mut self,
        frame: &Planar8,
        bits: Bits,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        self.next_levels(frame, bits, false, Request { options, control })
    }

    /// [`Self::restore_levels`] in samples of 16 bits, as [`Self::restore_file_deep`] has them.
    ///
    /// # Errors
    /// As [`Self::restore_levels`].
    #[doc(hidden)]
    pub fn restore_levels_deep(
        &mut self,
        frame: &Planar8,
        bits: Bits,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        self.next_levels(frame, bits, true, Request { options, control })
    }

    fn next_levels(
        &mut self,
        frame: &Planar8,
        bits: Bits,
        deep: bool,
        request: Request<'_>,
    ) -> Result<Restored> {
        let same = |input: &Input| matches!(input, Input::Levels(f, b) if f == frame && *b == bits);
        self.next(Form { layout: None, deep }, request, same, |solver, _| {
            let restored = match deep {
                true => banded::deep(solver.denoiser, frame, bits, request)?,
                false => banded::restore(solver.denoiser, frame, bits, request)?,
            };
            Ok((Input::Levels(frame.clone(), bits), restored))
        })
    }

    /// The last result again if `same` says so of the last input; else `restore`, which is given the
    /// last frame if its layout and options were the same.
    fn next(
        &mut self,
        form: Form,
        request: Request<'_>,
        same: impl Fn(&Input) -> bool,
        restore: impl FnOnce(&mut Remembering<'_>, Option<Planar8>) -> Result<(Input, Restored)>,
    ) -> Result<Restored> {
        let options = request.options;
        options.validate()?;
        if options.temporal == Temporal::Off {
            self.reset();
            let (_, mut restored) = restore(&mut self.solver(), None)?;
            let carried = restored.report.carried.get_or_insert_default();
            carried.fresh = Some(Fresh::Off);
            return Ok(restored);
        }
        let alike = |last: &Last| last.form == form && last.options == *options;
        let mut last = self.last.take().filter(alike);
        if let Some(last) = last.take_if(|last| same(&last.input)) {
            let restored = again(&last.restored);
            self.last = Some(last);
            return Ok(restored);
        }
        let last = last.map(|last| last.restored.frame);
        let restored = restore(&mut self.solver(), last);
        let (input, mut restored) = restored.inspect_err(|_| self.memory.forget())?;
        let pixels = restored.frame.width() * restored.frame.height();
        restored.report.carried.get_or_insert(Carried {
            pixels,
            changed: pixels,
            reused: 0,
            fresh: Some(Fresh::Alone),
        });
        self.last = Some(Last {
            input,
            form,
            options: options.clone(),
            restored: restored.clone(),
        });
        Ok(restored)
    }

    fn solver(&mut self) -> Remembering<'_> {
        Remembering {
            denoiser: &*self.denoiser,
            memory: &mut self.memory,
        }
    }
}

/// The last result, of which nothing was computed.
fn again(last: &Restored) -> Restored {
    let mut restored = last.clone();
    restored.report.network_calls = 0;
    if let Some(carried) = &mut restored.report.carried {
        (carried.changed, carried.reused) = (0, carried.pixels);
        carried.fresh = None;
    }
    restored
}

/// Whether two files say the same picture, whatever else they say.
fn same_picture(a: &JpegFile, b: &JpegFile) -> bool {
    (a.width, a.height, a.model) == (b.width, b.height, b.model)
        && a.markers == b.markers
        && a.damage == b.damage
        && a.components == b.components
        && a.ink == b.ink
}

/// `file` without its metadata.
fn bare(file: &JpegFile) -> JpegFile {
    JpegFile {
        metadata: Metadata::default(),
        ..file.clone()
    }
}
