//! What a buffer of `image/jpeg` holds: one picture, or the two fields of a frame; and how their
//! restored pixels become one frame.
//!
//! Called by the work on frames.

use ddrmjpeg::Result;
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::JpegFile;
use ddrmjpeg::jpeg::segments::abbreviated;
use ddrmjpeg::jpeg::segments::abbreviated::StreamTables;
use ddrmjpeg::jpeg::segments::splitter;
use ddrmjpeg::jpeg::segments::splitter::{Field, Piece};
use ddrmjpeg::options::Limits;
use ddrmjpeg::restore::{Report, Restored};

use super::format::Shape;
use crate::fields;
use crate::pixels::Pixels;
use crate::restorer::Frames;

/// What a buffer holds.
#[derive(Debug)]
pub enum Coded {
    /// A picture.
    Whole(Box<JpegFile>),
    /// Two fields of a frame.
    Fields(Box<Fields>),
}

/// Two fields, in the order of the buffer, which is their order in time.
#[derive(Debug)]
pub struct Fields {
    /// The first.
    first: JpegFile,
    /// The second, of the same size; `None` if it could not be read.
    second: Option<JpegFile>,
    /// Which rows of the frame the first one has.
    order: Field,
    /// Rows of the frame.
    height: usize,
}

/// A frame that has been through the core.
pub struct Done {
    /// Its pixels, as they are wanted.
    pub pixels: Pixels,
    /// The report, of both fields together.
    pub report: Report,
    /// Whether parts of it are damaged.
    pub corrupted: bool,
}

/// Restores a picture; the number says which grid of blocks, and so which stream, it belongs to.
pub type Core<'a> = dyn FnMut(usize, &JpegFile) -> Result<Restored> + 'a;

/// The streams of the grids of blocks: one for whole pictures, or one per field in their order in
/// time.
pub type Grids = [Frames; 2];

/// Reads a buffer. `height` is that of the frame by the caps, or 0 if they do not say: two pictures
/// with half as many rows each are fields even if they do not say so, and two pictures with all of
/// the rows are not fields whatever they say. `tables` are those of the stream so far. Returns
/// `None` if the buffer holds only tables, for later pictures.
///
/// # Errors
/// Those of [`jpeg::read()`] for the first picture.
pub fn read(
    data: &[u8],
    height: usize,
    limits: &Limits,
    tables: &mut StreamTables,
) -> Result<Option<Coded>> {
    let mut pieces = splitter::pieces(data);
    let all = pieces.len();
    pieces.retain(|piece| {
        let only = abbreviated::is_tables_only(piece.data);
        if only {
            let _ = tables.complete(piece.data);
        }
        !only
    });
    let Some(piece) = pieces.first() else {
        return match all {
            // Reports what the data are instead.
            0 => jpeg::read(data, limits).map(|file| Some(Coded::Whole(Box::new(file)))),
            _ => Ok(None),
        };
    };
    let first = jpeg::read(&tables.complete(piece.data), limits)?;
    let second = pieces.get(1);
    if !are_fields(piece, second, first.height, height) {
        return Ok(Some(Coded::Whole(Box::new(first))));
    }
    let size = (first.width, first.height);
    let second = second
        .and_then(|piece| jpeg::read(&tables.complete(piece.data), limits).ok())
        .filter(|file| (file.width, file.height) == size);
    Ok(Some(Coded::Fields(Box::new(Fields {
        height: if height > 0 { height } else { 2 * size.1 },
        order: piece.field.unwrap_or(Field::Top),
        first,
        second,
    }))))
}

/// Decides by the frame's `height` in rows; if that is unknown, by what the pictures say. `rows`
/// are those of the first.
fn are_fields(first: &Piece<'_>, second: Option<&Piece<'_>>, rows: usize, height: usize) -> bool {
    let declared = rows < height && height <= 2 * rows;
    match (first.field, second.map(|piece| piece.field)) {
        (_, _) if height > 0 && !declared => false,
        (Some(first), Some(Some(second))) => second == first.other(),
        (Some(_), None) | (_, Some(_)) => declared,
        (None, None) => false,
    }
}

impl Coded {
    /// Which field a picture with these bytes is, by its markers and its shape, if it came alone.
    pub fn lone_field(&self, data: &[u8]) -> Option<Field> {
        let Self::Whole(file) = self else {
            return None;
        };
        let piece = || splitter::pieces(data).into_iter().next();
        file.markers.avi1.then(piece).flatten()?.field_of(0)
    }

    /// What the output depends on.
    pub fn shape(&self) -> Shape {
        let (file, height, order) = match self {
            Self::Whole(file) => (&**file, file.height, None),
            Self::Fields(fields) => (&fields.first, fields.height, Some(fields.order)),
        };
        Shape {
            width: file.width,
            height,
            model: file.model,
            subsampling: file.subsampling(),
            order,
        }
    }

    /// Restores it with `core`: each field on its own grid, which the number identifies; then the
    /// fields are woven.
    ///
    /// # Errors
    /// Those of `core`.
    pub fn with(&self, core: &mut Core<'_>) -> Result<Done> {
        let mut one = |grid: usize, file: &JpegFile| -> Result<Done> {
            let (pixels, report) = Pixels::of(core(grid, file)?);
            let reached = file
                .damage
                .as_ref()
                .is_some_and(|damage| !damage.is_empty());
            Ok(Done {
                pixels,
                report,
                corrupted: reached,
            })
        };
        match self {
            Self::Whole(file) => one(0, file),
            Self::Fields(fields) => {
                let first = one(0, &fields.first)?;
                let second = fields.second.as_ref().map(|file| one(1, file));
                fields.weave(first, second.transpose()?)
            }
        }
    }
}

impl Fields {
    /// One frame of both; the first also replaces a second that could not be read.
    fn weave(&self, first: Done, second: Option<Done>) -> Result<Done> {
        let other = second.as_ref().map_or(&first.pixels, |done| &done.pixels);
        let (top, bottom) = match self.order {
            Field::Top => (&first.pixels, other),
            Field::Bottom => (other, &first.pixels),
        };
        let pixels = Pixels::weave(top, bottom, self.height)?;
        let (report, corrupted) = match second {
            Some(second) => (
                fields::both(first.report, second.report),
                first.corrupted || second.corrupted,
            ),
            None => {
                let mut report = first.report;
                report.notes.push("the second field cannot be read".into());
                (report, true)
            }
        };
        Ok(Done {
            pixels,
            report,
            corrupted,
        })
    }
}
