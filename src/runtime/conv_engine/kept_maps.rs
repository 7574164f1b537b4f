//! All maps of the fast network for the last frame of a stream, updated where the frame changed.
//!
//! Each update is computed from maps that are already up to date, so the result equals that of the
//! whole frame bit for bit, provided that a convolution gives the same bits for a window as for the
//! whole: `parts_agree` checks that on this machine. Called by `follower` on the torch thread.

use std::sync::OnceLock;

use tch::{Kind, Tensor};

use crate::contract::ONE_CALL_SIGMA;
use crate::error::{Error, Result};
use crate::frame::{Picture, Rect};
use crate::runtime::conv_engine::ends::{Entry, Part, Seen, Weights};
use crate::runtime::conv_engine::engine::{Engine, trial_case, trial_picture};
use crate::runtime::conv_engine::packed_net::{Frame, Run};
use crate::runtime::conv_engine::region::{
    Link, Plan, Scale, Size, Work, pieces, sizes, times, whole,
};
use crate::runtime::conv_net::wiring::Wired;
use crate::runtime::native::channels_last::size_of_kind;
use crate::runtime::native::map::Map;
use crate::runtime::threads::stages::in_stages;

/// Sides of the picture and of the changes that `parts_agree` tests.
const TRIAL_SIDE: usize = 96;

/// The input and the result of each layer.
pub(crate) struct Kept {
    maps: Vec<Map>,
}

/// The decoded picture in the relevant places.
pub(crate) struct Sent {
    /// Changed parts, with their position in the input map; they do not overlap.
    pub changed: Vec<(Rect, Picture)>,
    /// Parts for which the estimate is needed, with their position in the last map.
    pub answers: Vec<(Rect, Picture)>,
}

/// A step that all threads do together before the next one.
enum Step {
    /// Write the changes to the input.
    Enter,
    /// Compute these windows of the map of a layer.
    Layer(usize, Vec<Rect>),
    /// Compute the needed estimates.
    Leave,
}

/// Bytes that the maps of layers `links` over a picture take.
pub(crate) fn bytes(links: &[Link], entry: Entry, kind: Kind, size_px: Size) -> usize {
    let channels = links.iter().map(|link| link.channels);
    let channels = [entry.channels(false)].into_iter().chain(channels);
    let sizes = sizes(links, entry.map_size(size_px));
    let elements = channels.zip(sizes).map(|(c, (w, h))| c * w * h);
    size_of_kind(kind) * elements.sum::<usize>()
}

impl Kept {
    /// All maps of the picture `y`.
    ///
    /// # Errors
    /// [`Error::Backend`].
    pub fn whole(run: &Run, y: &Picture) -> Result<Self> {
        let input = run.entry().enter(seen(y, (0, 0)), run.kind())?;
        let mut kept = Self {
            maps: vec![Map::of(input)?],
        };
        for (index, link) in run.links().iter().enumerate() {
            let made = kept.made(run, index, *link)?;
            kept.maps.push(made);
        }
        Ok(kept)
    }

    /// Updates the maps with the changes in `sent`, following the `plan` for these, and returns x0
    /// where it is needed.
    ///
    /// # Errors
    /// [`Error::Backend`]; the maps are then invalid.
    pub fn update(
        &mut self,
        run: &Run,
        plan: &Plan,
        sent: &Sent,
        weights: Weights,
    ) -> Result<Vec<Picture>> {
        let threads = usize::try_from(tch::get_num_threads()).unwrap_or(1);
        let mut steps = vec![Step::Enter];
        for (index, (link, work)) in run.links().iter().zip(&plan.work).enumerate() {
            match work {
                Work::Windows(windows) => {
                    let pieces = windows
                        .iter()
                        .flat_map(|&window| pieces(window, link, threads));
                    steps.push(Step::Layer(index, pieces.collect()));
                }
                Work::Whole => {
                    self.take(&steps, run, sent, weights)?;
                    steps.clear();
                    self.maps[index + 1] = self.made(run, index, *link)?;
                }
            }
        }
        steps.push(Step::Leave);
        self.take(&steps, run, sent, weights)
    }

    /// Runs `steps` one after another, each on all threads together.
    fn take(
        &mut self,
        steps: &[Step],
        run: &Run,
        sent: &Sent,
        weights: Weights,
    ) -> Result<Vec<Picture>> {
        let answers: Vec<OnceLock<Picture>> =
            sent.answers.iter().map(|_| OnceLock::new()).collect();
        let shared = Shared {
            maps: &self.maps,
            run,
        };
        let counts: Vec<usize> = steps.iter().map(|step| step.pieces(sent)).collect();
        in_stages(&counts, |step, piece| {
            match &steps[step] {
                Step::Enter => {
                    let (rect, y) = &sent.changed[piece];
                    shared.enter(*rect, y)?;
                }
                Step::Layer(index, windows) => shared.make(*index, windows[piece])?,
                Step::Leave => {
                    let (rect, y) = &sent.answers[piece];
                    let answer = shared.answer(weights, *rect, y)?;
                    answers[piece].get_or_init(|| answer);
                }
            }
            Ok(())
        })?;
        Ok(answers
            .into_iter()
            .filter_map(OnceLock::into_inner)
            .collect())
    }

    /// Computes the whole map of layer `index`.
    fn made(&self, run: &Run, index: usize, link: Link) -> Result<Map> {
        let sum = link.onto.map(|map| {
            let map = &self.maps[map];
            map.cut(whole(map.size()), 0)
        });
        let x = self.maps[link.from].tensor();
        Map::of(run.layer(index, x, sum.transpose()?, Frame::Zeros)?)
    }

    /// x0 of all pixels; `y` is the decoded picture.
    ///
    /// # Errors
    /// [`Error::Backend`].
    pub fn answer(&self, entry: Entry, w: Weights, y: &Picture) -> Result<Picture> {
        let (f, rect) = (self.last()?.tensor(), whole(self.last()?.size()));
        entry.leave(w, None, Some(y), Part { f, rect })
    }

    fn last(&self) -> Result<&Map> {
        self.maps.last().ok_or_else(none_kept)
    }
}

impl Step {
    fn pieces(&self, sent: &Sent) -> usize {
        match self {
            Self::Enter => sent.changed.len(),
            Self::Layer(_, windows) => windows.len(),
            Self::Leave => sent.answers.len(),
        }
    }
}

/// The maps shared by several threads, each of which calls libtorch on its own.
struct Shared<'a> {
    maps: &'a [Map],
    run: &'a Run<'a>,
}

// SAFETY: tensors of weights and everything in a `Run` are only read while it is shared, and their
// reference counts are atomic. Maps are written by `Map::paste`, whose callers below make sure that
// one step writes one map, each pixel once, and reads only others.
unsafe impl Sync for Shared<'_> {}

impl Shared<'_> {
    /// Writes the decoded picture `y` into `rect` of the input.
    fn enter(&self, rect: Rect, y: &Picture) -> Result<()> {
        let input = self.maps.first().ok_or_else(none_kept)?;
        let seen = seen(y, (rect.x, rect.y));
        let entered = self.run.entry().enter(seen, self.run.kind())?;
        // SAFETY: this step writes only the input, in places that do not overlap (`Sent`), and
        // reads no map.
        unsafe { input.paste(rect, &entered) }
    }

    /// Computes one window of the map of layer `index` again.
    fn make(&self, index: usize, window: Rect) -> Result<()> {
        let link = self.run.links()[index];
        let (from, margin, to) = match link.scale {
            Scale::Same => (window, 1, window),
            Scale::Halved => (times(window, 2), 0, window),
            Scale::Doubled => (window, 0, times(window, 2)),
        };
        let x = self.maps[link.from].cut(from, margin)?;
        let sum = link.onto.map(|map| self.maps[map].cut(to, 0));
        let part = self.run.layer(index, &x, sum.transpose()?, Frame::Own)?;
        // SAFETY: a step computes the map of one layer, from maps of earlier ones, and its windows
        // do not overlap (`Plan::work`).
        unsafe { self.maps[index + 1].paste(to, &part) }
    }

    /// x0 of the pixels of `rect` of the last map; `y` is the decoded picture there.
    fn answer(&self, w: Weights, rect: Rect, y: &Picture) -> Result<Picture> {
        let f = self.maps.last().ok_or_else(none_kept)?.tensor();
        self.run.entry().leave(w, None, Some(y), Part { f, rect })
    }
}

fn none_kept() -> Error {
    Error::Backend("no maps are kept".into())
}

fn seen(y: &Picture, origin: (usize, usize)) -> Seen<'_> {
    Seen {
        x: None,
        y: Some(y),
        size: (y.width, y.height),
        origin,
    }
}

/// Whether the fast form of `engine` gives the same bits for windows as for a whole map, tested
/// with a change in the middle, at two borders, and in a corner.
///
/// # Errors
/// [`Error::Backend`].
pub(crate) fn parts_agree<N: Wired>(engine: &Engine<N>) -> Result<bool> {
    let Some(fast) = engine.fast() else {
        return Ok(false);
    };
    let case = trial_case(ONE_CALL_SIGMA);
    let (run, weights) = (engine.blind(fast, case)?, engine.weights(&case));
    let mut y = trial_picture(TRIAL_SIDE, 1);
    let other = trial_picture(TRIAL_SIDE, 2);
    let mut kept = Kept::whole(&run, &y)?;
    for (x, top) in [(48, 48), (0, 32), (48, 80), (80, 0)] {
        let rect = Rect {
            x,
            y: top,
            width: 16,
            height: 16,
        };
        y.paste(&other, rect, x, top);
        let size = fast.entry.map_size((TRIAL_SIDE, TRIAL_SIDE));
        let changed = fast.entry.in_map(rect);
        let plan = Plan::in_windows(run.links(), size, vec![changed]);
        let sent = Sent {
            changed: vec![(changed, y.crop(rect))],
            answers: Vec::new(),
        };
        kept.update(&run, &plan, &sent, weights)?;
        let anew = Kept::whole(&run, &y)?;
        if !same(kept.last()?.tensor(), anew.last()?.tensor())? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn same(a: &Tensor, b: &Tensor) -> Result<bool> {
    Ok(a.f_equal(b)?)
}
