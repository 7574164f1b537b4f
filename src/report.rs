//! What was done to a picture: the report that comes with it, and the types that it is made of.
//!
//! Plain data. `source` and `solve` fill it in; the faces show it.

use std::sync::Arc;

use crate::frame::{Orientation, Planar8};
use crate::jpeg::file::origin::Family;
use crate::jpeg::grid::measure::Departures;
use crate::jpeg::recover::by_header::Refusal;
use crate::jpeg::recover::estimate::Estimate;
use crate::jpeg::recover::moved::Moved;

/// A restored picture or frame.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Restored {
    /// The pixels: RGB or grey from a file; from a frame, the frame's own layout.
    pub frame: Planar8,
    /// Of samples of 16 bits the lower bytes, where they were asked for; `frame` has the upper.
    #[doc(hidden)]
    pub lower: Option<Planar8>,
    /// What was done.
    pub report: Report,
}

impl Restored {
    /// `frame`, of which `report` says what was done.
    pub fn new(frame: Planar8, report: Report) -> Self {
        Self {
            frame,
            lower: None,
            report,
        }
    }
}

/// What was done to a picture.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// False when the pixels were passed through; `notes` says why.
    pub restored: bool,
    /// Calls of the network, tiles counted apart.
    pub network_calls: usize,
    /// The IJG quality given or found, for frames.
    pub quality: Option<u8>,
    /// Where a frame's tables were known from; `None` for files, and when they were not.
    pub tables_from: Option<TablesFrom>,
    /// How a frame was turned since it was decoded.
    pub orientation: Orientation,
    /// Why a frame's header was not used.
    pub refusal: Option<Refusal>,
    /// Which components were held to the levels of the file.
    pub measured: Vec<bool>,
    /// What the identity gate handed on as decoded.
    pub gate: Gate,
    /// Whether the picture was not held to the file's levels, since the caller stated a quality or
    /// an earlier save shows on another grid.
    pub released: bool,
    /// The encoder's family, for files and for frames whose header was used.
    pub family: Option<Family>,
    /// Whether a file shows an earlier, coarser save, to which the picture was held instead.
    pub resaved: bool,
    /// The earlier, coarser save that a file's pixels show on another grid: it was cut or scaled and
    /// saved again. The picture is restored by that save's quality, and not held to the levels.
    pub moved: Option<Moved>,
    /// What the pixels of this frame or of an earlier one show, if the tables were estimated.
    pub estimated: Option<Arc<Estimated>>,
    /// Whether the pixels of a frame were searched for tables, found or not: the costly part.
    pub searched: bool,
    /// How far the network's estimates lay outside the cells; all 0 if the picture was released.
    pub departures: Departures,
    /// How well the result agrees with the file; only with `strict`.
    pub consistency: Option<Consistency>,
    /// What a [`crate::Stream`] took over from the frame before; `None` outside of streams.
    pub carried: Option<Carried>,
    /// What the user should know: truncated data, tables that do not fit.
    pub notes: Vec<String>,
}

/// Which tables a frame was restored by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TablesFrom {
    /// The header of its file.
    File,
    /// A quality or tables that the caller named.
    Caller,
    /// An estimate from the pixels.
    Pixels,
}

/// Shares of the known coefficients that quantise to the file's own levels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Consistency {
    /// Of the restored picture as computed.
    pub computed: f64,
    /// Of the picture rounded to 8 bits.
    pub rounded: f64,
}

/// What is handed on as decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Gate {
    /// Nothing: all is restored.
    #[default]
    Open,
    /// Everything.
    Closed,
}

impl Gate {
    /// One word, as reports have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// What pixels alone show.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimated {
    /// The luma table, its grid and its confidence.
    pub luma: Estimate,
    /// The chroma table, where the pixels show one.
    pub chroma: Option<Estimate>,
    /// Luma samples per chroma sample, if the pixels show it or the frame has it.
    pub subsampling: Option<(usize, usize)>,
    /// Columns and rows missing before the picture, once it is turned back, to begin on its grid,
    /// 0..=15.
    pub margin: (usize, usize),
    /// How the picture was turned since it was decoded. Only chroma shows whether it was mirrored.
    pub orientation: Orientation,
}

/// What a stream took over from the frame before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Carried {
    /// Pixels of the frame, on its grid of whole MCUs.
    pub pixels: usize,
    /// Those whose decoded picture (with `accumulate`: what is known of it) changed, counted in
    /// squares of 4 x 4.
    pub changed: usize,
    /// Those for which the network was not asked again.
    pub reused: usize,
    /// Why nothing was known of a frame before.
    pub fresh: Option<Fresh>,
}

/// Why a stream starts over with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fresh {
    /// It is the first, or the first after [`crate::Stream::reset`], or after a frame that failed or
    /// was restored by itself.
    First,
    /// `RestoreOptions::temporal` is off.
    Off,
    /// The options changed, or the layout of the pixels.
    Options,
    /// The size, the sampling or the colour model changed.
    Shape,
    /// The quantisation tables changed, or where they are known from.
    Tables,
    /// It is restored by itself: damaged, with `strict`, in several calls, or not at all.
    Alone,
    /// Most of the picture changed: a cut.
    Cut,
}
