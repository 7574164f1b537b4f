//! JPEG files, from their exact levels: to pixels, or to levels of the same tables.
//!
//! Encoder family and earlier saves decide what the picture is held to.

use std::sync::Arc;

use crate::assumed_quality::AssumedQuality;
use crate::error::Result;
use crate::frame::{Picture, PixelModel, Planar8};
use crate::jpeg;
use crate::jpeg::JpegFile;
use crate::jpeg::file::Damage;
use crate::jpeg::file::ink::Ink;
use crate::jpeg::file::origin::Family;
use crate::jpeg::file::requantise::requantised;
use crate::jpeg::recover::moved::Moved;
use crate::jpeg::recover::resaved::FirstSave;
use crate::options::RestoreOptions;
use crate::report::{Report, Restored};
use crate::solve::output::Layout;
use crate::solve::{Request, Solved, Solver};
use crate::source::{Out, Seen, lay_out, lay_out_deep, solve, unrounded_of};

/// Restores `file`; `last` is the frame that the last picture of the stream became, so laid out.
///
/// # Errors
/// Those of the solver.
pub(crate) fn restore(
    solver: &mut dyn Solver,
    file: &JpegFile,
    (layout, last): (Layout, Option<Planar8>),
    request: Request<'_>,
) -> Result<Restored> {
    let (seen, solved) = solve_with_ink(solver, file, layout, request)?;
    Ok(lay_out(&seen, solved, last))
}

/// Restores `file` to samples of 16 bits.
///
/// # Errors
/// As [`restore`].
pub(crate) fn deep(
    solver: &mut dyn Solver,
    file: &JpegFile,
    layout: Layout,
    request: Request<'_>,
) -> Result<Restored> {
    let (seen, solved) = solve_with_ink(solver, file, layout, request)?;
    Ok(lay_out_deep(&seen, solved))
}

/// Restores `file` to a picture that is not rounded: its visible part, of one channel for grey and
/// three else.
///
/// # Errors
/// As [`restore`].
pub(crate) fn unrounded(
    solver: &mut dyn Solver,
    file: &JpegFile,
    request: Request<'_>,
) -> Result<(Picture, Report)> {
    let (seen, solved) = solve_with_ink(solver, file, Layout::AsFile, request)?;
    Ok((unrounded_of(&seen, &solved.picture), solved.report))
}

/// The picture of `file`, with its black over the other three components if it has any.
fn solve_with_ink(
    solver: &mut dyn Solver,
    file: &JpegFile,
    layout: Layout,
    request: Request<'_>,
) -> Result<(Seen<'static>, Solved)> {
    let mut seen = see(solver, file, layout, request.options);
    let mut solved = solve(solver, &mut seen, request)?;
    if let Some(ink) = &file.ink {
        let black = black(solver, ink, &mut solved.report, request)?;
        solved.picture = Arc::new(ink.over(&solved.picture, &black));
        solved.changed = None;
        seen.observation.model = PixelModel::Rgb;
    }
    Ok((seen, solved))
}

/// Restores `file` to the levels of its own tables and sampling: with `strict`, the levels that it
/// has.
///
/// # Errors
/// As [`restore`].
pub(crate) fn to_levels(
    solver: &mut dyn Solver,
    file: &JpegFile,
    request: Request<'_>,
) -> Result<(JpegFile, Report)> {
    let mut solved = solve_file(solver, file, request)?;
    let mut levels = requantised(file, &solved.picture);
    if let Some(ink) = &mut levels.ink {
        let black = black(solver, ink, &mut solved.report, request)?;
        *ink.black = requantised(&ink.black, &black);
    }
    Ok((levels, solved.report))
}

/// The black of a file, restored as the grey picture that it is.
fn black(
    solver: &mut dyn Solver,
    ink: &Ink,
    report: &mut Report,
    request: Request<'_>,
) -> Result<Arc<Picture>> {
    let black = solve_file(solver, &ink.black, request)?;
    report.restored |= black.report.restored;
    report.network_calls += black.report.network_calls;
    report.measured.extend(black.report.measured);
    report.departures = report.departures.and(&black.report.departures);
    for note in black.report.notes {
        if !report.notes.contains(&note) {
            report.notes.push(note);
        }
    }
    Ok(black.picture)
}

fn solve_file(solver: &mut dyn Solver, file: &JpegFile, request: Request<'_>) -> Result<Solved> {
    let mut seen = see(solver, file, Layout::AsFile, request.options);
    solve(solver, &mut seen, request)
}

/// What `file` says, or, if it shows an earlier and coarser save, what that said.
fn see(
    solver: &mut dyn Solver,
    file: &JpegFile,
    layout: Layout,
    options: &RestoreOptions,
) -> Seen<'static> {
    let family = Family::of(file);
    // Levels of which bits are missing are multiples of a larger step too.
    let whole = file.damage.as_ref().is_none_or(Damage::is_empty);
    let looks = whole && looks_for_earlier_saves(options);
    let first = looks.then(|| solver.first_save(file)).flatten();
    let (observation, moved) = match &first {
        Some(first) => (first.observation(), None),
        None => {
            let mut seen = jpeg::grid::from_levels(file);
            let moved = looks.then(|| solver.moved(&mut seen)).flatten();
            (seen, moved)
        }
    };
    let notes = notes(first.as_ref(), moved.as_ref(), file);
    Seen {
        observation,
        slack: family.slack(),
        origin: Report {
            resaved: first.is_some(),
            moved,
            family: Some(family),
            notes,
            ..Report::default()
        },
        out: Out::File(layout),
    }
}

/// What the user is told of a file, and of an earlier save that it shows.
pub(crate) fn notes(
    first: Option<&FirstSave>,
    moved: Option<&Moved>,
    file: &JpegFile,
) -> Vec<String> {
    let damage = file.damage.as_ref();
    let damage = damage.map(|damage| damage.describe(file.height));
    let earlier = first.map(resaved_note).or(moved.map(Moved::note));
    earlier.into_iter().chain(damage).collect()
}

/// What the user is told of a file that was saved twice.
fn resaved_note(first: &FirstSave) -> String {
    let of = match first.table() {
        Some(table) => format!(" of {table}"),
        None => String::new(),
    };
    format!(
        "saved twice: the levels show an earlier, coarser JPEG{of}, whose cells hold the picture instead"
    )
}

/// Whether an earlier save counts: `strict` is about the levels that the file has, and the caller
/// may say what the damage is to be taken for.
pub(crate) fn looks_for_earlier_saves(options: &RestoreOptions) -> bool {
    !options.strict && options.assume_quality == AssumedQuality::Auto
}
