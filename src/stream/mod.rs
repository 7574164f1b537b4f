//! [`Stream`]: the frames of one stream, one after another, with what carries over between them.
//!
//! `Options::temporal` says how much that is. A frame that is the last one again is answered
//! here; what has changed is found where it is solved, by `memory`. Made by [`Restorer::stream`]; called by the
//! elements, one stream for each grid of blocks (two for interlaced video).

mod asked_parts;
mod blocks;
mod finish;
mod key;
mod last_frame;
mod redraw;
pub mod still;
#[cfg(test)]
mod stream_tests;

use std::sync::{Arc, Mutex};

use crate::contract::Control;
use crate::degradation::Bits;
use crate::error::Result;
use crate::frame::Planar8;
use crate::jpeg;
use crate::jpeg::JpegFile;
use crate::jpeg::file::Metadata;
use crate::jpeg::segments::abbreviated::StreamTables;
use crate::options::{Options, Temporal};
use crate::restore::{FrameTables, Layout, Restored, Restorer};

pub(crate) use crate::stream::last_frame::{Memory, Solved};

/// What a stream took over from the frame before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Pixels of the frame, on its grid of whole MCUs.
    pub pixels: usize,
    /// Those of which the decoded picture (with `accumulate`: what is known of it) is another
    /// than before, counted in squares of 4.
    pub changed: usize,
    /// Those that the network was not asked again for.
    pub reused: usize,
    /// Why nothing was known of a frame before.
    pub fresh: Option<Fresh>,
}

/// Why a stream begins anew with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fresh {
    /// It is the first one, the first after [`Stream::reset`], or follows one that failed or was
    /// restored by itself.
    First,
    /// `Options::temporal` is off.
    Off,
    /// The options are others, or the layout of the pixels.
    Options,
    /// Size, sampling or colours are others.
    Shape,
    /// The quantisation tables are others, or where they are known from.
    Tables,
    /// It is restored by itself: damaged, with `strict`, in several calls, or not at all.
    Alone,
    /// Most of the picture is another: a cut.
    Cut,
}

/// What the last frame was, and what came of it.
struct Last {
    input: Input,
    layout: Option<Layout>,
    options: Options,
    restored: Restored,
}

/// What a frame was made from.
#[derive(PartialEq)]
enum Input {
    /// A file; its metadata do not count.
    File(Arc<JpegFile>),
    /// Pixels and what is known of their tables.
    Frame(Planar8, Box<FrameTables>),
    /// Pixels of few levels.
    Levels(Planar8, Bits),
}

/// Restores the frames of one stream, from one thread at a time.
pub struct Stream {
    /// Remembers the last frame as it was solved.
    restorer: Restorer,
    last: Option<Last>,
    /// The bytes of the last file that came as bytes, and that file.
    read: Option<(Vec<u8>, Arc<JpegFile>)>,
    /// What files that came as bytes have given for those to come.
    tables: StreamTables,
}

impl Restorer {
    /// A stream that is restored by this model and has seen no frame yet.
    pub fn stream(&self) -> Stream {
        Stream {
            restorer: Self {
                denoiser: self.denoiser.clone(),
                memory: Some(Mutex::default()),
            },
            last: None,
            read: None,
            tables: StreamTables::default(),
        }
    }
}

impl Stream {
    /// Forgets every frame: what follows a seek or a gap has nothing to do with what was before.
    pub fn reset(&mut self) {
        self.last = None;
        self.read = None;
        self.tables = StreamTables::default();
        self.restorer.forget();
    }

    /// [`Restorer::restore_jpeg`] for the next frame, in a layout of one's own. Bytes that are
    /// those of the last frame are not even read. A frame that comes without tables has those that
    /// frames before it gave, up to [`Self::reset`].
    ///
    /// # Errors
    /// As [`Restorer::restore_jpeg`].
    pub fn restore_jpeg(
        &mut self,
        data: &[u8],
        layout: Layout,
        options: &Options,
        control: Control<'_>,
    ) -> Result<Restored> {
        let (bytes, file) = match self.read.take() {
            Some((bytes, file)) if bytes == data => (bytes, file),
            _ => {
                let whole = self.tables.complete(data);
                (
                    data.to_vec(),
                    Arc::new(jpeg::read(&whole, &options.limits)?),
                )
            }
        };
        let restored = self.next_file(&file, || Arc::clone(&file), layout, options, control);
        self.read = Some((bytes, file));
        restored
    }

    /// [`Restorer::restore_file_as`] for the next frame.
    ///
    /// # Errors
    /// As [`Restorer::restore_file_as`].
    pub fn restore_file(
        &mut self,
        file: &JpegFile,
        layout: Layout,
        options: &Options,
        control: Control<'_>,
    ) -> Result<Restored> {
        self.next_file(file, || Arc::new(bare(file)), layout, options, control)
    }

    /// The next frame from a file, which is kept as `kept` has it.
    fn next_file(
        &mut self,
        file: &JpegFile,
        kept: impl FnOnce() -> Arc<JpegFile>,
        layout: Layout,
        options: &Options,
        control: Control<'_>,
    ) -> Result<Restored> {
        let same = |input: &Input| matches!(input, Input::File(last) if same_picture(last, file));
        self.next(Some(layout), options, same, |restorer, last| {
            let restored = restorer.restore_file_onto(last, file, layout, options, control)?;
            Ok((Input::File(kept()), restored))
        })
    }

    /// [`Restorer::restore_frame`] for the next frame.
    ///
    /// # Errors
    /// As [`Restorer::restore_frame`].
    pub fn restore_frame(
        &mut self,
        frame: &Planar8,
        tables: &FrameTables,
        options: &Options,
        control: Control<'_>,
    ) -> Result<Restored> {
        let same =
            |input: &Input| matches!(input, Input::Frame(f, t) if f == frame && **t == *tables);
        self.next(None, options, same, |restorer, _| {
            let restored = restorer.restore_frame(frame, tables, options, control)?;
            Ok((
                Input::Frame(frame.clone(), Box::new(tables.clone())),
                restored,
            ))
        })
    }

    /// [`Restorer::restore_levels`] for the next frame, of which nothing carries over unless
    /// it is the last one again.
    ///
    /// # Errors
    /// As [`Restorer::restore_levels`].
    pub fn restore_levels(
        &mut self,
        frame: &Planar8,
        bits: Bits,
        options: &Options,
        control: Control<'_>,
    ) -> Result<Restored> {
        let same = |input: &Input| matches!(input, Input::Levels(f, b) if f == frame && *b == bits);
        self.next(None, options, same, |restorer, _| {
            let restored = restorer.restore_levels(frame, bits, options, control)?;
            Ok((Input::Levels(frame.clone(), bits), restored))
        })
    }

    /// The last result again if `same` says so of the last input; else `restore`, which is given the
    /// last frame if its layout and options were the same.
    fn next(
        &mut self,
        layout: Option<Layout>,
        options: &Options,
        same: impl Fn(&Input) -> bool,
        restore: impl FnOnce(&Restorer, Option<Planar8>) -> Result<(Input, Restored)>,
    ) -> Result<Restored> {
        if options.temporal == Temporal::Off {
            self.reset();
            let (_, mut restored) = restore(&self.restorer, None)?;
            let carried = restored.report.carried.get_or_insert_default();
            carried.fresh = Some(Fresh::Off);
            return Ok(restored);
        }
        let alike = |last: &Last| last.layout == layout && last.options == *options;
        let mut last = self.last.take().filter(alike);
        if let Some(last) = last.take_if(|last| same(&last.input)) {
            let restored = again(&last.restored);
            self.last = Some(last);
            return Ok(restored);
        }
        let last = last.map(|last| last.restored.frame);
        let (input, mut restored) =
            restore(&self.restorer, last).inspect_err(|_| self.restorer.forget())?;
        let pixels = restored.frame.width() * restored.frame.height();
        restored.report.carried.get_or_insert(Carried {
            pixels,
            changed: pixels,
            reused: 0,
            fresh: Some(Fresh::Alone),
        });
        self.last = Some(Last {
            input,
            layout,
            options: options.clone(),
            restored: restored.clone(),
        });
        Ok(restored)
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
