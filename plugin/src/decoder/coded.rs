//! What a buffer of `image/jpeg` holds: one picture, or the two fields of a frame; and how
//! the core's pixels of them become one frame.
//!
//! Called by the work on frames.

use ddrmjpeg::Result;
use ddrmjpeg::frame::Planar8;
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
use crate::restorer::Frames;

/// What a buffer holds.
#[derive(Debug)]
pub enum Coded {
    /// A picture.
    Whole(Box<JpegFile>),
    /// Two fields of a frame.
    Fields(Box<Fields>),
}

/// Two fields, in the order of the buffer, which is that of time.
#[derive(Debug)]
pub struct Fields {
    /// The first.
    first: JpegFile,
    /// The second, of the same size; none when it could not be read.
    second: Option<JpegFile>,
    /// Where the rows of the first belong.
    order: Field,
    /// Rows of the frame.
    height: usize,
}

/// A frame that has been through the core.
pub struct Done {
    /// Its pixels, in the layout that was asked for.
    pub pixels: Planar8,
    /// What was done, of both fields together.
    pub report: Report,
    /// Whether some of it is not what the encoder wrote.
    pub corrupted: bool,
}

/// From the number of a grid of blocks and a picture on it to pixels.
pub type Core<'a> = dyn FnMut(usize, &JpegFile) -> Result<Restored> + 'a;

/// The streams of a picture's grids: one, or one for each field in the order of time.
pub type Grids = [Frames; 2];

/// Reads a buffer. `height` is what the caps say of the frame, 0 for nothing: two pictures
/// that have half as many rows each are fields even when they do not say so themselves, and two
/// that have all of them are none whatever they say. `tables` are what the stream has given so far.
/// `None`: the buffer holds tables alone, for pictures to come.
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
            // Says what it is instead.
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

/// By the size of the frame, of `height` rows, or, where nobody knows that, by what they say of
/// themselves; `rows` are those of the first.
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
    /// The field that a picture with these bytes is by what it says and by its shape, if it came alone.
    pub fn lone_field(&self, data: &[u8]) -> Option<Field> {
        let Self::Whole(file) = self else {
            return None;
        };
        let piece = || splitter::pieces(data).into_iter().next();
        file.markers.avi1.then(piece).flatten()?.field_of(0)
    }

    /// What matters of it for the output.
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

    /// What `core` makes of it; each field on its own grid, told apart by its number, then woven.
    ///
    /// # Errors
    /// Those of `core`.
    pub fn with(&self, core: &mut Core<'_>) -> Result<Done> {
        let mut one = |grid: usize, file: &JpegFile| -> Result<Done> {
            let restored = core(grid, file)?;
            let reached = file
                .damage
                .as_ref()
                .is_some_and(|damage| !damage.is_empty());
            Ok(Done {
                pixels: restored.frame,
                report: restored.report,
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
    /// One frame of both; the first stands in for a second that could not be read.
    fn weave(&self, first: Done, second: Option<Done>) -> Result<Done> {
        let other = second.as_ref().map_or(&first.pixels, |done| &done.pixels);
        let (top, bottom) = match self.order {
            Field::Top => (&first.pixels, other),
            Field::Bottom => (other, &first.pixels),
        };
        let pixels = Planar8::weave(top, bottom, self.height)?;
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
