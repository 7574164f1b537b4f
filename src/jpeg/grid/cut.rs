//! Parts of an [`Observation`], which measure as the whole does.
//!
//! The planes are not copied: how a picture is decoded at the edge of a part depends on what lies
//! beyond. Called by `source::strips`.

use crate::frame::Rect;
use crate::jpeg::grid::Observation;
use crate::jpeg::grid::component::Observed;

impl Observation {
    /// What is known of `rect`, which consists of whole MCUs of the aligned grid.
    pub(crate) fn cut(&self, rect: Rect) -> Self {
        let visible = |all: usize, from: usize, length: usize| all.saturating_sub(from).min(length);
        Self {
            width: visible(self.width, rect.x, rect.width),
            height: visible(self.height, rect.y, rect.height),
            padded_width: rect.width,
            padded_height: rect.height,
            mcu_rows: self.mcu_rows,
            model: self.model,
            components: self.components.iter().map(|c| c.cut(rect)).collect(),
            lost: rect.parts_of(&self.lost),
        }
    }
}

impl Observed {
    /// The blocks inside `rect` of the picture.
    fn cut(&self, rect: Rect) -> Self {
        let (fx, fy) = self.factors;
        let (x, y) = (rect.x / (8 * fx), rect.y / (8 * fy));
        let (wide, high) = (rect.width / (8 * fx), rect.height / (8 * fy));
        let rows = self
            .levels
            .chunks_exact(self.blocks_wide)
            .skip(y)
            .take(high);
        let exceptions = self.exceptions.iter().filter_map(|(at, block)| {
            let across = (at % self.blocks_wide).checked_sub(x)?;
            let down = (at / self.blocks_wide).checked_sub(y)?;
            (across < wide && down < high).then_some((down * wide + across, *block))
        });
        Self {
            factors: self.factors,
            blocks_wide: wide,
            steps: self.steps,
            plane: Vec::new(),
            levels: rows.flat_map(|row| &row[x..x + wide]).copied().collect(),
            exceptions: exceptions.collect(),
            partial: self
                .partial
                .as_ref()
                .map(|partial| partial.part(self.blocks_wide, (x, y), (wide, high))),
        }
    }
}
