//! How a picture is cut into tiles that make strips of the result, from its top to its bottom.
//!
//! The result may be turned: then a strip of it is a column of tiles. Integers only.

use crate::frame::{Orientation, Rect};
use crate::solve::tiling;
use crate::solve::tiling::Tile;

/// Bytes that a tile may take: its maps in the network, and [`PIECE_BYTES`] a pixel.
const TILE_BYTES: usize = 450_000_000;

/// Bytes of a pixel of a tile beside the network's: decoded and estimated in f32, levels, planes.
const PIECE_BYTES: usize = 40;

/// Pixels of the largest window, above which nothing is gained, and of the smallest.
const LARGEST_PX: usize = 3_200_000;
const SMALLEST_PX: usize = 400_000;

/// Bytes of a strip. Two may be there at once: one that is made, and one that is written.
const STRIP_BYTES: usize = 80_000_000;

/// A picture that is cut.
pub struct Cut {
    /// Width and height in pixels.
    pub size: (usize, usize),
    /// Width and height of an MCU.
    pub mcu: (usize, usize),
    /// What the prior needs around a tile.
    pub halo_px: usize,
    /// What it needs corners to lie on.
    pub align_px: usize,
    /// How the result is turned.
    pub orientation: Orientation,
}

/// A strip of the result.
#[derive(Debug, PartialEq)]
pub struct Band {
    /// The tiles, each with the column of the result in which it begins.
    pub tiles: Vec<(Tile, usize)>,
    pub width: usize,
    pub height: usize,
}

impl Cut {
    /// The strips, from the top. `tile_size`: as in the options; `pixel_bytes`: those of the
    /// network's maps; `sample_bytes`: those of a pixel of a strip.
    pub fn bands(&self, tile_size: usize, pixel_bytes: usize, sample_bytes: usize) -> Vec<Band> {
        let sides = match tile_size {
            0 => self.sides(pixel_bytes, sample_bytes),
            side => (side, side),
        };
        let (grid, align) = (self.grid(), self.align());
        let tiles = tiling::cut_sides(grid.0, grid.1, sides, self.halo_px, align);
        let mut placed: Vec<(Rect, Tile)> = tiles
            .into_iter()
            .map(|tile| (self.turned(tile.core), tile))
            .collect();
        placed.sort_by_key(|(place, _)| (place.y, place.x));
        let width = self.orientation.size(self.size).0;
        let rows = placed.chunk_by(|a, b| a.0.y == b.0.y);
        rows.map(|row| Band {
            tiles: row.iter().map(|(place, tile)| (*tile, place.x)).collect(),
            width,
            height: row[0].0.height,
        })
        .collect()
    }

    /// The tile whose core is a part of the picture on the grid of MCUs.
    pub fn tile(&self, core: Rect) -> Tile {
        let (grid, halo) = (self.grid(), self.halo());
        let span = |from: usize, length: usize, all: usize| {
            let first = from.saturating_sub(halo);
            (first, (from + length + halo).min(all) - first)
        };
        let (x, width) = span(core.x, core.width, grid.0);
        let (y, height) = span(core.y, core.height, grid.1);
        Tile {
            core,
            window: Rect {
                x,
                y,
                width,
                height,
            },
        }
    }

    /// The picture filled up to whole MCUs.
    fn grid(&self) -> (usize, usize) {
        let (width, height) = self.size;
        (
            width.next_multiple_of(self.mcu.0),
            height.next_multiple_of(self.mcu.1),
        )
    }

    /// What corners of tiles lie on multiples of.
    fn align(&self) -> usize {
        let both = common_multiple(self.mcu.0, self.mcu.1);
        common_multiple(both, self.align_px.max(1))
    }

    fn halo(&self) -> usize {
        self.halo_px.next_multiple_of(self.align())
    }

    /// Width and height of the tiles of which the fewest pixels are computed in bounded memory.
    fn sides(&self, pixel_bytes: usize, sample_bytes: usize) -> (usize, usize) {
        let (grid, align) = (self.grid(), self.align());
        let most = TILE_BYTES / (pixel_bytes + PIECE_BYTES);
        let most = most.clamp(SMALLEST_PX, LARGEST_PX);
        let best = tiling::sides_for(grid.0, grid.1, self.halo_px, align, most);
        let (across, down) = self.orientation.size(best);
        let width = self.orientation.size(self.size).0;
        let rows = STRIP_BYTES / (width * sample_bytes).max(1);
        if down <= rows {
            return best;
        }
        // Lower strips of wider tiles.
        let down = (rows / align).max(1) * align;
        let wider = (most / (down + 2 * self.halo())).saturating_sub(2 * self.halo());
        let across = across.max(wider / align * align);
        self.orientation.size((across, down))
    }

    /// Where the visible part of `core` lies in the result.
    fn turned(&self, core: Rect) -> Rect {
        let visible = (
            core.width.min(self.size.0 - core.x),
            core.height.min(self.size.1 - core.y),
        );
        let turn = self.orientation;
        let (all, size) = (turn.size(self.size), turn.size(visible));
        let (x, y) = turn.size((core.x, core.y));
        Rect {
            x: match turn.mirrored_x {
                true => all.0 - x - size.0,
                false => x,
            },
            y: match turn.mirrored_y {
                true => all.1 - y - size.1,
                false => y,
            },
            width: size.0,
            height: size.1,
        }
    }
}

fn common_multiple(a: usize, b: usize) -> usize {
    let mut multiple = a.max(1);
    while !multiple.is_multiple_of(b.max(1)) {
        multiple += a.max(1);
    }
    multiple
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(size: (usize, usize), mcu: (usize, usize), orientation: Orientation) -> Cut {
        Cut {
            size,
            mcu,
            halo_px: 64,
            align_px: 16,
            orientation,
        }
    }

    proptest! {
        /// Each pixel of the result is in one tile of one strip, and strips follow each other.
        #[test]
        fn strips_are_the_result(
            width in 1usize..700, height in 1usize..700, turn in 0usize..8, tile_size in 64usize..200
        ) {
            let orientation = Orientation::all().nth(turn).unwrap();
            let cut = cut((width, height), (16, 8), orientation);
            let bands = cut.bands(tile_size, 100, 3);
            let (wide, high) = orientation.size((width, height));
            prop_assert_eq!(bands.iter().map(|band| band.height).sum::<usize>(), high);
            let mut top = 0;
            for band in &bands {
                let mut left = 0;
                for (tile, x) in &band.tiles {
                    let place = cut.turned(tile.core);
                    prop_assert_eq!((place.x, place.y, *x), (left, top, left));
                    prop_assert_eq!(place.height, band.height);
                    left += place.width;
                }
                prop_assert_eq!((left, band.width), (wide, wide));
                top += band.height;
            }
        }
    }

    /// 200 megapixels, 8 bits or f32, upright or turned, and the widest panorama there is.
    #[test]
    fn tiles_and_strips_keep_to_their_memory() {
        let right = Orientation {
            transposed: true,
            ..Orientation::default()
        };
        for (size, turn, sample_bytes, most_more) in [
            ((16_320, 12_240), Orientation::default(), 3, 120),
            ((16_320, 12_240), right, 3, 120),
            ((16_320, 12_240), Orientation::default(), 12, 140),
            ((65_500, 6_000), Orientation::default(), 3, 140),
        ] {
            let cut = cut(size, (16, 16), turn);
            let bands = cut.bands(0, 84, sample_bytes);
            let windows = bands.iter().flat_map(|band| &band.tiles);
            let areas = windows.map(|(tile, _)| tile.window.width * tile.window.height);
            assert!(areas.clone().max() <= Some(TILE_BYTES / (84 + PIECE_BYTES)));
            let computed = areas.sum::<usize>();
            assert!(100 * computed < most_more * size.0 * size.1, "{computed}");
            let bytes = bands.iter().map(|b| b.width * b.height * sample_bytes);
            assert!(bytes.max() <= Some(STRIP_BYTES));
        }
    }

    #[test]
    fn a_sample_has_its_halo() {
        let cut = cut((1000, 800), (16, 16), Orientation::default());
        let core = Rect {
            x: 32,
            y: 640,
            width: 192,
            height: 160,
        };
        let window = Rect {
            x: 0,
            y: 576,
            width: 288,
            height: 224,
        };
        assert_eq!(cut.tile(core), Tile { core, window });
    }
}
