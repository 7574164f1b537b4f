//! The one place that sees all of it: opens a model, and takes files and frames through
//! measurement, sampler and prior to a picture.
//!
//! Called by the command and by the elements. `model` opens priors, `weights` knows where
//! their checkpoints lie, `tiled` and `windowed` cut pictures for them, `levels` restores
//! banded pictures, `known` frames whose file is known, `output` makes 8-bit pixels.

pub mod experiment;
mod known;
mod levels;
pub mod model;
mod output;
#[cfg(feature = "torch")]
mod published;
mod symmetry;
pub mod tiled;
pub mod weights;
mod windowed;

pub use output::Layout;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::contract::{Control, Denoiser, Measurement, QuantSteps, Trust};
use crate::error::{Error, Result};
use crate::frame::{Picture, Planar8};
use crate::jpeg::cell::Slack;
use crate::jpeg::known::Refusal;
use crate::jpeg::{self, Header, JpegFile, JpegMeasurement, Observation};
use crate::options::Options;
use crate::sampler::plan::Plan;
use crate::sampler::{self, Problem};

/// How far a restored coefficient may leave its nominal cell: what the integer DCT of
/// libjpeg may have rounded, and no more.
const SLACK: Slack = Slack {
    relative: 0.01,
    absolute: 0.1,
};

/// With `strict`, how far inside its cell a coefficient must stay, so that rounding the
/// pixels to 8 bits (0.3 units of noise) rarely carries it out again.
const STRICT: Slack = Slack {
    relative: 0.0,
    absolute: -1.0,
};

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
    /// Why a frame's header was not used.
    pub refusal: Option<Refusal>,
    /// Which components were held to the levels of the file.
    pub measured: Vec<bool>,
    /// How well the result agrees with the file; only with `strict`.
    pub consistency: Option<Consistency>,
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
    denoiser: Arc<dyn Denoiser>,
}

impl Restorer {
    /// Opens the model that `options` name, on the device and in the arithmetic they name.
    ///
    /// # Errors
    /// [`Error::Options`], [`Error::Io`], [`Error::Checkpoint`] or [`Error::Backend`].
    pub fn open(options: &Options) -> Result<Self> {
        options.validate()?;
        Ok(Self {
            denoiser: model::open(options)?,
        })
    }

    /// What the user of the model should know once, such as an arithmetic that this machine
    /// gets wrong and that is not used for that.
    pub fn caution(&self) -> Option<&str> {
        self.denoiser.caution()
    }

    /// A restorer on a prior of one's own.
    pub fn with_denoiser(denoiser: Arc<dyn Denoiser>) -> Self {
        Self { denoiser }
    }

    /// Restores the bytes of a JPEG file.
    ///
    /// # Errors
    /// Those of [`jpeg::read()`] and of [`Self::restore_file`].
    pub fn restore_jpeg(
        &self,
        data: &[u8],
        options: &Options,
        control: Control<'_>,
    ) -> Result<Restored> {
        let file = jpeg::read(data, &options.limits)?;
        self.restore_file(&file, options, control)
    }

    /// Restores a JPEG that has been read. The result is RGB, or grey for a grey file.
    ///
    /// # Errors
    /// [`Error::Options`], [`Error::Backend`] or [`Error::Cancelled`].
    pub fn restore_file(
        &self,
        file: &JpegFile,
        options: &Options,
        control: Control<'_>,
    ) -> Result<Restored> {
        self.restore_file_as(file, Layout::AsFile, options, control)
    }

    /// [`Self::restore_file`] with the pixels in a layout of one's own.
    ///
    /// # Errors
    /// [`Error::Options`], [`Error::Backend`] or [`Error::Cancelled`].
    pub fn restore_file_as(
        &self,
        file: &JpegFile,
        layout: Layout,
        options: &Options,
        control: Control<'_>,
    ) -> Result<Restored> {
        options.validate()?;
        let seen = jpeg::observe::from_file(file);
        let (picture, mut report) = self.solve(&seen, options, control)?;
        if options.strict {
            let shown = output::picture(&picture, &seen);
            report.consistency = Some(consistency(&picture, &shown, &seen));
        }
        let frame = output::laid_out(&picture, &seen, layout);
        if let Some(damage) = &file.damage {
            report.notes.push(format!(
                "damaged: {}; {} of {} rows restored",
                damage.message,
                seen.intact_rows(),
                seen.height
            ));
        }
        Ok(Restored { frame, report })
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
        if let FrameTables::File { header, otherwise } = tables {
            return self.restore_known(frame, header, otherwise, options, control);
        }
        let Some((steps, quality)) = find_tables(frame, tables)? else {
            return Ok(unchanged(frame, "the quantisation tables cannot be told"));
        };
        let seen = jpeg::recover::from_frame(frame, &steps.0, &steps.1)?;
        let (picture, mut report) = self.solve(&seen, options, control)?;
        report.quality = quality;
        report.tables_from = match tables {
            FrameTables::Estimate => Some(TablesFrom::Pixels),
            _ => Some(TablesFrom::Caller),
        };
        if !report.measured.contains(&true) {
            report
                .notes
                .push("the pixels do not hold the levels of these tables".into());
        }
        let frame = output::like(frame, &picture, &seen);
        Ok(Restored { frame, report })
    }

    /// Runs the plan; the picture is on the observation's aligned grid.
    fn solve(
        &self,
        seen: &Observation,
        options: &Options,
        control: Control<'_>,
    ) -> Result<(Picture, Report)> {
        let hint = seen.hint();
        let mut report = Report {
            measured: seen.components.iter().map(|c| c.is_measured()).collect(),
            ..Report::default()
        };
        if options.strength == 0.0 || seen.intact_rows() == 0 {
            return Ok((hint.decoded, report));
        }
        let slack = if options.strict { STRICT } else { SLACK };
        let measurement = JpegMeasurement::new(seen, slack);
        let calls = AtomicUsize::new(0);
        let tiled = tiled::Tiled::new(&*self.denoiser, options.tile_size, control, &calls);
        let plan = Plan::of(options, self.denoiser.one_call());
        let symmetric = symmetry::Symmetric::new(&tiled, plan.views());
        let problem = Problem {
            denoiser: &symmetric,
            measurement: &measurement,
            hint: &hint,
            control,
        };
        let mut picture = sampler::run(&plan, &problem, options.seed)?;
        blend(&mut picture, &hint.decoded, options.strength as f32);
        if options.strict {
            measurement.project(&mut picture, Trust::Clamp);
        }
        keep_damaged_rows(&mut picture, &hint.decoded, seen);
        report.network_calls = calls.load(Ordering::Relaxed);
        report.restored = true;
        Ok((picture, report))
    }
}

/// Luma and chroma steps.
type Steps = (QuantSteps, QuantSteps);

/// The steps of a frame and the quality that stands for them; `None` when they cannot be told.
fn find_tables(frame: &Planar8, tables: &FrameTables) -> Result<Option<(Steps, Option<u8>)>> {
    match tables {
        FrameTables::Quality(quality @ 1..=100) => {
            Ok(Some((jpeg::tables::ijg_pair(*quality), Some(*quality))))
        }
        FrameTables::Quality(quality) => {
            Err(Error::Options(format!("qf = {quality}: must be in 1..100")))
        }
        FrameTables::Known { luma, chroma } => {
            if luma.iter().chain(chroma).any(|&step| step == 0) {
                return Err(Error::Input("a quantisation step of 0".into()));
            }
            Ok(Some(((*luma, *chroma), None)))
        }
        // `restore_known` has dealt with a header; what it goes by otherwise comes here.
        FrameTables::File { otherwise, .. } => find_tables(frame, otherwise),
        FrameTables::Estimate => {
            let luma = jpeg::recover::luma(frame)?;
            let found = jpeg::estimate::quality(&luma).map(|estimate| estimate.quality);
            Ok(found.map(|quality| (jpeg::tables::ijg_pair(quality), Some(quality))))
        }
    }
}

fn unchanged(frame: &Planar8, why: &str) -> Restored {
    Restored {
        frame: frame.clone(),
        report: Report {
            notes: vec![why.to_owned()],
            ..Report::default()
        },
    }
}

/// decoded + strength (restored − decoded).
fn blend(picture: &mut Picture, decoded: &Picture, strength: f32) {
    if strength < 1.0 {
        for (x, y) in picture.data.iter_mut().zip(&decoded.data) {
            *x = y + strength * (*x - y);
        }
    }
}

/// Rows whose levels are not the encoder's are shown as decoded.
fn keep_damaged_rows(picture: &mut Picture, decoded: &Picture, seen: &Observation) {
    for rows in &seen.damaged {
        // The grid below the visible part shows what its last row shows.
        let end = match rows.end == seen.height {
            true => seen.padded_height,
            false => rows.end,
        };
        let span = rows.start * picture.width..end * picture.width;
        for c in 0..picture.channels {
            picture.plane_mut(c)[span.clone()].copy_from_slice(&decoded.plane(c)[span.clone()]);
        }
    }
}

fn consistency(picture: &Picture, frame: &Planar8, seen: &Observation) -> Consistency {
    let measurement = JpegMeasurement::new(seen, Slack::NONE);
    let share = |x: &Picture| {
        let (kept, known) = measurement.consistency(x);
        kept as f64 / known.max(1) as f64
    };
    Consistency {
        computed: share(picture),
        rounded: share(&output::rounded(picture, frame)),
    }
}
