//! The one place that sees all of it: opens a model, and takes files and frames through
//! measurement, sampler and prior to a picture.
//!
//! Called by the command and by the elements. `model` opens priors, `weights` knows where
//! their checkpoints lie, `tiled` and `windowed` cut pictures for them, `levels` restores
//! banded pictures, `gate` hands on what needs no restoring, `estimated` starts from pixels alone, `output` makes 8-bit pixels.

mod estimated;
pub mod experiment;
mod gate;
mod levels;
pub mod model;
mod output;
#[cfg(feature = "torch")]
mod published;
mod symmetry;
pub mod tiled;
pub mod weights;
mod windowed;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::contract::{Control, Denoiser, Measurement, QuantSteps, Trust};
use crate::error::{Error, Result};
use crate::frame::{Picture, Planar8};
use crate::jpeg::cell::Slack;
use crate::jpeg::measure::Departures;
use crate::jpeg::origin::Family;
use crate::jpeg::resaved;
use crate::jpeg::{self, JpegFile, JpegMeasurement, Observation};
use crate::options::Options;
use crate::sampler::plan::Plan;
use crate::sampler::{self, Problem};

pub use estimated::Estimated;
pub use gate::Gate;

/// With `strict`, how far inside its cell a coefficient must stay, so that rounding the
/// pixels to 8 bits (0.3 units of noise) rarely carries it out again.
const STRICT: Slack = Slack {
    absolute: -1.0,
    ..Slack::NONE
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
    /// Which components were held to the levels of the file.
    pub measured: Vec<bool>,
    /// What the identity gate handed on as decoded.
    pub gate: Gate,
    /// The encoder's family, for files.
    pub family: Option<Family>,
    /// Whether a file shows an earlier, coarser save, to which the picture was held instead.
    pub resaved: bool,
    /// What was told from the pixels, where tables were estimated.
    pub estimated: Option<Box<Estimated>>,
    /// How the network's estimates stood to the cells.
    pub departures: Departures,
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
        options.validate()?;
        let (seen, picture, mut report) = self.solve_file(file, options, control)?;
        let frame = output::picture(&picture, &seen);
        if options.strict {
            report.consistency = Some(consistency(&picture, &frame, &seen));
        }
        Ok(Restored { frame, report })
    }

    /// Restores a JPEG to the levels of its own tables and sampling: with `strict`, the levels
    /// that it has. Its markers are kept; EXIF and ICC go where the caller writes them.
    ///
    /// # Errors
    /// As [`Self::restore_file`].
    pub fn restore_to_levels(
        &self,
        file: &JpegFile,
        options: &Options,
        control: Control<'_>,
    ) -> Result<(JpegFile, Report)> {
        options.validate()?;
        let (seen, picture, mut report) = self.solve_file(file, options, control)?;
        if options.strict {
            let frame = output::picture(&picture, &seen);
            report.consistency = Some(consistency(&picture, &frame, &seen));
        }
        Ok((jpeg::requantise::requantised(file, &picture), report))
    }

    /// What a file makes known, the picture on its aligned grid, and what was done.
    fn solve_file(
        &self,
        file: &JpegFile,
        options: &Options,
        control: Control<'_>,
    ) -> Result<(Observation, Picture, Report)> {
        let family = Family::of(file);
        let first = match options.strict {
            true => None,
            false => resaved::first_save(file),
        };
        let seen = jpeg::observe::from_file(first.as_ref().unwrap_or(file));
        let (picture, mut report) = self.solve(&seen, family.slack(), options, control)?;
        if first.is_some() {
            report.notes.push(RESAVED.into());
        }
        report.resaved = first.is_some();
        report.family = Some(family);
        if let Some(damage) = &file.damage {
            report.notes.push(format!(
                "damaged: {}; {} of {} rows restored",
                damage.message, seen.intact_rows, seen.height
            ));
        }
        Ok((seen, picture, report))
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
        if *tables == FrameTables::Estimate {
            return self.restore_estimated(frame, options, control);
        }
        let Some((steps, quality)) = find_tables(tables)? else {
            return Ok(unchanged(frame, "the quantisation tables cannot be told"));
        };
        let seen = jpeg::recover::from_frame(frame, &steps.0, &steps.1)?;
        let (picture, mut report) = self.solve(&seen, Slack::ROUNDING, options, control)?;
        report.quality = quality;
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
        slack: Slack,
        options: &Options,
        control: Control<'_>,
    ) -> Result<(Picture, Report)> {
        let hint = seen.hint();
        let mut report = Report {
            measured: seen.components.iter().map(|c| c.is_measured()).collect(),
            ..Report::default()
        };
        if options.identity_gate {
            report.gate = Gate::of(seen);
        }
        let idle = options.strength == 0.0 || report.gate == Gate::Closed;
        if idle || seen.intact_rows == 0 {
            return Ok((hint.decoded, report));
        }
        let slack = if options.strict { STRICT } else { slack };
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
        report.departures = measurement.departures();
        report.network_calls = calls.load(Ordering::Relaxed);
        if options.identity_gate && gate::is_strange(&report.departures) {
            report.gate = Gate::Closed;
            report.notes.push(STRANGE.into());
            return Ok((hint.decoded, report));
        }
        if report.gate == Gate::Luma {
            gate::keep_luma(&mut picture, &hint.decoded);
        }
        blend(&mut picture, &hint.decoded, options.strength as f32);
        if options.strict {
            measurement.project(&mut picture, Trust::Clamp);
        }
        keep_damaged_rows(&mut picture, &hint.decoded, seen);
        report.restored = true;
        Ok((picture, report))
    }
}

/// Luma and chroma steps.
type Steps = (QuantSteps, QuantSteps);

/// The steps of a frame and the quality that stands for them; `None` when they cannot be told.
fn find_tables(tables: &FrameTables) -> Result<Option<(Steps, Option<u8>)>> {
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
        // `restore_estimated` has dealt with it.
        FrameTables::Estimate => Ok(None),
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

const STRANGE: &str = "unlike what the model knows (text or drawing?): handed on as decoded";

const RESAVED: &str = "saved twice: the levels show an earlier, coarser JPEG, whose cells hold \
                       the picture instead";

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
    if seen.intact_rows < seen.height {
        let from = seen.intact_rows * picture.width;
        for c in 0..picture.channels {
            picture.plane_mut(c)[from..].copy_from_slice(&decoded.plane(c)[from..]);
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
