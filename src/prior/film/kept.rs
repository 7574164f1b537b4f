//! Every map of the fast network for the last frame of a stream, brought up to date where the
//! frame changed.
//!
//! What is computed again is computed from maps that are up to date already, so the result is
//! the whole frame's bit for bit, as long as a convolution gives the same bits for a window as
//! for the whole: [`parts_agree`] looks whether it does here. Called by `follow` on the torch
//! thread.

use tch::{Kind, Tensor};

use super::edge::{Entry, Part, Seen, Weights};
use super::engine::{Engine, trial_case, trial_picture};
use super::fast::{Frame, Run};
use super::region::{Link, Plan, Scale, Size, Work, sizes, times, whole};
use super::wiring::Wired;
use crate::contract::ONE_CALL_SIGMA;
use crate::error::{Error, Result};
use crate::frame::{Picture, Rect};
use crate::prior::native::map::Map;
use crate::prior::native::memory::size_of_kind;

/// Sides of the picture and of the changes that `parts_agree` tries.
const TRIAL_SIDE: usize = 96;

/// The input and what each layer made of it.
pub(super) struct Kept {
    maps: Vec<Map>,
}

/// Bytes that the maps of layers `links` over a picture take.
pub(super) fn bytes(links: &[Link], entry: Entry, kind: Kind, size_px: Size) -> usize {
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
        let input = run.entry().enter(seen(y), run.kind())?;
        let mut kept = Self {
            maps: vec![Map::of(input)?],
        };
        for (index, link) in run.links().iter().enumerate() {
            let made = kept.made(run, index, *link)?;
            kept.maps.push(made);
        }
        Ok(kept)
    }

    /// Brings the maps up to date with pictures that changed: `y` has the pixels of each of
    /// `changed`, in pixels of the input map. `plan` is that of these changes.
    ///
    /// # Errors
    /// [`Error::Backend`]; the maps are then good for nothing.
    pub fn update(&mut self, run: &Run, plan: &Plan, changed: &[(Rect, Picture)]) -> Result<()> {
        let [input, ..] = &mut self.maps[..] else {
            return Err(Error::Backend("no maps are kept".into()));
        };
        for (rect, y) in changed {
            input.paste(*rect, &run.entry().enter(seen(y), run.kind())?)?;
        }
        for (index, (link, work)) in run.links().iter().zip(&plan.work).enumerate() {
            match work {
                Work::Whole => self.maps[index + 1] = self.made(run, index, *link)?,
                Work::Windows(windows) => {
                    for window in windows {
                        self.make_part(run, index, *link, *window)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The map of layer `index` as a whole.
    fn made(&self, run: &Run, index: usize, link: Link) -> Result<Map> {
        let sum = link.onto.map(|map| {
            let map = &self.maps[map];
            map.cut(whole(map.size()), 0)
        });
        let x = self.maps[link.from].tensor();
        Map::of(run.layer(index, x, sum.transpose()?, Frame::Zeros)?)
    }

    /// Computes one window of the map of layer `index` again.
    fn make_part(&mut self, run: &Run, index: usize, link: Link, window: Rect) -> Result<()> {
        let (from, margin, to) = match link.scale {
            Scale::Same => (window, 1, window),
            Scale::Halved => (times(window, 2), 0, window),
            Scale::Doubled => (window, 0, times(window, 2)),
        };
        let x = self.maps[link.from].cut(from, margin)?;
        let sum = link.onto.map(|map| self.maps[map].cut(to, 0));
        let part = run.layer(index, &x, sum.transpose()?, Frame::Own)?;
        self.maps[index + 1].paste(to, &part)
    }

    /// x0 of the pixels of `rect` of the last map; `y` is the decoded picture there.
    ///
    /// # Errors
    /// [`Error::Backend`].
    pub fn answer(&self, entry: Entry, w: Weights, rect: Rect, y: &Picture) -> Result<Picture> {
        let last = self.last()?;
        let part = Part {
            f: last.tensor(),
            rect,
        };
        entry.leave(w, None, Some(y), part)
    }

    fn last(&self) -> Result<&Map> {
        let none = || Error::Backend("no maps are kept".into());
        self.maps.last().ok_or_else(none)
    }
}

fn seen(y: &Picture) -> Seen<'_> {
    Seen {
        x: None,
        y: Some(y),
        size: (y.width, y.height),
    }
}

/// Whether the fast form of `engine` gives the same bits for windows as for a whole map: a
/// change in the middle, at two borders, and in a corner.
///
/// # Errors
/// [`Error::Backend`].
pub(super) fn parts_agree<N: Wired>(engine: &Engine<N>) -> Result<bool> {
    let Some(fast) = engine.fast() else {
        return Ok(false);
    };
    let run = engine.blind(fast, trial_case(ONE_CALL_SIGMA))?;
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
        kept.update(&run, &plan, &[(changed, y.crop(rect))])?;
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
