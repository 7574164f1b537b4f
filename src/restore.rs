//! The one place that sees all of it: opens a model, and takes files and frames through
//! measurement, sampler and prior to a picture.
//!
//! Called by the command and by the elements. `model` opens priors, `weights` knows where
//! their checkpoints lie, `tiled` and `windowed` cut pictures for them, `levels` restores
//! banded pictures, `frames` starts from decoded pixels, `output` makes 8-bit pixels.

pub mod experiment;
mod frames;
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

use crate::contract::{Control, Denoiser, Measurement, Trust};
use crate::error::Result;
use crate::frame::{Picture, Planar8};
use crate::jpeg::cell::Slack;
use crate::jpeg::measure::Departures;
use crate::jpeg::{self, JpegFile, JpegMeasurement, Observation};
use crate::options::Options;
use crate::sampler::plan::Plan;
use crate::sampler::{self, Problem};

pub use frames::{Estimated, FrameTables};

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
        let seen = jpeg::observe::from_file(file);
        let (picture, mut report) = self.solve(&seen, options, control)?;
        let frame = output::picture(&picture, &seen);
        if options.strict {
            report.consistency = Some(consistency(&picture, &frame, &seen));
        }
        if let Some(damage) = &file.damage {
            report.notes.push(format!(
                "damaged: {}; {} of {} rows restored",
                damage.message, seen.intact_rows, seen.height
            ));
        }
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
        if options.strength == 0.0 || seen.intact_rows == 0 {
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
        report.departures = measurement.departures();
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
