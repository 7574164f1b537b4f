//! [`Known`]: what the frames so far say of each block, which the next frame is compared with.
//!
//! With `reuse` that is the last frame's levels and its decoded planes, in which only blocks that
//! changed are drawn again. With `accumulate` it is a [`Scene`], whose answers are drawn into the
//! planes. Says in which parts of the grid the cells changed. Called by `last_frame`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::interval::Bounds;
use crate::jpeg::Observation;
use crate::jpeg::file::Levels;
use crate::jpeg::grid::component::{Observed, QuantBlock};
use crate::options::Temporal;
use crate::runtime::threads::crew;
use crate::stream::still::Cells;
use crate::stream::still::scene::{Scene, Seen};

/// Size of the cells that say where planes were drawn.
const DRAWN_PX: (usize, usize) = (16, 16);
/// Share of the blocks that start over above which a frame is a cut.
const CUT: f64 = 0.6;

/// The last frame, component by component.
#[derive(Default)]
pub(crate) struct Earlier {
    levels: Vec<Vec<Option<Levels>>>,
    /// Blocks of other steps than their component's.
    exceptions: Vec<BTreeMap<usize, QuantBlock>>,
    /// Empty before they are kept.
    planes: Vec<Vec<f32>>,
    /// Whether its planes are drawn from its levels: those of frames that come as pixels are not.
    is_drawn: bool,
}

/// What a frame brings that was not known.
pub(crate) struct News {
    /// Whether most of the picture changed.
    pub cut: bool,
    /// Where the decoded picture may differ from the last one; `None`: anywhere.
    pub drawn: Option<Cells>,
}

/// What is known of each block from the frames so far.
pub(crate) enum Known {
    /// The last frame alone.
    Last(Earlier),
    /// What all frames say together.
    Scene(Scene),
}

impl Known {
    /// Nothing, before a first frame.
    pub fn new(temporal: Temporal) -> Self {
        match temporal {
            Temporal::Accumulate => Self::Scene(Scene::default()),
            Temporal::Off | Temporal::Reuse => Self::Last(Earlier::default()),
        }
    }

    /// Takes in the next frame and marks the parts of the grid whose cells changed. With a
    /// scene, what is known of a block is drawn in place of this frame's. All planes are drawn
    /// afterwards.
    pub fn update(&mut self, seen: &mut Observation, changed: &mut Cells) -> News {
        match self {
            Self::Last(earlier) => News {
                cut: false,
                drawn: earlier.update(seen, changed),
            },
            Self::Scene(scene) => {
                seen.draw();
                News {
                    cut: accumulate(scene, seen, changed),
                    drawn: None,
                }
            }
        }
    }

    /// Keeps the drawn planes of `seen`, which nothing else is made from, as far as the next frame
    /// can be drawn into them.
    pub fn keep(&mut self, seen: &mut Observation) {
        let planes = seen.components.iter_mut();
        let planes = planes.map(|c| std::mem::take(&mut c.plane)).collect();
        if let Self::Last(earlier) = self
            && earlier.is_drawn
        {
            earlier.planes = planes;
        }
    }

    /// The bounds of a block that is known from more frames than one.
    pub fn bounds(&self, c: usize, at: usize) -> Option<&Bounds> {
        match self {
            Self::Last(_) => None,
            Self::Scene(scene) => scene.answer(c, at).map(|(_, bounds)| bounds),
        }
    }
}

impl Earlier {
    /// Takes in the next frame: its levels, and its planes, which are drawn where levels changed if
    /// they come undrawn. Marks what changed, and returns where planes were drawn.
    fn update(&mut self, seen: &mut Observation, changed: &mut Cells) -> Option<Cells> {
        self.levels.resize_with(seen.components.len(), Vec::new);
        let exceptions = seen.components.iter().map(|c| c.exceptions.clone());
        let before = std::mem::replace(&mut self.exceptions, exceptions.collect());
        let none = BTreeMap::new();
        let planes = std::mem::take(&mut self.planes);
        self.is_drawn = seen.is_undrawn();
        let follows = self.is_drawn && planes.len() == seen.components.len();
        let picture = (seen.width, seen.height);
        let mut drawn = Cells::new(seen.padded_width, seen.padded_height, DRAWN_PX);
        let before = before.iter().chain(std::iter::repeat(&none));
        let known = self.levels.iter().zip(before);
        let pairs: Vec<_> = seen.components.iter().zip(known).collect();
        let others = crew::map(&pairs, |(component, (known, exceptions))| {
            let levels = component.levels.iter().enumerate();
            let others = levels.map(|(at, levels)| {
                known.get(at) != Some(levels)
                    || exceptions.get(&at) != component.exceptions.get(&at)
            });
            others.collect::<Vec<bool>>()
        });
        for (component, others) in seen.components.iter().zip(&others) {
            for at in (0..others.len()).filter(|&at| others[at]) {
                changed.mark(component.place(at));
                drawn.mark(component.reach(at, picture));
            }
        }
        let planes = planes.into_iter().map(Some).chain(std::iter::repeat(None));
        let kept = self.levels.iter_mut().zip(planes).zip(&others);
        let components = seen.components.iter_mut().zip(kept);
        crew::each(components, |_, (component, ((known, plane), others))| {
            if let Some(plane) = plane.filter(|_| follows) {
                component.plane = plane;
                component.draw_again(picture, others);
            }
            keep(known, &component.levels, others);
        });
        seen.draw();
        // If most is drawn again, all is decoded: by rows, on all cores.
        let is_little = 2 * drawn.marked_px() < seen.padded_width * seen.padded_height;
        (follows && is_little).then_some(drawn)
    }
}

/// Makes `known` equal to `levels`, which differ from it only in `others`.
fn keep(known: &mut Vec<Option<Levels>>, levels: &[Option<Levels>], others: &[bool]) {
    if known.len() != levels.len() {
        known.clear();
        known.extend_from_slice(levels);
        return;
    }
    for at in (0..levels.len()).filter(|&at| others[at]) {
        known[at] = levels[at];
    }
}

/// The levels of the blocks that were quantised with the component's steps.
fn levels_of_steps(component: &Observed) -> Cow<'_, [Option<Levels>]> {
    let mut levels = Cow::Borrowed(&component.levels[..]);
    for &at in component.exceptions.keys() {
        levels.to_mut()[at] = None;
    }
    levels
}

fn accumulate(scene: &mut Scene, seen: &mut Observation, changed: &mut Cells) -> bool {
    let levels: Vec<_> = seen.components.iter().map(levels_of_steps).collect();
    let parts: Vec<Seen<'_>> = seen
        .components
        .iter()
        .zip(&levels)
        .map(|(component, levels)| Seen {
            levels,
            steps: &component.steps,
            wide: component.blocks_wide,
            factors: component.factors,
        })
        .collect();
    let begun = scene.update(&parts);
    let size = (seen.width, seen.height);
    for (c, component) in seen.components.iter_mut().enumerate() {
        let blocks = 0..component.levels.len();
        for at in blocks.filter(|&at| scene.has_changed(c, at)) {
            changed.mark(component.place(at));
        }
        // The scene knows nothing of these.
        for &at in component.exceptions.keys() {
            changed.mark(component.place(at));
        }
        component.redraw(size, |at| scene.answer(c, at).map(|(means, _)| *means));
    }
    begun > CUT
}
