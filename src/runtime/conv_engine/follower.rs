//! `Following`: the one-call estimates for the frames of one stream, by a network whose maps are
//! kept from frame to frame.
//!
//! Each update is computed from maps that are already up to date, so the result equals that of the
//! whole frame bit for bit, provided that a convolution gives the same bits for a window as for the
//! whole: `Engine::in_parts` checks that on this machine. Made by `denoiser`.

use std::sync::Arc;

use crate::contract::{Follower, Hint, ONE_CALL_SIGMA};
use crate::error::Result;
use crate::frame::{Picture, Rect};
use crate::runtime::conv_engine::denoiser::case;
use crate::runtime::conv_engine::ends::Seen;
use crate::runtime::conv_engine::engine::{Engine, Question};
use crate::runtime::conv_engine::map::Map;
use crate::runtime::conv_engine::pass::Pass;
use crate::runtime::conv_engine::region::{Plan, Size, Work, apart, times, whole};
use crate::runtime::conv_net::edm::Case;

/// Most bytes that one stream's maps may take; larger frames are computed completely every time.
const KEPT_BYTES: usize = 3 << 29;

/// The follower of a network.
pub(crate) struct Following {
    engine: Arc<Engine>,
    last: Option<Last>,
}

/// What is kept of the last frame.
struct Last {
    /// The input and the result of each layer.
    maps: Vec<Map>,
    size: Size,
    case: Case,
}

impl Following {
    /// A new follower.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine, last: None }
    }

    /// Computes the whole `estimate`, in the maps of `last` if they fit, and keeps them for the next
    /// frame if they are not too large.
    fn begin(
        &mut self,
        last: Option<Last>,
        y: &Picture,
        case: Case,
        estimate: &mut Picture,
    ) -> Result<()> {
        let size = (y.width, y.height);
        if self.engine.kept_bytes(size) > KEPT_BYTES {
            *estimate = self.engine.estimate(Question {
                size,
                x: None,
                y: Some(y),
                case,
            })?;
            return Ok(());
        }
        let maps = match last.filter(|last| last.size == size) {
            Some(last) => last.maps,
            None => self.engine.maps_to_keep(size)?,
        };
        if (estimate.width, estimate.height) != size {
            *estimate = Picture::new(3, size.0, size.1);
        }
        let last = Last { maps, size, case };
        self.pass(&last, y, estimate, |pass| pass.whole())?;
        self.last = Some(last);
        Ok(())
    }

    /// Computes with the maps of `last`.
    fn pass(
        &self,
        last: &Last,
        y: &Picture,
        estimate: &mut Picture,
        work: impl FnOnce(Pass<'_>) -> Result<()>,
    ) -> Result<()> {
        let (run, weights) = (
            self.engine.run(&last.case, false)?,
            self.engine.weights(&last.case),
        );
        let seen = Seen {
            x: None,
            y: Some(y),
        };
        work(Pass::new(&run, &last.maps, seen, weights, estimate)?)
    }
}

impl Follower for Following {
    fn follow(
        &mut self,
        hint: &Hint,
        changed: &[Rect],
        estimate: &mut Picture,
    ) -> Result<Vec<Rect>> {
        let (y, case) = (&hint.decoded, case(ONE_CALL_SIGMA, Some(hint)));
        let (size, entry) = ((y.width, y.height), self.engine.entry());
        // Removed until the new one is complete: after a failure the next frame is computed from
        // scratch.
        let last = self.last.take();
        let fits = |last: &Last| last.size == size && last.case == case;
        let same_size = (estimate.width, estimate.height) == size;
        let known = last.as_ref().is_some_and(fits) && same_size;
        let plan = known.then(|| self.plan(changed, size));
        let (last, plan) = match (last, plan) {
            (Some(last), Some(plan)) if !plan.is_whole() => (last, plan),
            (last, _) => {
                self.begin(last, y, case, estimate)?;
                return Ok(vec![whole(size)]);
            }
        };
        let places = plan.parts.last.iter();
        let places = places.map(|&rect| times(rect, entry.fold)).collect();
        if !plan.parts.last.is_empty() {
            let Planned { entered, parts } = plan;
            let left = parts.last.clone();
            self.pass(&last, y, estimate, |pass| pass.parts(&parts, entered, left))?;
        }
        self.last = Some(last);
        Ok(places)
    }
}

/// What to compute after a change.
struct Planned {
    /// Where the input changed, in pixels of its map.
    entered: Vec<Rect>,
    parts: Plan,
}

impl Planned {
    /// Whether all of every layer is computed anyway.
    fn is_whole(&self) -> bool {
        self.parts.work.iter().all(|work| *work == Work::Whole)
    }
}

impl Following {
    fn plan(&self, changed: &[Rect], size: Size) -> Planned {
        let entry = self.engine.entry();
        let changed = changed
            .iter()
            .filter_map(|&rect| snapped(rect, size, entry.fold));
        let changed = apart(changed.collect());
        let entered: Vec<Rect> = changed.iter().map(|&rect| entry.in_map(rect)).collect();
        Planned {
            parts: Plan::of(self.engine.links(), entry.map_size(size), entered.clone()),
            entered,
        }
    }
}

/// `rect` enlarged to whole squares of the side `grid`, inside a picture of `size`; `None` if it is
/// outside.
fn snapped(rect: Rect, size: Size, grid: usize) -> Option<Rect> {
    let down = |at: usize| at / grid * grid;
    let up = |at: usize, limit: usize| at.next_multiple_of(grid).min(limit);
    let (x, y) = (down(rect.x), down(rect.y));
    let right = up(rect.x + rect.width, size.0);
    let low = up(rect.y + rect.height, size.1);
    let empty = rect.width == 0 || rect.height == 0 || x >= right || y >= low;
    (!empty).then(|| Rect {
        x,
        y,
        width: right - x,
        height: low - y,
    })
}
