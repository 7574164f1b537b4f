//! Where a restoration starts. Whatever a picture comes as (a file, a frame with its header or with
//! tables that the caller names, pixels alone), it becomes a [`Seen`]. [`restore`] does the rest.
//!
//! Pictures of few levels (`banded`) have no blocks and do not pass through here. Called by
//! `restore` and `stream`, each with its own [`Solver`].

pub mod banded;
pub mod dequantised;
pub mod estimated;
pub mod file;
pub mod frame;
pub mod header_frame;
mod named;
pub(crate) mod strips;
pub mod turned;

use std::borrow::Cow;

use crate::assumed_quality::AssumedQuality;
use crate::error::Result;
use crate::frame::{Orientation, Picture, PixelModel, Planar8, Rect};
use crate::jpeg::grid::cell::Slack;
use crate::jpeg::recover::moved::Moved;
use crate::jpeg::{JpegMeasurement, Observation};
use crate::options::RestoreOptions;
use crate::report::{Consistency, Report, Restored};
use crate::solve::output::Layout;
use crate::solve::{Request, Solved, Solver, output, sixteen};

/// What was seen of a picture, and how the restored one is laid out.
pub(crate) struct Seen<'a> {
    /// What is known of it, on its aligned grid.
    pub observation: Observation,
    /// How exact its cells are.
    pub slack: Slack,
    /// What the report says of where the picture came from. If it was moved between two saves, the
    /// picture is restored as one of the quality that this says.
    pub origin: Report,
    /// What the result looks like.
    pub out: Out<'a>,
}

/// How a restored picture is given back.
pub(crate) enum Out<'a> {
    /// The visible part of a file in a layout.
    File(Layout),
    /// Pixels, turned and cropped as they came.
    Pixels {
        /// The planes that came, turned back and with their margin, for the layout; `None`: RGB or
        /// grey.
        frame: Option<Cow<'a, Planar8>>,
        /// Columns and rows that were added to begin on the grid.
        margin: (usize, usize),
        /// How it was turned.
        orientation: Orientation,
    },
}

/// What can be said of pixels.
pub(crate) enum Sight<'a> {
    /// They are restored.
    Seen(Box<Seen<'a>>),
    /// They are returned unchanged, for this reason.
    Nothing(&'static str, Box<Report>),
}

impl<'a> From<Seen<'a>> for Sight<'a> {
    fn from(seen: Seen<'a>) -> Self {
        Self::Seen(Box::new(seen))
    }
}

impl Sight<'_> {
    /// What the report says of where the picture came from.
    fn origin(&mut self) -> &mut Report {
        match self {
            Self::Seen(seen) => &mut seen.origin,
            Self::Nothing(_, report) => report,
        }
    }
}

/// Restores what was seen. `last` is the frame that the last picture of the stream became, in the
/// same layout.
///
/// # Errors
/// Those of [`Solver::solve`].
pub(crate) fn restore(
    solver: &mut dyn Solver,
    mut seen: Seen<'_>,
    last: Option<Planar8>,
    request: Request<'_>,
) -> Result<Restored> {
    let solved = solve(solver, &mut seen, request)?;
    Ok(lay_out(&seen, solved, last))
}

/// The same, not rounded: as many channels as grey or RGB has, turned and cropped as it came.
///
/// # Errors
/// Those of [`Solver::solve`].
pub(crate) fn unrounded(
    solver: &mut dyn Solver,
    mut seen: Seen<'_>,
    request: Request<'_>,
) -> Result<(Picture, Report)> {
    let solved = solve(solver, &mut seen, request)?;
    Ok((unrounded_of(&seen, &solved.picture), solved.report))
}

/// The visible part of `picture`, of one channel for grey and three else.
fn unrounded_of(seen: &Seen<'_>, picture: &Picture) -> Picture {
    let observation = &seen.observation;
    let (margin, orientation) = match &seen.out {
        Out::File(_) => ((0, 0), Orientation::default()),
        Out::Pixels {
            margin,
            orientation,
            ..
        } => (*margin, *orientation),
    };
    let visible = Rect {
        x: margin.0,
        y: margin.1,
        width: observation.width - margin.0,
        height: observation.height - margin.1,
    };
    let picture = channels_of(picture.crop(visible), observation.model);
    match orientation.is_upright() {
        true => picture,
        false => picture.turned(orientation),
    }
}

/// `picture`, with one channel if it is grey.
fn channels_of(mut picture: Picture, model: PixelModel) -> Picture {
    if model == PixelModel::Grey {
        picture.data.truncate(picture.plane_len());
        picture.channels = 1;
    }
    picture
}

/// The picture, with the whole report.
fn solve(solver: &mut dyn Solver, seen: &mut Seen<'_>, request: Request<'_>) -> Result<Solved> {
    let options = seen
        .origin
        .moved
        .map(|moved| as_moved(request.options, moved));
    let request = Request {
        options: options.as_ref().unwrap_or(request.options),
        ..request
    };
    let mut solved = solver.solve(&mut seen.observation, seen.slack, request)?;
    let origin = std::mem::take(&mut seen.origin);
    let mut report = Report {
        quality: origin.quality,
        tables_from: origin.tables_from,
        orientation: origin.orientation,
        refusal: origin.refusal,
        family: origin.family,
        resaved: origin.resaved,
        moved: origin.moved,
        estimated: origin.estimated,
        searched: origin.searched,
        ..solved.report
    };
    report.notes.extend(origin.notes);
    note_refusal(&mut report);
    if request.options.strict && matches!(seen.out, Out::File(_)) {
        report.consistency = Some(consistency(&solved.picture, &seen.observation));
    }
    solved.report = report;
    Ok(solved)
}

/// `options` for a picture that was moved between two saves.
pub(crate) fn as_moved(options: &RestoreOptions, moved: Moved) -> RestoreOptions {
    RestoreOptions {
        assume_quality: AssumedQuality::Quality(moved.quality),
        ..options.clone()
    }
}

fn lay_out(seen: &Seen<'_>, solved: Solved, last: Option<Planar8>) -> Restored {
    let (picture, report) = (&*solved.picture, solved.report);
    let observation = &seen.observation;
    let frame = match (&seen.out, last, solved.changed) {
        (Out::File(layout), Some(last), Some(changed)) => {
            output::laid_out_again(last, picture, observation, *layout, &changed)
        }
        (Out::File(layout), ..) => output::laid_out(picture, observation, *layout),
        (
            Out::Pixels {
                frame,
                margin,
                orientation,
            },
            ..,
        ) => {
            let whole = match frame {
                Some(frame) => output::like(frame, picture, observation),
                None => output::picture(picture, observation),
            };
            as_it_came(whole, *margin, *orientation)
        }
    };
    Restored::new(frame, report)
}

/// [`lay_out`] in samples of 16 bits.
fn lay_out_deep(seen: &Seen<'_>, solved: Solved) -> Restored {
    let (picture, observation) = (&*solved.picture, &seen.observation);
    let [upper, lower] = match &seen.out {
        Out::File(layout) => sixteen::laid_out(picture, observation, *layout),
        Out::Pixels {
            frame,
            margin,
            orientation,
        } => {
            let layout = match frame {
                Some(frame) if frame.model == PixelModel::YCbCr => Layout::YCbCr(frame.subsampling),
                _ => Layout::AsFile,
            };
            let halves = sixteen::laid_out(picture, observation, layout);
            halves.map(|half| as_it_came(half, *margin, *orientation))
        }
    };
    let mut restored = Restored::new(upper, solved.report);
    restored.lower = Some(lower);
    restored
}

/// A frame without its margin, turned as it came. Copied only where there is something to do.
fn as_it_came(frame: Planar8, margin: (usize, usize), orientation: Orientation) -> Planar8 {
    let frame = match margin {
        (0, 0) => frame,
        _ => frame.without_margin(margin),
    };
    match orientation.is_upright() {
        true => frame,
        false => orientation.picture(&frame),
    }
}

/// `frame` turned back, with the margin that fills up its grid. Copied only where there is something
/// to do.
fn on_its_grid(
    frame: &Planar8,
    margin: (usize, usize),
    orientation: Orientation,
) -> Cow<'_, Planar8> {
    let upright = match orientation.is_upright() {
        true => Cow::Borrowed(frame),
        false => Cow::Owned(orientation.inverse().picture(frame)),
    };
    match margin {
        (0, 0) => upright,
        _ => Cow::Owned(upright.with_margin(margin)),
    }
}

/// `frame`, not restored, and why.
fn unchanged(frame: &Planar8, why: &str, mut report: Report) -> Restored {
    report.notes.push(why.to_owned());
    note_refusal(&mut report);
    Restored::new(frame.clone(), report)
}

/// Says first why a frame's header was not used.
fn note_refusal(report: &mut Report) {
    if let Some(refusal) = &report.refusal {
        let note = format!("the tables of the stream are not used: {refusal}");
        report.notes.insert(0, note);
    }
}

fn consistency(picture: &Picture, seen: &Observation) -> Consistency {
    let measurement = JpegMeasurement::new(seen, Slack::NONE);
    let share = |x: &Picture| {
        let (kept, known) = measurement.consistency(x);
        kept as f64 / known.max(1) as f64
    };
    let shown = output::picture(picture, seen);
    Consistency {
        computed: share(picture),
        rounded: share(&output::rounded(picture, &shown)),
    }
}
