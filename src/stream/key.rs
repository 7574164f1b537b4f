//! [`Key`]: what two frames must have in common for one to be made from the other.
//!
//! Used by `last_frame`.

use crate::contract::QuantSteps;
use crate::frame::PixelModel;
use crate::jpeg::Observation;
use crate::jpeg::grid::cell::Slack;
use crate::options::RestoreOptions;
use crate::report::Fresh;
use crate::stream::still::Cells;

/// Narrower units than this cost more to begin than to compute.
const LEAST_UNIT_PX: usize = 16;

/// What must be the same for two frames to be compared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    /// What was asked for.
    pub options: RestoreOptions,
    /// How exact the cells are.
    pub slack: Slack,
    /// The grid.
    pub shape: Shape,
    steps: Vec<QuantSteps>,
}

/// The grid and what lies on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    size: (usize, usize),
    /// The grid's size in pixels.
    pub padded: (usize, usize),
    /// Rows of it in one MCU.
    pub mcu_rows: usize,
    model: PixelModel,
    /// Factors of each component, and whether any of its levels are known.
    components: Vec<((usize, usize), bool)>,
}

impl Key {
    /// That of a frame.
    pub fn of(seen: &Observation, slack: Slack, options: &RestoreOptions) -> Self {
        let components = seen.components.iter();
        let shape = Shape {
            size: (seen.width, seen.height),
            padded: (seen.padded_width, seen.padded_height),
            mcu_rows: seen.mcu_rows,
            model: seen.model,
            components: components
                .map(|c| (c.factors, c.levels.is_empty()))
                .collect(),
        };
        Self {
            options: options.clone(),
            slack,
            shape,
            steps: seen.components.iter().map(|c| c.steps).collect(),
        }
    }

    /// Why a frame of the key `next` cannot be made from one of this key.
    pub fn differs(&self, next: &Self) -> Fresh {
        if self.shape != next.shape {
            Fresh::Shape
        } else if self.options != next.options {
            Fresh::Options
        } else {
            Fresh::Tables
        }
    }

    /// Blocks of every component that are computed together: a part of a row of MCUs.
    pub fn unit_px(&self) -> (usize, usize) {
        let widest = self.shape.components.iter().map(|c| 8 * c.0.0).max();
        let width = widest.unwrap_or(8);
        (
            LEAST_UNIT_PX.next_multiple_of(width).max(width),
            self.shape.mcu_rows,
        )
    }

    /// The grid in cells of a size, none of them marked.
    pub fn cells(&self, cell_px: (usize, usize)) -> Cells {
        Cells::new(self.shape.padded.0, self.shape.padded.1, cell_px)
    }
}
