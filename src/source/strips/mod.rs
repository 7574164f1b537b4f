//! Large JPEG files in strips: rows are handed on as they are made, so that memory hardly grows
//! with the picture.
//!
//! What is decided for a whole picture is decided by a sample of it (`sample`). Then each tile is
//! solved by itself (`solve::piece`), and those that make a strip of the result are put together
//! (`bands`, `rows`). The pixels are those of the whole picture restored in the same tiles. Called
//! by `restore`.

mod bands;
mod rows;
mod sample;

use std::sync::atomic::AtomicUsize;

use crate::contract::{Denoiser, Reach};
use crate::error::{Error, Result};
use crate::frame::{Orientation, Rect};
use crate::jpeg;
use crate::jpeg::file::packed::PackedFile;
use crate::jpeg::grid::cell::Slack;
use crate::jpeg::grid::measure::Departures;
use crate::jpeg::{JpegMeasurement, Observation};
use crate::options::RestoreOptions;
use crate::report::{Consistency, Report};
use crate::sampler::plan::Plan;
use crate::solve::piece::{Common, Solved};
use crate::solve::tiling::Tile;
use crate::solve::{Request, task, tiled};
use crate::source::as_moved;
use crate::source::strips::bands::{Band, Cut};
pub(crate) use crate::source::strips::rows::Rows;
use crate::source::strips::sample::Decided;

/// Whether pictures can be restored in strips by this prior: if it looks no further than a halo,
/// and is asked once.
pub(crate) fn can_restore(denoiser: &dyn Denoiser, options: &RestoreOptions) -> bool {
    let plan = Plan::of(options, denoiser.facts().one_call);
    let is_near = matches!(denoiser.reach(), Reach::Halo { .. });
    is_near && matches!(plan, Plan::OneCall { .. })
}

/// Restores `file` and hands the result, so turned, to `write` from the top to the bottom.
///
/// # Errors
/// [`Error::Options`] if [`can_restore`] says no; those of the denoiser and of `write`.
pub(crate) fn restore<R: Rows>(
    denoiser: &dyn Denoiser,
    file: &PackedFile,
    orientation: Orientation,
    request: Request<'_>,
    write: &mut dyn FnMut(R) -> Result<()>,
) -> Result<Report> {
    let Reach::Halo { halo_px, align_px } = denoiser.reach() else {
        return Err(refusal());
    };
    if !can_restore(denoiser, request.options) {
        return Err(refusal());
    }
    let cut = Cut {
        size: file.size(),
        mcu: file.mcu(),
        halo_px,
        align_px,
        orientation,
    };
    let calls = AtomicUsize::new(0);
    let mut decided = Decided::of(file, denoiser, request.options);
    let options = decided.moved.map(|moved| as_moved(request.options, moved));
    let request = Request {
        options: options.as_ref().unwrap_or(request.options),
        ..request
    };
    let asked = (denoiser, request, &calls);
    let strange = Walk::new(file, &decided, asked).is_strange(&cut)?;
    decided.task.idle |= strange;
    let walk = Walk::new(file, &decided, asked);
    let pixel_bytes = denoiser.facts().pixel_bytes;
    let bands = cut.bands(request.options.tile_size, pixel_bytes, R::PIXEL_BYTES);
    let mut sums = Sums::default();
    let total = bands.iter().map(|band| band.tiles.len()).sum();
    for band in &bands {
        write(walk.band(band, orientation, total, &mut sums)?)?;
    }
    let mut report = decided.report(file, &sums.departures, strange);
    report.network_calls = walk.common.calls_so_far();
    report.consistency = request.options.strict.then(|| sums.consistency());
    Ok(report)
}

fn refusal() -> Error {
    Error::options(
        "strips: only a model that looks no further than a halo, with preset fast, or quality \
         without steps, restores a picture in strips"
            .into(),
    )
}

/// What is added up over the pieces.
#[derive(Default)]
struct Sums {
    tiles: usize,
    departures: Departures,
    /// Coefficients that kept their level, and known ones; as computed, and rounded.
    kept: [(u64, u64); 2],
}

impl Sums {
    fn consistency(&self) -> Consistency {
        let [computed, rounded] = self
            .kept
            .map(|(kept, known)| kept as f64 / known.max(1) as f64);
        Consistency { computed, rounded }
    }
}

/// One walk over the tiles of a picture.
struct Walk<'a> {
    file: &'a PackedFile,
    decided: &'a Decided,
    common: Common<'a>,
    at_once: usize,
}

impl<'a> Walk<'a> {
    fn new(
        file: &'a PackedFile,
        decided: &'a Decided,
        (denoiser, request, calls): (&'a dyn Denoiser, Request<'a>, &'a AtomicUsize),
    ) -> Self {
        Self {
            file,
            decided,
            common: decided.common(denoiser, request, calls),
            at_once: denoiser.facts().at_once.max(1),
        }
    }

    /// Whether a sample of the answers is unlike what the prior knows.
    fn is_strange(&self, cut: &Cut) -> Result<bool> {
        let task = &self.decided.task;
        if task.idle || !task.is_judged() {
            return Ok(false);
        }
        let mut departures = Departures::default();
        let tiles = sample::answer_places(self.file).map(|core| cut.tile(core));
        for group in tiles.collect::<Vec<_>>().chunks(self.at_once) {
            for piece in self.pieces(group)? {
                departures = departures.and(&piece.departures);
            }
        }
        Ok(task.is_strange(&departures))
    }

    /// One strip of the result.
    fn band<R: Rows>(
        &self,
        band: &Band,
        orientation: Orientation,
        total: usize,
        sums: &mut Sums,
    ) -> Result<R> {
        let mut strip = R::new(self.file.outline().model, band.width, band.height);
        let window = |tile: &Tile| (tile.window.width, tile.window.height);
        let alike = band.tiles.chunk_by(|a, b| window(&a.0) == window(&b.0));
        for group in alike.flat_map(|alike| alike.chunks(self.at_once)) {
            let tiles: Vec<Tile> = group.iter().map(|(tile, _)| *tile).collect();
            for (piece, (_, x)) in self.pieces(&tiles)?.into_iter().zip(group) {
                self.count(&piece, sums);
                let part = R::of(piece.picture, &piece.seen).turned(orientation);
                strip.paste(&part, *x);
                self.common.control.step(sums.tiles, total)?;
            }
        }
        Ok(strip)
    }

    fn pieces(&self, tiles: &[Tile]) -> Result<Vec<Solved>> {
        if tiles.len() > 1 {
            self.common.denoiser.expect(tiles.len());
        }
        tiled::each(tiles, |&tile| {
            let place = self.file.around(tile.window);
            self.common.solve(self.observe(place), place, tile)
        })
    }

    /// What the file, or its first save, says of a part.
    fn observe(&self, place: Rect) -> Observation {
        let part = self.file.part(place);
        match &self.decided.first {
            Some(first) => first.of_part(&part).observation(),
            None => jpeg::grid::from_levels(&part),
        }
    }

    fn count(&self, piece: &Solved, sums: &mut Sums) {
        sums.tiles += 1;
        sums.departures = sums.departures.and(&piece.departures);
        if !self.common.options.strict {
            return;
        }
        let measurement = JpegMeasurement::new(&piece.seen, Slack::NONE);
        let shown = crate::solve::output::picture(&piece.picture, &piece.seen);
        let rounded = crate::solve::output::rounded(&piece.picture, &shown);
        for (sum, picture) in sums.kept.iter_mut().zip([&piece.picture, &rounded]) {
            let (kept, known) = measurement.consistency(picture);
            *sum = (sum.0 + kept, sum.1 + known);
        }
    }
}

impl Decided {
    fn common<'a>(
        &'a self,
        denoiser: &'a dyn Denoiser,
        request: Request<'a>,
        calls: &'a AtomicUsize,
    ) -> Common<'a> {
        Common {
            denoiser,
            options: request.options,
            control: request.control,
            task: &self.task,
            slack: self.slack,
            steps: self.steps,
            subsampling: self.subsampling,
            calls,
        }
    }

    /// What was done; `strange`: the sample was unlike what the prior knows.
    fn report(&self, file: &PackedFile, departures: &Departures, strange: bool) -> Report {
        let components = 0..file.outline().components.len();
        let mut report = Report {
            measured: components.map(|c| file.is_measured(c)).collect(),
            gate: self.task.gate(),
            family: Some(self.family.clone()),
            resaved: self.first.is_some(),
            moved: self.moved,
            departures: *departures,
            ..Report::default()
        };
        if strange {
            task::hand_on(&mut report);
        } else if self.task.is_strange(departures) {
            report.notes.push(STRANGE_LATE.into());
        }
        report.notes.extend(self.notes.iter().cloned());
        let idle = self.task.idle || file.is_lost();
        report.restored = !idle;
        report.released = self.task.released && !idle;
        report
    }
}

const STRANGE_LATE: &str =
    "unlike what the model knows (text or drawing?), which a sample of it was not: restored";
