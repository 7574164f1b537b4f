//! [`Known`]: the levels of the last frame, which those of the next are compared with.
//!
//! Says in which parts of the grid the cells are others. Called by `memory`.

use crate::frame::Rect;
use crate::interval::Bounds;
use crate::jpeg::Observation;
use crate::jpeg::file::Levels;
use crate::options::Temporal;
use crate::video::Cells;

/// What is known of each block from the frames so far.
pub(super) struct Known {
    levels: Vec<Vec<Option<Levels>>>,
}

impl Known {
    /// Nothing, before a first frame that is seen as `seen`.
    pub fn new(seen: &Observation, _temporal: Temporal) -> Self {
        Self {
            levels: vec![Vec::new(); seen.components.len()],
        }
    }

    /// Takes in the next frame and marks the parts of the grid whose cells are others. Answers
    /// whether most of the picture is another.
    pub fn update(&mut self, seen: &mut Observation, changed: &mut Cells) -> bool {
        for (known, component) in self.levels.iter_mut().zip(&seen.components) {
            let (fx, fy) = component.factors;
            let wide = component.blocks_wide;
            for (at, levels) in component.levels.iter().enumerate() {
                if known.get(at) != Some(levels) {
                    changed.mark(Rect {
                        x: 8 * fx * (at % wide),
                        y: 8 * fy * (at / wide),
                        width: 8 * fx,
                        height: 8 * fy,
                    });
                }
            }
            known.clone_from(&component.levels);
        }
        false
    }

    /// Of each component, the bounds of blocks of which more is known than their levels.
    pub fn bounds(&self) -> &[Vec<Option<Bounds>>] {
        &[]
    }
}
