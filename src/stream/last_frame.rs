//! [`Memory`]: the last frame as it was solved, and the next one solved with it.
//!
//! The next frame is decoded where its levels changed; as a whole, if most of them did or if it comes
//! as pixels. Where a bit of the decoded picture changed, the network's answer is brought up to
//! date ([`Follower`]). Where the answer, the decoded picture or the levels changed, the answer is
//! brought into the cells again. The rest is kept.
//!
//! With `reuse` the result is that of `solve::Alone`, bit for bit. With `accumulate` the decoded
//! picture and the cells are those of all frames so far (`blocks`). This holds for plans of one call
//! and one view. For plans of several calls `accumulate` keeps what stands still (`redraw`), and
//! `reuse` remembers nothing. Of the published sampler nothing is remembered.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::contract::{Control, Denoiser, Follower, Hint};
use crate::error::Result;
use crate::frame::{Picture, Rect};
use crate::jpeg::grid::cell::Slack;
use crate::jpeg::grid::measure::Departures;
use crate::jpeg::recover::resaved::{FirstSave, Watch};
use crate::jpeg::{JpegFile, JpegMeasurement, Observation};
use crate::options::{RestoreOptions, Temporal};
use crate::report::{Carried, Fresh, Report};
use crate::runtime::threads::crew;
use crate::sampler::cell::ONE_CALL_SIGMA;
use crate::sampler::plan::Plan;
use crate::solve::{Request, Solved, Task, assumed, is_stated, task, tiled};
use crate::stream::blocks::Known;
use crate::stream::finish::Finish;
use crate::stream::key::Key;
use crate::stream::still::Cells;

/// Size of the squares in which changes are found, see [`Follower::follow`].
const CHANGE_PX: (usize, usize) = (4, 4);
/// Size of the squares that a prior is given if there are more than [`MANY`] rectangles.
const COARSE_PX: (usize, usize) = (16, 16);
const MANY: usize = 256;
/// The plan whose answer can be computed again in parts.
const FOLLOWED: Plan = Plan::OneCall { views: 1 };

/// The last frame of a stream, if it was one that the next can be compared with, and what was
/// counted to find an earlier save.
#[derive(Default)]
pub(crate) struct Memory {
    last: Option<Last>,
    saves: Watch,
}

pub(crate) struct Last {
    pub key: Key,
    pub known: Known,
    pub hint: Hint,
    /// Memory for the next decoded picture.
    spare: Picture,
    follower: Option<Box<dyn Follower>>,
    /// The network's answer; of a plan of several calls, the result of all.
    pub estimate: Picture,
    /// How that stood to the cells, unit by unit.
    stood: Vec<Departures>,
    /// The same of a plan of several calls, all of them together: parts that stand still fit.
    pub stood_in_all: Departures,
    pub strange: bool,
    /// The restored picture; not what is shown while `strange`.
    pub picture: Arc<Picture>,
}

impl Memory {
    /// Forgets the last frame.
    pub fn forget(&mut self) {
        self.last = None;
    }

    /// As [`crate::jpeg::recover::resaved::first_save`].
    pub fn first_save(&mut self, file: &JpegFile) -> Option<FirstSave> {
        self.saves.first_save(file)
    }

    /// The picture on the grid of `seen`; `None`, with nothing done, for frames that have to be
    /// solved by themselves.
    pub fn solve(
        &mut self,
        denoiser: &dyn Denoiser,
        seen: &mut Observation,
        slack: Slack,
        Request { options, control }: Request<'_>,
    ) -> Result<Option<Solved>> {
        let before = self.last.take();
        let task = Task::of(seen, denoiser, options);
        if !carries(&task, denoiser, seen, options) {
            return Ok(None);
        }
        task.plan.check(denoiser.facts())?;
        let key = Key::of(seen, slack, options);
        let (mut last, fresh) = match before {
            Some(last) if last.key == key => (last, None),
            Some(last) => {
                let why = last.key.differs(&key);
                (Last::new(key, last.follower), Some(why))
            }
            None => (Last::new(key, denoiser.follower()), Some(Fresh::First)),
        };
        let solved = last.advance((denoiser, &task), seen, fresh, control)?;
        self.last = Some(last);
        Ok(Some(solved))
    }
}

/// Whether the next frame can take something over from one of this task: not from one whose levels are
/// not sound, or that is handed on.
fn carries(
    task: &Task,
    denoiser: &dyn Denoiser,
    seen: &Observation,
    options: &RestoreOptions,
) -> bool {
    let carries = match task.plan {
        FOLLOWED => is_whole(denoiser, seen, options),
        Plan::OneCall { .. } | Plan::Cell(_) => options.temporal == Temporal::Accumulate,
        Plan::Published(_) => false,
    };
    let asked_to = options.temporal != Temporal::Off && !options.strict;
    asked_to && carries && !task.idle && seen.is_whole()
}

fn is_whole(denoiser: &dyn Denoiser, seen: &Observation, options: &RestoreOptions) -> bool {
    let size = (seen.padded_width, seen.padded_height);
    tiled::is_whole(size, options.tile_size, denoiser.reach())
}

impl Last {
    /// Nothing but the sizes, before a first frame.
    fn new(key: Key, follower: Option<Box<dyn Follower>>) -> Self {
        let (width, height) = key.shape.padded;
        let units = key.cells(key.unit_px()).len();
        Self {
            known: Known::new(key.options.temporal),
            hint: Hint {
                decoded: Picture::new(3, 0, 0),
                luma: [1; 64],
                chroma: [1; 64],
                subsampling: (1, 1),
            },
            spare: Picture::new(3, 0, 0),
            follower,
            estimate: Picture::new(3, width, height),
            stood: vec![Departures::default(); units],
            stood_in_all: Departures::default(),
            strange: false,
            picture: Arc::new(Picture::new(3, width, height)),
            key,
        }
    }

    /// From the last frame to this one.
    fn advance(
        &mut self,
        (denoiser, task): (&dyn Denoiser, &Task),
        seen: &mut Observation,
        fresh: Option<Fresh>,
        control: Control<'_>,
    ) -> Result<Solved> {
        let mut report = task.report(seen);
        let mut units = self.key.cells(self.key.unit_px());
        let news = self.known.update(seen, &mut units);
        let shown = self.show(
            seen,
            news.drawn.filter(|_| fresh.is_none()),
            fresh.is_some(),
        );
        self.known.keep(seen);
        units.mark_cells(&shown);
        let mut carried = Carried {
            pixels: self.estimate.plane_len(),
            changed: shown.marked_px(),
            reused: 0,
            fresh: fresh.or(news.cut.then_some(Fresh::Cut)),
        };
        if let Plan::Cell(_) = task.plan {
            carried.reused = carried.pixels - units.marked_px();
            report.carried = Some(carried);
            let manner = (denoiser, &task.plan);
            let scope = (&units, carried.fresh.is_some());
            let picture = self.redraw(manner, seen, scope, (&mut report, control))?;
            return Ok(Solved {
                picture,
                changed: None,
                report,
            });
        }
        let (estimated, calls) = match task.plan.views() {
            1 => self.estimate(denoiser, &shown, control)?,
            views => {
                let calls = self.ask_views((denoiser, views), &units, control)?;
                (units.clone(), calls)
            }
        };
        units.mark_cells(&estimated);
        report.network_calls = calls;
        carried.reused = carried.pixels - estimated.marked_px();
        report.carried = Some(carried);
        let (picture, changed) = self.bring_into_cells(seen, units, task, &mut report);
        Ok(Solved {
            picture,
            changed: changed.filter(|_| fresh.is_none()),
            report,
        })
    }

    /// Decodes `seen`, only in `drawn` if that is known, and marks the squares in which the decoded
    /// picture changed: all of them if `is_new`.
    fn show(&mut self, seen: &Observation, drawn: Option<Cells>, is_new: bool) -> Cells {
        let mut shown = self.key.cells(CHANGE_PX);
        let Some(drawn) = drawn else {
            let spare = mem::replace(&mut self.spare, Picture::new(3, 0, 0));
            let hint = assumed(seen.hint_in(spare), &self.key.options);
            match is_new {
                true => shown.mark_all(),
                false => shown.mark_differences(&self.hint.decoded, &hint.decoded),
            }
            self.spare = mem::replace(&mut self.hint, hint).decoded;
            return shown;
        };
        let rects: Vec<Rect> = drawn.runs().map(|(_, run)| run).collect();
        let parts = crew::map(&rects, |&rect| {
            let part = seen.decode_part(rect);
            let others = shown.differences_in(rect, &self.hint.decoded, &part);
            (part, others)
        });
        for (rect, (part, others)) in rects.into_iter().zip(parts) {
            others.into_iter().for_each(|n| shown.mark(shown.rect(n)));
            let all = Rect { x: 0, y: 0, ..rect };
            self.hint.decoded.paste(&part, all, rect.x, rect.y);
        }
        shown
    }

    /// Brings the network's answer up to date where `shown` says that the decoded picture changed.
    /// Returns where the answer may have changed, and how many calls that took.
    fn estimate(
        &mut self,
        denoiser: &dyn Denoiser,
        shown: &Cells,
        control: Control<'_>,
    ) -> Result<(Cells, usize)> {
        let mut changed = self.key.cells(CHANGE_PX);
        if shown.is_clear() {
            return Ok((changed, 0));
        }
        control.step(0, 1)?;
        let calls = match &mut self.follower {
            Some(follower) => {
                let mut rects = shown.rects();
                if rects.len() > MANY {
                    let mut coarse = self.key.cells(COARSE_PX);
                    rects.into_iter().for_each(|rect| coarse.mark(rect));
                    rects = coarse.rects();
                }
                let rects = follower.follow(&self.hint, &rects, &mut self.estimate)?;
                rects.into_iter().for_each(|rect| changed.mark(rect));
                1
            }
            None => {
                let calls = AtomicUsize::new(0);
                let side = self.key.options.tile_size;
                let tiled = tiled::Tiled::new(denoiser, side, control, &calls);
                let decoded = &self.hint.decoded;
                self.estimate = tiled.denoise(decoded, ONE_CALL_SIGMA, Some(&self.hint))?;
                changed.mark_all();
                calls.load(Ordering::Relaxed)
            }
        };
        control.step(1, 1)?;
        Ok((changed, calls))
    }

    /// The picture, with its `units` computed again from the network's answer, and where these are:
    /// everywhere, if the answer as a whole became strange or ceased to be.
    fn bring_into_cells(
        &mut self,
        seen: &Observation,
        mut units: Cells,
        task: &Task,
        report: &mut Report,
    ) -> (Arc<Picture>, Option<Vec<Rect>>) {
        self.project(seen, &units);
        let strange = task.is_strange(&sum(&self.stood));
        let was_strange = self.strange;
        if strange != was_strange {
            self.strange = strange;
            units.mark_all();
            self.project(seen, &units);
        }
        report.released = task.released;
        if !report.released {
            report.departures = sum(&self.stood);
        }
        if strange {
            task::hand_on(report);
            return (Arc::new(self.hint.decoded.clone()), None);
        }
        report.restored = true;
        // If most of it changed, all is laid out: by rows, on all cores.
        let is_little = 2 * units.marked_px() < self.estimate.plane_len();
        let turned = strange != was_strange;
        let changed = (is_little && !turned).then(|| units.runs().map(|(_, run)| run).collect());
        (Arc::clone(&self.picture), changed)
    }

    /// Each of `units` from the network's answer; how it stood to the cells is kept.
    fn project(&mut self, seen: &Observation, units: &Cells) {
        let known = &self.known;
        let bounds = |c: usize, at: usize| known.bounds(c, at);
        let measurement = JpegMeasurement::new(seen, self.key.slack).within(&bounds);
        let finish = Finish {
            measurement: &measurement,
            strength: self.key.options.strength as f32,
            mcu_rows: self.key.shape.mcu_rows,
            estimate: &self.estimate,
            decoded: &self.hint.decoded,
            released: is_stated(&self.key.options),
        };
        for stood in finish.units(units, Arc::make_mut(&mut self.picture)) {
            self.stood[stood.first..][..stood.units.len()].copy_from_slice(&stood.units);
        }
    }
}

fn sum(parts: &[Departures]) -> Departures {
    parts
        .iter()
        .fold(Departures::default(), |all, part| all.and(part))
}
