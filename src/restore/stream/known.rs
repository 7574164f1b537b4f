//! [`Known`]: what the frames so far say of each block, which the next frame is compared with.
//!
//! With `reuse` that is the last frame's levels; with `accumulate` it is a [`Scene`], whose
//! answers are drawn into the decoded planes. Says in which parts of the grid the cells are
//! others. Called by `memory`.

use crate::frame::Rect;
use crate::interval::Bounds;
use crate::jpeg::Observation;
use crate::jpeg::file::Levels;
use crate::jpeg::observe::Observed;
use crate::options::Temporal;
use crate::video::Cells;
use crate::video::scene::{Scene, Seen};

/// Share of the blocks that begin anew above which a frame is a cut.
const CUT: f64 = 0.6;

/// What is known of each block from the frames so far.
pub(super) enum Known {
    /// The levels of the last frame, component by component.
    Last(Vec<Vec<Option<Levels>>>),
    /// What all frames say together.
    Scene(Scene),
}

impl Known {
    /// Nothing, before a first frame.
    pub fn new(temporal: Temporal) -> Self {
        match temporal {
            Temporal::Accumulate => Self::Scene(Scene::default()),
            Temporal::Off | Temporal::Reuse => Self::Last(Vec::new()),
        }
    }

    /// Takes in the next frame and marks the parts of the grid whose cells are others. With a
    /// scene, what is known of a block is drawn in place of this frame's. Answers whether most
    /// of the picture is another.
    pub fn update(&mut self, seen: &mut Observation, changed: &mut Cells) -> bool {
        match self {
            Self::Last(levels) => {
                levels.resize_with(seen.components.len(), Vec::new);
                for (known, component) in levels.iter_mut().zip(&seen.components) {
                    let now = component.levels.iter().enumerate();
                    let others = now.filter(|(at, levels)| known.get(*at) != Some(levels));
                    others.for_each(|(at, _)| changed.mark(place(component, at)));
                    known.clone_from(&component.levels);
                }
                false
            }
            Self::Scene(scene) => accumulate(scene, seen, changed),
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

/// The pixels of block number `at`.
fn place(component: &Observed, at: usize) -> Rect {
    let (fx, fy) = component.factors;
    Rect {
        x: 8 * fx * (at % component.blocks_wide),
        y: 8 * fy * (at / component.blocks_wide),
        width: 8 * fx,
        height: 8 * fy,
    }
}

fn accumulate(scene: &mut Scene, seen: &mut Observation, changed: &mut Cells) -> bool {
    let parts: Vec<Seen<'_>> = seen
        .components
        .iter()
        .map(|component| Seen {
            levels: &component.levels,
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
            changed.mark(place(component, at));
        }
        let (fx, fy) = component.factors;
        let samples = (size.0.div_ceil(fx), size.1.div_ceil(fy));
        component.redraw(samples, |at| scene.answer(c, at).map(|(means, _)| means));
    }
    begun > CUT
}
