//! [`Around`]: a denoiser that is asked for parts of a picture only.
//!
//! Called by `redraw`, which keeps the rest.

use crate::contract::{Denoiser, Hint, ModelFacts, Reach};
use crate::error::Result;
use crate::frame::{Picture, Rect};
use crate::solve::tiling::Tile;
use crate::solve::tiling::around::around;

/// Computes some parts of a picture, each from what the prior needs to see around it.
pub(crate) struct Around<'a> {
    inner: &'a dyn Denoiser,
    parts: &'a [Rect],
    /// The answer elsewhere.
    rest: &'a Picture,
    /// What is asked.
    tiles: Vec<Tile>,
}

impl<'a> Around<'a> {
    /// `inner` in `parts`, and `rest` elsewhere. If tiles around the parts are no less work than the
    /// whole picture, or if the prior sees squares of one size, the whole picture is asked for.
    pub fn new(inner: &'a dyn Denoiser, parts: &'a [Rect], rest: &'a Picture) -> Self {
        let size = (rest.width, rest.height);
        let tiles = match inner.reach() {
            Reach::Halo { halo_px, align_px } => around(parts, size, halo_px, align_px),
            Reach::Window { .. } => vec![whole(rest)],
        };
        let area = |tile: &Tile| tile.window.width * tile.window.height;
        let is_less = tiles.iter().map(area).sum::<usize>() < rest.plane_len();
        Self {
            inner,
            parts,
            rest,
            tiles: if is_less { tiles } else { vec![whole(rest)] },
        }
    }

    fn tile(&self, x: &Picture, sigma: f64, hint: Option<&Hint>, tile: Tile) -> Result<Picture> {
        let crop = |picture: &Picture| picture.crop(tile.window);
        let hint = hint.map(|hint| Hint {
            decoded: crop(&hint.decoded),
            ..*hint
        });
        self.inner.denoise(&crop(x), sigma, hint.as_ref())
    }
}

fn whole(picture: &Picture) -> Tile {
    let all = Rect {
        x: 0,
        y: 0,
        width: picture.width,
        height: picture.height,
    };
    Tile {
        core: all,
        window: all,
    }
}

impl Denoiser for Around<'_> {
    fn denoise(&self, x: &Picture, sigma: f64, hint: Option<&Hint>) -> Result<Picture> {
        let mut out = self.rest.clone();
        for tile in &self.tiles {
            let found = self.tile(x, sigma, hint, *tile)?;
            for part in self.parts.iter().filter(|part| tile.holds(**part)) {
                out.paste(&found, tile.in_window(*part), part.x, part.y);
            }
        }
        Ok(out)
    }

    fn reach(&self) -> Reach {
        self.inner.reach()
    }

    fn facts(&self) -> &ModelFacts {
        self.inner.facts()
    }
}
