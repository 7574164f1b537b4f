//! Large JPEG files, restored in strips that are written as they are made, so that memory hardly
//! grows with the picture.
//!
//! A picture that is not large, and all that needs the whole picture, is restored as a whole
//! (`result`). Called by `batch`.

use std::io;
use std::io::BufWriter;
use std::ops::Range;
use std::rc::Rc;
use std::sync::mpsc::sync_channel;
use std::thread;

use anyhow::{Context, Result, anyhow, bail};
use ddrmjpeg::degradation::Degradation;
use ddrmjpeg::frame::{Orientation, Picture, Planar8, Plane8, Rect};
use ddrmjpeg::jpeg::file::Metadata;
use ddrmjpeg::jpeg::segments::behind;
use ddrmjpeg::jpeg::segments::behind::Behind;
use ddrmjpeg::jpeg::segments::header;
use ddrmjpeg::restore::Report;
use ddrmjpeg::{Control, Error, PackedFile, RestoreOptions, Restorer};

use crate::io::carry;
use crate::io::carry::Wish;
use crate::io::files::Target;
use crate::io::format::Format;
use crate::io::picture;
use crate::io::picture::rows;
use crate::io::picture::rows::{EncodeRows, Out, Pipe, Strips};
use crate::io::picture::samples;
use crate::io::picture::samples::{Depth, Pixels, Shape};
use crate::restore::arguments::HowArgs;
use crate::restore::input;
use crate::restore::result::{Output, Wanted, Work};
use crate::restore::stop;

/// Pixels above which a picture is large.
pub const FROM: u64 = 40_000_000;

/// A large JPEG that has been read.
pub struct Large {
    /// Its levels.
    pub file: PackedFile,
    metadata: Metadata,
    behind: Behind,
}

/// Whether the picture in `bytes` is large, and can be restored in strips as it is asked for.
pub fn is_for(
    bytes: &[u8],
    (how, options): (&HowArgs, &RestoreOptions),
    restorer: &Restorer,
    (format, target): (Format, &Target),
) -> bool {
    let is_large = || {
        let header = header::parse(bytes);
        header.is_ok_and(|header| {
            let pixels = header.width as u64 * header.height as u64;
            header.components.len() < 4 && pixels > how.strips_from.unwrap_or(FROM)
        })
    };
    let can_write =
        encoder(format, how).is_some() && (*target != Target::Stdout || !format.seeks());
    options.degradation == Degradation::Jpeg
        && !how.was_jpeg
        && !how.compare
        && can_write
        && restorer.can_restore_in_strips(options)
        && is_large()
}

/// What encodes strips; `None` if a file needs the whole picture.
fn encoder(format: Format, how: &HowArgs) -> Option<Encoder> {
    match (format, Wanted::of(how)) {
        (Format::Jpeg, Wanted::Quality(quality)) => Some(Encoder::Jpeg(quality)),
        _ => format.rows().map(Encoder::Rows),
    }
}

/// What encodes strips.
enum Encoder {
    Rows(EncodeRows),
    /// Of that quality.
    Jpeg(u8),
}

impl Encoder {
    fn encode(
        &self,
        out: &mut dyn Out,
        shape: Shape,
        metadata: &Metadata,
        strips: Strips<'_>,
    ) -> Result<()> {
        match self {
            Self::Rows(encode) => encode(out, shape, metadata, strips),
            Self::Jpeg(quality) => rows::as_jpeg(out, shape, metadata, (*quality, strips)),
        }
    }
}

/// Reads the bytes of a file.
pub fn read(bytes: &[u8], options: &RestoreOptions) -> Result<Large> {
    let mut file = PackedFile::read(bytes, &options.limits)?;
    Ok(Large {
        metadata: std::mem::take(file.metadata_mut()),
        file,
        behind: behind::look(bytes),
    })
}

impl Work<'_> {
    /// Restores `large` to `target`.
    pub fn write_large(
        &self,
        large: Large,
        target: &Target,
        control: Control<'_>,
    ) -> Result<Output> {
        let stopping = stop::Guard::new();
        let control = Control {
            cancel: Some(stopping.flag()),
            ..control
        };
        let Large {
            file,
            metadata,
            behind,
        } = large;
        let wish = Wish {
            format: self.format,
            orient: self.how.orient,
            strip: self.how.strip,
            grey: file.is_grey(),
            levels: false,
        };
        let carried = carry::prepare(metadata, &behind, wish);
        let to = To {
            encoder: encoder(self.format, self.how).context("not a format of rows")?,
            name: target.name(),
            metadata: &carried.metadata,
            depth: self.format.depth(self.how.depth)?,
            turn: self.turn(samples::orientation(carried.turn)),
        };
        let quality = match to.encoder {
            Encoder::Jpeg(quality) => Some(quality),
            Encoder::Rows(_) => None,
        };
        let report = match target {
            Target::File(path) => picture::whole(path, |scratch| {
                self.fill(&file, &to, &mut BufWriter::new(scratch), control)
            })?,
            Target::Stdout => self.fill(&file, &to, &mut Pipe(io::stdout()), control)?,
        };
        let found = input::quality_found(file.outline());
        let mut output = Output::written(report, found, carried.notes);
        output.quality = quality;
        Ok(output)
    }

    /// How the strips are turned: the last row of a PFM comes first.
    fn turn(&self, turn: Orientation) -> Orientation {
        Orientation {
            mirrored_y: turn.mirrored_y != (self.format == Format::Pfm),
            ..turn
        }
    }

    fn fill(
        &self,
        file: &PackedFile,
        to: &To<'_>,
        out: &mut (dyn Out + Send),
        control: Control<'_>,
    ) -> Result<Report> {
        let (restorer, options, turn) = (self.restorer, self.options, to.turn);
        let (depth, colour) = (to.depth, self.format.colour());
        match depth {
            Depth::Eight => to.fill(
                file,
                out,
                |strip: &Planar8, rows| Pixels::of(&strip.rows(rows)),
                |write| restorer.restore_in_strips(file, turn, options, control, write),
            ),
            _ => to.fill(
                file,
                out,
                move |strip: &Picture, rows| {
                    Ok(Pixels::of_unrounded(&strip.rows(rows), depth, colour))
                },
                |write| restorer.restore_in_strips_unrounded(file, turn, options, control, write),
            ),
        }
    }
}

/// Rows that become samples at once: a whole strip of samples would be one more in memory.
const ROWS: usize = 64;

/// A strip with each of its parts of some rows.
fn in_rows<S: Strip>(strip: S) -> impl Iterator<Item = (Rc<S>, Range<usize>)> {
    let (all, strip) = (strip.height(), Rc::new(strip));
    let rows = (0..all).step_by(ROWS);
    rows.map(move |first| (Rc::clone(&strip), first..all.min(first + ROWS)))
}

/// What comes in strips.
trait Strip: Send {
    fn height(&self) -> usize;

    /// Some of its rows.
    fn rows(&self, rows: Range<usize>) -> Self;
}

impl Strip for Planar8 {
    fn height(&self) -> usize {
        self.planes[0].height
    }

    fn rows(&self, rows: Range<usize>) -> Self {
        let planes = self.planes.iter().map(|plane| Plane8 {
            width: plane.width,
            height: rows.len(),
            data: plane.data[rows.start * plane.width..rows.end * plane.width].to_vec(),
        });
        Self {
            planes: planes.collect(),
            ..*self
        }
    }
}

impl Strip for Picture {
    fn height(&self) -> usize {
        self.height
    }

    fn rows(&self, rows: Range<usize>) -> Self {
        self.crop(Rect {
            x: 0,
            y: rows.start,
            width: self.width,
            height: rows.len(),
        })
    }
}

/// Takes a strip.
type Write<'a, S> = &'a mut dyn FnMut(S) -> ddrmjpeg::Result<()>;

/// How a large picture is written.
struct To<'a> {
    encoder: Encoder,
    /// The file, for messages.
    name: String,
    metadata: &'a Metadata,
    depth: Depth,
    turn: Orientation,
}

impl To<'_> {
    /// Writes what `restore` hands on, on a thread of its own: a strip is encoded while the next
    /// one is made.
    fn fill<S: Strip>(
        &self,
        file: &PackedFile,
        mut out: &mut (dyn Out + Send),
        pixels_of: impl Fn(&S, Range<usize>) -> Result<Pixels> + Send,
        restore: impl FnOnce(Write<'_, S>) -> ddrmjpeg::Result<Report>,
    ) -> Result<Report> {
        let (width, height) = self.turn.size(file.size());
        let shape = Shape {
            width: width as u32,
            height: height as u32,
            grey: file.is_grey(),
            depth: self.depth,
        };
        thread::scope(|scope| {
            let (to_file, strips) = sync_channel::<S>(0);
            let (encoder, metadata) = (&self.encoder, self.metadata);
            let writer = scope.spawn(move || {
                let mut failure = None;
                let rows = strips.into_iter().flat_map(in_rows::<S>);
                let mut strips = rows.map_while(|(strip, rows)| {
                    let pixels = pixels_of(&strip, rows);
                    pixels.map_err(|error| failure = Some(error)).ok()
                });
                let written = encoder.encode(&mut out, shape, metadata, &mut strips);
                drop(strips);
                failure.map_or(written, Err).and_then(|()| Ok(out.flush()?))
            });
            // If the writer is gone, its own error says why.
            let mut write = |strip| to_file.send(strip).map_err(|_| Error::Cancelled);
            let restored = restore(&mut write);
            drop(to_file);
            let written = writer.join();
            let written = written.map_err(|_| anyhow!("the writer panicked"));
            match (restored, written.flatten()) {
                (Ok(report), Ok(())) => Ok(report),
                (Ok(_) | Err(Error::Cancelled), Err(error)) => {
                    let error = error.context(self.name.clone());
                    Err(error.context("cannot write the result"))
                }
                (Err(error), _) => bail!(error),
            }
        })
    }
}
