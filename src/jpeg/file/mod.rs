//! [`JpegFile`]: what a JPEG file says, as plain data.
//!
//! Filled by `read`, written by `write`, turned into an observation by [`grid`](crate::jpeg::grid).

pub(crate) mod ffi;
pub mod ink;
pub mod lost;
pub mod origin;
pub mod packed;
pub mod partial;
pub mod pixels;
pub mod read;
pub mod requantise;
pub(crate) mod second;
pub mod write;

use std::ops::Range;

use crate::contract::QuantSteps;
use crate::error::Result;
use crate::frame::{PixelModel, Rect};
use crate::options::Limits;

use crate::jpeg::file::ink::Ink;
use crate::jpeg::file::origin::Markers;
use crate::jpeg::file::partial::Partial;

/// Quantised levels of one 8x8 block in natural order (`v * 8 + u`).
pub type Levels = [i16; 64];

/// One component of a file, with the file's own numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Component {
    /// Identifier in the frame header.
    pub id: u8,
    /// Sampling factors, horizontal and vertical, 1..=4.
    pub sampling: (usize, usize),
    /// Quantisation steps.
    pub steps: QuantSteps,
    /// Blocks in a row: the component's width in samples over 8, rounded up.
    pub blocks_wide: usize,
    /// Rows of blocks.
    pub blocks_high: usize,
    /// `blocks_wide * blocks_high` blocks in raster order.
    pub levels: Vec<Levels>,
}

/// What is wrong with a file that could be read all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Damage {
    /// The decoder's first warning about lost data, or else its first warning.
    pub message: String,
    /// Parts of the picture for which no data arrived, in pixels: runs of MCUs, from the top,
    /// without repetition, clipped to the picture.
    pub lost: Vec<Rect>,
    /// How far each component is known; empty if all of it is.
    #[doc(hidden)]
    pub known: Vec<Partial>,
}

impl Damage {
    /// Rows of pixels with lost parts: rows of MCUs, from the top, without repetition.
    pub fn rows(&self) -> Vec<Range<usize>> {
        rows_of(&self.lost)
    }

    /// The number of these rows.
    pub fn len(&self) -> usize {
        self.rows().iter().map(ExactSizeIterator::len).sum()
    }

    /// Whether every level is as the encoder wrote it, despite the warning.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Describes the damage in a sentence, for a picture of `height` rows.
    pub fn describe(&self, height: usize) -> String {
        let message = &self.message;
        match (self.is_empty(), self.lost.is_empty()) {
            (true, _) => format!("nothing is missing ({message})"),
            (false, true) => format!("incomplete: {message}; restored from what the file holds"),
            (false, false) => {
                let intact = height - self.len();
                format!("damaged: {message}; {intact} of {height} rows restored")
            }
        }
    }
}

/// The rows of `rects`, which are sorted from the top, without repetition.
fn rows_of(rects: &[Rect]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for rect in rects {
        let end = rect.y + rect.height;
        match found.last_mut() {
            Some(last) if rect.y <= last.end => last.end = last.end.max(end),
            _ => found.push(rect.y..end),
        }
    }
    found
}

/// The pixel density, as stated in the JFIF segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Density {
    /// What `x` and `y` count.
    pub unit: DensityUnit,
    /// Horizontally.
    pub x: u16,
    /// Vertically.
    pub y: u16,
}

/// The unit of a [`Density`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DensityUnit {
    /// None: `x` to `y` is the density's ratio.
    Ratio,
    /// Samples in an inch.
    Inch,
    /// Samples in a centimetre.
    Centimetre,
}

/// Blocks of a file that are copied unchanged to the restored one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The EXIF block, starting at its TIFF header (APP1 without the `Exif\0\0`).
    pub exif: Option<Vec<u8>>,
    /// The ICC profile, joined from its APP2 pieces.
    pub icc: Option<Vec<u8>>,
    /// The XMP packet (APP1 without its name).
    pub xmp: Option<Vec<u8>>,
    /// Pieces of XMP that is too long for a packet: APP1 segments without their name, each with its
    /// digest, length and offset.
    pub extended_xmp: Vec<Vec<u8>>,
    /// Photoshop's resources, IPTC among them: APP13 segments without their name, joined.
    pub photoshop: Option<Vec<u8>>,
    /// Comments (COM), as bytes of whatever encoding.
    pub comments: Vec<Vec<u8>>,
    /// The density of JFIF.
    pub density: Option<Density>,
    /// Names of all other segments, such as `APP2 (MPF)`. They may refer to the file's own bytes,
    /// or to what lies behind them, and are not copied.
    pub others: Vec<String>,
}

impl Metadata {
    /// Whether Photoshop's resources hold an IPTC block (number 0x0404).
    pub fn has_iptc(&self) -> bool {
        const IPTC: &[u8] = b"8BIM\x04\x04";
        let resources = self.photoshop.as_deref().unwrap_or_default();
        resources.windows(IPTC.len()).any(|bytes| bytes == IPTC)
    }
}

/// A JPEG file: coefficients, tables, sampling, geometry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JpegFile {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// What the components mean.
    pub model: PixelModel,
    /// Progressive (SOF2) rather than sequential.
    pub progressive: bool,
    /// One component for grey, otherwise three.
    pub components: Vec<Component>,
    /// The fourth component of a CMYK or YCCK file.
    pub ink: Option<Ink>,
    /// What was wrong with the file, if anything.
    pub damage: Option<Damage>,
    /// EXIF, ICC and the like.
    pub metadata: Metadata,
    /// What the markers say about the encoder.
    pub markers: Markers,
}

impl JpegFile {
    /// Reads the bytes of a file, as [`Restorer::restore_jpeg`](crate::Restorer::restore_jpeg) does.
    ///
    /// # Errors
    /// [`crate::Error::Input`], [`crate::Error::Unsupported`] or [`crate::Error::Limits`].
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Self> {
        read::read(bytes, limits)
    }

    /// The bytes of a file with these levels and these metadata.
    ///
    /// # Errors
    /// [`crate::Error::Input`] when a level or a size is outside what baseline JPEG can say, or
    /// when the number of blocks does not match the geometry.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        write::write_with(self, &self.metadata)
    }

    /// The largest sampling factors of any component.
    pub fn max_sampling(&self) -> (usize, usize) {
        let max =
            |pick: fn(&Component) -> usize| self.components.iter().map(pick).max().unwrap_or(1);
        (max(|c| c.sampling.0), max(|c| c.sampling.1))
    }

    /// Luma samples per chroma sample; (1, 1) for grey.
    pub fn subsampling(&self) -> (usize, usize) {
        match self.components.get(1) {
            Some(chroma) => {
                let (h, v) = self.max_sampling();
                (h / chroma.sampling.0, v / chroma.sampling.1)
            }
            None => (1, 1),
        }
    }

    /// The usual name of the subsampling, such as `4:2:0`.
    pub fn subsampling_name(&self) -> String {
        if self.components.len() == 1 {
            return "grey".into();
        }
        match self.subsampling() {
            (1, 1) => "4:4:4".into(),
            (2, 1) => "4:2:2".into(),
            (2, 2) => "4:2:0".into(),
            (1, 2) => "4:4:0".into(),
            (4, 1) => "4:1:1".into(),
            (4, 2) => "4:1:0".into(),
            (h, v) => format!("{h}x{v}"),
        }
    }
}
