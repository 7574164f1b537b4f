//! The one place that sees all of it: opens a model, and takes files and frames through
//! measurement, sampler and prior to a picture.
//!
//! Called by the command and by the elements. `model` opens priors, `weights` knows where
//! their checkpoints lie, `tiled` and `windowed` cut pictures for them, `levels` restores
//! banded pictures, `files` starts from files, `known` from frames whose file is known, `named` from
//! frames whose tables the caller names, `estimated` from pixels alone, `turned` finds how a frame was
//! turned, `stream` from frame after frame; `solve` takes what was seen to a picture, `gate` hands on
//! what needs no restoring, `output` makes 8-bit pixels.

pub use crate::solve::output::Layout;
use crate::stream::Solved;
pub use crate::stream::{Carried, Fresh, Stream};

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::contract::{Control, Denoiser, QuantSteps};
use crate::error::{Error, Result};
use crate::frame::{Orientation, Picture, Planar8};
use crate::jpeg;
use crate::jpeg::file::origin::Family;
use crate::jpeg::grid::cell::Slack;
use crate::jpeg::grid::measure::Departures;
use crate::jpeg::recover::by_header::Refusal;
use crate::jpeg::recover::resaved;
use crate::jpeg::recover::resaved::FirstSave;
use crate::jpeg::{Header, JpegFile, JpegMeasurement, Observation};
use crate::options::Options;

pub use crate::solve::gate::Gate;
pub use crate::source::estimated::Estimated;

/// Where a frame's quantisation tables are known from.
#[expect(
    clippy::large_enum_variant,
    reason = "one per frame, handed on by reference"
)]
#[derive(Clone, Debug, PartialEq)]
pub enum FrameTables {
    /// IJG tables of this quality, 1..=100.
    Quality(u8),
    /// Tables read from the stream.
    Known {
        /// Steps of Y, natural order.
        luma: QuantSteps,
        /// Steps of Cb and Cr, natural order.
        chroma: QuantSteps,
    },
    /// To be found from the pixels.
    Estimate,
    /// What an earlier frame of the same stream told (its [`Report::estimated`]): used as long
    /// as the pixels do not contradict it, which is seen at a small part of the cost.
    Earlier {
        /// That.
        told: Arc<Estimated>,
        /// What to go by when the pixels contradict it.
        otherwise: Box<FrameTables>,
    },
    /// Not known, and not to be looked for either: the frame comes back unchanged.
    Unknown,
    /// The header that is said to be that of the frame's file: it is used, for each component
    /// that can still hold the file's levels, unless the frame contradicts it.
    File {
        /// What the file says.
        header: Box<Header>,
        /// What to go by when the header is refused.
        otherwise: Box<FrameTables>,
    },
}

/// Which tables a frame was restored by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// What was done to a picture.
#[derive(Clone, Debug, Default, PartialEq)]
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
    /// Whether the picture was not held to the file's levels, since the caller stated a quality.
    pub released: bool,
    /// The encoder's family, for files and for frames whose header was used.
    pub family: Option<Family>,
    /// Whether a file shows an earlier, coarser save, to which the picture was held instead.
    pub resaved: bool,
    /// What was told from the pixels, of this frame or of an earlier one, where tables were
    /// estimated.
    pub estimated: Option<Arc<Estimated>>,
    /// Whether the pixels of a frame were searched for tables, found or not: the costly part.
    pub searched: bool,
    /// How the network's estimates stood to the cells; nothing where they were released from them.
    pub departures: Departures,
    /// How well the result agrees with the file; only with `strict`.
    pub consistency: Option<Consistency>,
    /// What a [`Stream`] took over from the frame before; `None` outside of streams.
    pub carried: Option<Carried>,
    /// What the user should know: truncated data, tables that do not fit.
    pub notes: Vec<String>,
}

/// A restored picture or frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Restored {
    /// The pixels: RGB or grey from a file; from a frame, the frame's own layout.
    pub frame: Planar8,
    /// What was done.
    pub report: Report,
}

/// An opened model; restores any number of pictures, from any thread.
pub struct Restorer {
    pub(crate) denoiser: Arc<dyn Denoiser>,
    /// What solving remembers of the last picture: of a [`Stream`]'s own restorer alone.
    pub(crate) memory: Option<Mutex<crate::stream::Memory>>,
}

impl Restorer {
    /// Opens the model that `options` name, on the device and in the arithmetic they name.
    ///
    /// # Errors
    /// [`Error::Options`], [`Error::Io`], [`Error::Checkpoint`] or [`Error::Backend`].
    pub fn open(options: &Options) -> Result<Self> {
        options.validate()?;
        Ok(Self {
            denoiser: crate::model::open::open(options)?,
            memory: None,
        })
    }

    /// A restorer on a prior of one's own.
    pub fn with_denoiser(denoiser: Arc<dyn Denoiser>) -> Self {
        Self {
            denoiser,
            memory: None,
        }
    }

    /// What the user of the model should know once, such as an arithmetic that this machine
    /// gets wrong and that is not used for that.
    pub fn caution(&self) -> Option<&str> {
        self.denoiser.caution()
    }

    /// The arithmetic inside the network, as a word (`bf16`, `f16`, `f32`), where the machine decides
    /// on it.
    pub fn precision(&self) -> Option<&'static str> {
        self.denoiser.precision()
    }

    /// Forgets the last picture, where any is remembered.
    pub(crate) fn forget(&self) {
        if let Some(mut memory) = self.remembered() {
            memory.forget();
        }
    }

    fn remembered(&self) -> Option<MutexGuard<'_, crate::stream::Memory>> {
        let memory = self.memory.as_ref()?;
        Some(memory.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// `file` as it was saved first; `None` where it shows no earlier save.
    pub(crate) fn first_save(&self, file: &JpegFile) -> Option<FirstSave> {
        match self.remembered() {
            Some(mut memory) => memory.first_save(file),
            None => resaved::first_save(file),
        }
    }

    /// [`Self::solve`] with what is remembered of the last picture; `None` where nothing is.
    pub(crate) fn solve_next(
        &self,
        seen: &mut Observation,
        slack: Slack,
        options: &Options,
        control: Control<'_>,
    ) -> Result<Option<Solved>> {
        match self.remembered() {
            Some(mut memory) => memory.solve(&*self.denoiser, seen, slack, options, control),
            None => Ok(None),
        }
    }

    /// Restores a decoded frame: 8-bit YCbCr of any subsampling (full range, BT.601), grey or
    /// RGB, as a JPEG decoder put it out, at the position and size that the decoder gave it.
    ///
    /// When the tables are to be estimated and cannot be told, the frame comes back
    /// unchanged with `restored: false` and a note.
    ///
    /// # Errors
    /// [`Error::Options`], [`Error::Input`], [`Error::Limits`], [`Error::Backend`] or
    /// [`Error::Cancelled`].
    pub fn restore_frame(
        &self,
        frame: &Planar8,
        tables: &FrameTables,
        options: &Options,
        control: Control<'_>,
    ) -> Result<Restored> {
        options.validate()?;
        match tables {
            FrameTables::File { header, otherwise } => {
                return self.restore_known(frame, header, otherwise, options, control);
            }
            FrameTables::Estimate => return self.restore_estimated(frame, options, control),
            FrameTables::Earlier { told, otherwise } => {
                return self.restore_like(frame, told, otherwise, options, control);
            }
            _ => {}
        }
        match find_tables(tables)? {
            Some((steps, quality)) => self.restore_named(frame, &steps, quality, options, control),
            None => Ok(unchanged(frame, "the quantisation tables are not known")),
        }
    }
}

/// Luma and chroma steps.
pub(crate) type Steps = (QuantSteps, QuantSteps);

/// The steps of a frame and the quality that stands for them; `None` when they cannot be told.
fn find_tables(tables: &FrameTables) -> Result<Option<(Steps, Option<u8>)>> {
    match tables {
        FrameTables::Quality(quality @ 1..=100) => Ok(Some((
            jpeg::grid::tables::ijg_pair(*quality),
            Some(*quality),
        ))),
        FrameTables::Quality(quality) => {
            Err(Error::Options(format!("qf = {quality}: must be in 1..100")))
        }
        FrameTables::Known { luma, chroma } => {
            if luma.iter().chain(chroma).any(|&step| step == 0) {
                return Err(Error::Input("a quantisation step of 0".into()));
            }
            Ok(Some(((*luma, *chroma), None)))
        }
        FrameTables::Unknown => Ok(None),
        // `known` and `estimated` have dealt with these.
        FrameTables::File { .. } | FrameTables::Estimate | FrameTables::Earlier { .. } => Ok(None),
    }
}

pub(crate) fn unchanged(frame: &Planar8, why: &str) -> Restored {
    Restored {
        frame: frame.clone(),
        report: Report {
            notes: vec![why.to_owned()],
            ..Report::default()
        },
    }
}

pub(crate) const STRANGE: &str =
    "unlike what the model knows (text or drawing?): handed on as decoded";

/// decoded + strength (restored − decoded).
pub(crate) fn blend(picture: &mut Picture, decoded: &Picture, strength: f32) {
    if strength < 1.0 {
        for (x, y) in picture.data.iter_mut().zip(&decoded.data) {
            *x = y + strength * (*x - y);
        }
    }
}

pub(crate) fn consistency(picture: &Picture, frame: &Planar8, seen: &Observation) -> Consistency {
    let measurement = JpegMeasurement::new(seen, Slack::NONE);
    let share = |x: &Picture| {
        let (kept, known) = measurement.consistency(x);
        kept as f64 / known.max(1) as f64
    };
    Consistency {
        computed: share(picture),
        rounded: share(&crate::solve::output::rounded(picture, frame)),
    }
}
