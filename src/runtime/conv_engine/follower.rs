//! `Following`: the one-call estimates for the frames of one stream, by a network whose maps are
//! kept from frame to frame.
//!
//! What has to be computed again is decided on the caller's thread; the torch thread only computes.
//! Made by `denoiser`.

use std::sync::Arc;

use tch::Kind;

use crate::contract::{Follower, Hint, ONE_CALL_SIGMA};
use crate::error::{Error, Result};
use crate::frame::{Picture, Rect};
use crate::runtime::conv_engine::ends::Entry;
use crate::runtime::conv_engine::engine::{Engine, Question};
use crate::runtime::conv_engine::kept_maps;
use crate::runtime::conv_engine::kept_maps::{Kept, Sent};
use crate::runtime::conv_engine::region::{Link, Plan, Work, apart, bands, times, whole};
use crate::runtime::conv_net::conditioning;
use crate::runtime::conv_net::conditioning::LENGTH;
use crate::runtime::conv_net::edm::Case;
use crate::runtime::conv_net::wiring::Wired;
use crate::runtime::threads::crew;
use crate::runtime::worker::Owned;

/// Most bytes that one stream's maps may take; larger frames are computed completely every time.
const KEPT_BYTES: usize = 3 << 29;

/// Rows of the first or last map that one thread fills or reads at a time.
const BAND: usize = 8;

/// The follower of a network.
pub(crate) struct Following<N> {
    engine: Arc<Owned<Engine<N>>>,
    entry: Entry,
    kind: Kind,
    links: Vec<Link>,
    last: Option<Last>,
}

/// What is kept of the last frame.
struct Last {
    kept: Kept,
    size: (usize, usize),
    tables: [f32; LENGTH],
}

impl<N: Wired> Following<N> {
    /// A new follower; `None` if the network cannot be run in parts.
    ///
    /// # Errors
    /// [`Error::Backend`].
    pub fn of(engine: Arc<Owned<Engine<N>>>) -> Result<Option<Self>> {
        let facts = |engine: &Engine<N>| {
            let facts = engine.in_parts();
            Ok(facts.map(|fast| (fast.entry, fast.kind, fast.links.clone())))
        };
        let facts = engine.with(facts)?;
        Ok(facts.map(|(entry, kind, links)| Self {
            engine,
            entry,
            kind,
            links,
            last: None,
        }))
    }

    /// Computes the whole estimate, and keeps the maps for the next frame if they are not too
    /// large.
    fn begin(&mut self, hint: &Hint, tables: [f32; LENGTH]) -> Result<Picture> {
        let y = &hint.decoded;
        let size = (y.width, y.height);
        let keeps = kept_maps::bytes(&self.links, self.entry, self.kind, size) <= KEPT_BYTES;
        let work = |engine: &Engine<N>| begin(engine, y, case(tables), keeps);
        let (kept, answer) = self.engine.with(work)?;
        self.last = kept.map(|kept| Last { kept, size, tables });
        Ok(answer)
    }

    /// Returns where the estimate may have changed by `plan`, with the pixels there.
    fn go_on(&mut self, last: Last, plan: Plan, sent: Sent) -> Result<Vec<Picture>> {
        let Last { kept, size, tables } = last;
        let work = move |engine: &Engine<N>| go_on(engine, kept, case(tables), &plan, sent);
        let (kept, answers) = self.engine.with(work)?;
        self.last = Some(Last { kept, size, tables });
        Ok(answers)
    }
}

impl<N: Wired> Follower for Following<N> {
    fn follow(
        &mut self,
        hint: &Hint,
        changed: &[Rect],
        estimate: &mut Picture,
    ) -> Result<Vec<Rect>> {
        let (y, tables) = (&hint.decoded, conditioning::describe(hint));
        let size = (y.width, y.height);
        // Removed until the new one is complete: after a failure the next frame is computed from
        // scratch.
        let last = self.last.take();
        let fits = |last: &Last| last.size == size && last.tables == tables;
        let same_size = (estimate.width, estimate.height) == size;
        let Some(last) = last.filter(|last| fits(last) && same_size) else {
            *estimate = self.begin(hint, tables)?;
            return Ok(vec![whole(size)]);
        };
        let changed: Vec<Rect> = changed
            .iter()
            .filter_map(|&r| snapped(r, size, self.entry.fold))
            .collect();
        let changed = apart(changed);
        let parts = changed.iter().map(|&rect| self.entry.in_map(rect));
        let plan = Plan::of(&self.links, self.entry.map_size(size), parts.collect());
        if plan.last.is_empty() {
            self.last = Some(last);
            return Ok(Vec::new());
        }
        if plan.work.iter().all(|work| *work == Work::Whole) {
            *estimate = self.begin(hint, tables)?;
            return Ok(vec![whole(size)]);
        }
        let cropped = |rect: Rect| (self.entry.in_map(rect), y.crop(rect));
        let places: Vec<Rect> = plan
            .last
            .iter()
            .flat_map(|&rect| bands(rect, BAND))
            .map(|rect| times(rect, self.entry.fold))
            .collect();
        let band = BAND * self.entry.fold;
        let entered = changed.iter().flat_map(|&rect| bands(rect, band));
        let sent = Sent {
            changed: entered.map(cropped).collect(),
            answers: crew::map(&places, |&rect| cropped(rect)),
        };
        let answers = self.go_on(last, plan, sent)?;
        for (place, answer) in places.iter().zip(answers) {
            let all = whole((answer.width, answer.height));
            estimate.paste(&answer, all, place.x, place.y);
        }
        Ok(places)
    }
}

fn case(tables: [f32; LENGTH]) -> Case {
    Case {
        sigma: ONE_CALL_SIGMA,
        tables,
    }
}

/// `rect` enlarged to whole squares of the side `grid`, inside a picture of `size`; `None` if it is
/// outside.
fn snapped(rect: Rect, size: (usize, usize), grid: usize) -> Option<Rect> {
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

fn begin<N: Wired>(
    engine: &Engine<N>,
    y: &Picture,
    case: Case,
    keeps: bool,
) -> Result<(Option<Kept>, Picture)> {
    let size = (y.width, y.height);
    if !keeps {
        let question = Question {
            size,
            x: None,
            y: Some(y),
            case,
        };
        return Ok((None, engine.estimate(question)?));
    }
    let fast = engine.in_parts().ok_or_else(gone)?;
    let kept = Kept::whole(&engine.blind(fast, case)?, y)?;
    let answer = kept.answer(fast.entry, engine.weights(&case), y)?;
    Ok((Some(kept), answer))
}

/// Updates `kept`, and returns the estimates in the requested places.
fn go_on<N: Wired>(
    engine: &Engine<N>,
    mut kept: Kept,
    case: Case,
    plan: &Plan,
    sent: Sent,
) -> Result<(Kept, Vec<Picture>)> {
    let fast = engine.in_parts().ok_or_else(gone)?;
    let run = engine.blind(fast, case)?;
    let answers = kept.update(&run, plan, &sent, engine.weights(&case))?;
    Ok((kept, answers))
}

fn gone() -> Error {
    Error::Backend("the network has no fast form".into())
}
