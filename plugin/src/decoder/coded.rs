//! What a buffer of `image/jpeg` holds: one picture, or the two fields of a frame; and how
//! the core's pixels of them become one frame.
//!
//! Called by the work on frames.

use ddrmjpeg::Result;
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg::stream::{self, Field, Piece};
use ddrmjpeg::jpeg::{self, JpegFile};
use ddrmjpeg::options::Limits;
use ddrmjpeg::restore::{Carried, Report, Restored};

use super::format::Shape;
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
/// that have half as many rows each are fields even when they do not say so themselves.
///
/// # Errors
/// Those of [`jpeg::read()`] for the first picture.
pub fn read(data: &[u8], height: usize, limits: &Limits) -> Result<Coded> {
    let pieces = stream::pieces(data);
    let Some(piece) = pieces.first() else {
        return jpeg::read(data, limits).map(|file| Coded::Whole(Box::new(file)));
    };
    let first = jpeg::read(piece.data, limits)?;
    let declared = first.height < height && height <= 2 * first.height;
    let second = pieces.get(1);
    if !are_fields(piece, second, declared) {
        return Ok(Coded::Whole(Box::new(first)));
    }
    let size = (first.width, first.height);
    let second = second
        .and_then(|piece| jpeg::read(piece.data, limits).ok())
        .filter(|file| (file.width, file.height) == size);
    Ok(Coded::Fields(Box::new(Fields {
        height: if declared { height } else { 2 * size.1 },
        order: piece.field.unwrap_or(Field::Top),
        first,
        second,
    })))
}

/// By what they say of themselves, or, where they do not, by the size of the frame.
fn are_fields(first: &Piece<'_>, second: Option<&Piece<'_>>, declared: bool) -> bool {
    match (first.field, second.map(|piece| piece.field)) {
        (Some(first), Some(Some(second))) => second == first.other(),
        (Some(_), None) | (_, Some(_)) => declared,
        (None, None) => false,
    }
}

impl Coded {
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

/// What two fields took over from those before.
fn both(first: Option<Carried>, second: Option<Carried>) -> Option<Carried> {
    let (first, second) = (first?, second?);
    Some(Carried {
        pixels: first.pixels + second.pixels,
        changed: first.changed + second.changed,
        reused: first.reused + second.reused,
        fresh: first.fresh.or(second.fresh),
    })
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
        let mut report = first.report;
        let corrupted = match second {
            Some(second) => {
                report.restored |= second.report.restored;
                report.network_calls += second.report.network_calls;
                report.gate = report.gate.max(second.report.gate);
                report.resaved |= second.report.resaved;
                report.departures = report.departures.and(&second.report.departures);
                report.carried = both(report.carried, second.report.carried);
                report.notes.extend(second.report.notes);
                first.corrupted || second.corrupted
            }
            None => {
                report.notes.push("the second field cannot be read".into());
                true
            }
        };
        Ok(Done {
            pixels,
            report,
            corrupted,
        })
    }
}
