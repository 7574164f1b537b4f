//! [`JpegFile`]: what a JPEG file says, as plain data.
//!
//! Filled by `read`, written by `write`, turned into an observation by `observe`.

use std::ops::Range;

use crate::contract::QuantSteps;
use crate::frame::PixelModel;

use super::origin::Markers;

/// Quantised levels of one 8x8 block in natural order (`v * 8 + u`).
pub type Levels = [i16; 64];

/// One component of a file, with the file's own numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
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
pub struct Damage {
    /// The decoder's first complaint.
    pub message: String,
    /// Rows of pixels that are not as the encoder wrote them: whole rows of MCUs, from the
    /// top, none twice. None at all when the decoder only complained.
    pub rows: Vec<Range<usize>>,
}

impl Damage {
    /// How many rows of pixels it reached.
    pub fn len(&self) -> usize {
        self.rows.iter().map(ExactSizeIterator::len).sum()
    }

    /// Whether it reached no pixels.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// How densely samples lie, as the JFIF segment says.
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

/// Blocks of a file that restoration hands on unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The EXIF block, from its TIFF header on (APP1 without the `Exif\0\0`).
    pub exif: Option<Vec<u8>>,
    /// The ICC profile, its APP2 pieces put together.
    pub icc: Option<Vec<u8>>,
    /// The XMP packet (APP1 without its name).
    pub xmp: Option<Vec<u8>>,
    /// Pieces of the XMP that is too long for a packet: APP1 segments without their name, each
    /// with its digest, length and place.
    pub extended_xmp: Vec<Vec<u8>>,
    /// Photoshop's resources, IPTC among them: APP13 segments without their name, joined.
    pub photoshop: Option<Vec<u8>>,
    /// Comments (COM), as bytes of whatever encoding.
    pub comments: Vec<Vec<u8>>,
    /// The density of JFIF.
    pub density: Option<Density>,
    /// Segments of the file that are none of these, by name, such as `APP2 (MPF)`: they may
    /// speak of the file's own bytes, or of what lies behind them, and are not handed on.
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
pub struct JpegFile {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// What the components mean.
    pub model: PixelModel,
    /// Progressive (SOF2) rather than sequential.
    pub progressive: bool,
    /// One component for grey, three else.
    pub components: Vec<Component>,
    /// What was wrong, if anything was.
    pub damage: Option<Damage>,
    /// EXIF, ICC and the like.
    pub metadata: Metadata,
    /// What the markers say of the encoder.
    pub markers: Markers,
}

impl JpegFile {
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
