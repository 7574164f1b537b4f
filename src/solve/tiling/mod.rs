//! Integer geometry of tiles: how a picture is cut so that each piece can be computed alone.
//!
//! No pixels here. A tile is the part that is kept; its window is the part that is
//! computed, a halo larger on every side that is not the picture's own edge. [`windows`] is
//! for priors that see squares of one size only.

pub mod around;
pub mod windows;

use crate::frame::Rect;

/// A piece of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// What is kept; the tiles of a picture cover it once.
    pub core: Rect,
    /// What is computed: `core` and its halo, inside the picture.
    pub window: Rect,
}

impl Tile {
    /// Whether all of `part` is kept.
    pub fn holds(&self, part: Rect) -> bool {
        let core = self.core;
        let across = part.x >= core.x && part.x + part.width <= core.x + core.width;
        across && part.y >= core.y && part.y + part.height <= core.y + core.height
    }

    /// `part` of the core in the window's own coordinates.
    pub fn in_window(&self, part: Rect) -> Rect {
        Rect {
            x: part.x - self.window.x,
            y: part.y - self.window.y,
            ..part
        }
    }

    /// `core` in the window's own coordinates.
    pub fn core_in_window(&self) -> Rect {
        self.in_window(self.core)
    }
}

/// Cuts `width` x `height` into tiles of `side` with windows `halo` larger, in raster order.
///
/// `side` and `halo` are rounded up to multiples of `align`, so every window starts on one.
pub fn cut(width: usize, height: usize, side: usize, halo: usize, align: usize) -> Vec<Tile> {
    cut_sides(width, height, (side, side), halo, align)
}

/// As [`cut`], into tiles of a width and a height of their own.
pub fn cut_sides(
    width: usize,
    height: usize,
    sides: (usize, usize),
    halo: usize,
    align: usize,
) -> Vec<Tile> {
    let align = align.max(1);
    let side = |side: usize| side.max(1).next_multiple_of(align);
    let halo = halo.next_multiple_of(align);
    let mut tiles = Vec::new();
    for y in spans(height, side(sides.1), halo) {
        for x in spans(width, side(sides.0), halo) {
            tiles.push(Tile {
                core: rect(x.core, y.core),
                window: rect(x.window, y.window),
            });
        }
    }
    tiles
}

/// Width and height of the tiles of which the fewest pixels are computed in all, where a
/// window has at most `most` pixels: tiles of nearly one size, a multiple of `align`.
pub fn sides_for(
    width: usize,
    height: usize,
    halo: usize,
    align: usize,
    most: usize,
) -> (usize, usize) {
    let align = align.max(1);
    let halo = halo.next_multiple_of(align);
    let side = |length: usize, count: usize| length.div_ceil(count).next_multiple_of(align);
    // The picture's own edges need none.
    let halos = |count: usize| halo * (count - 1).min(2);
    let window = |length: usize, count: usize| (side(length, count) + halos(count)).min(length);
    let computed = |length: usize, count: usize| length + 2 * halo * (count - 1);
    let fits = |across: usize, down: usize| {
        window(width, across).saturating_mul(window(height, down)) <= most
    };
    let (widest, highest) = (width.div_ceil(align).max(1), height.div_ceil(align).max(1));
    let grids = (1..=widest).filter_map(|across| {
        let down = (1..=highest).find(|&down| fits(across, down))?;
        Some((across, down))
    });
    let cost = |&(across, down): &(usize, usize)| computed(width, across) * computed(height, down);
    // Where not even the smallest tile is small enough, it is the smallest.
    let (across, down) = grids.min_by_key(cost).unwrap_or((widest, highest));
    (side(width, across), side(height, down))
}

struct Span {
    /// (start, length)
    core: (usize, usize),
    window: (usize, usize),
}

fn spans(length: usize, side: usize, halo: usize) -> impl Iterator<Item = Span> {
    (0..length).step_by(side).map(move |start| {
        let end = (start + side).min(length);
        let from = start.saturating_sub(halo);
        let to = (end + halo).min(length);
        Span {
            core: (start, end - start),
            window: (from, to - from),
        }
    })
}

fn rect(x: (usize, usize), y: (usize, usize)) -> Rect {
    Rect {
        x: x.0,
        y: y.0,
        width: x.1,
        height: y.1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cores_cover_the_picture_once_and_windows_hold_their_halo(
            width in 1usize..400, height in 1usize..300, side in 1usize..130, halo in 0usize..70
        ) {
            let mut seen = vec![0u8; width * height];
            for tile in cut(width, height, side, halo, 16) {
                let (core, window) = (tile.core, tile.window);
                for y in core.y..core.y + core.height {
                    for x in core.x..core.x + core.width {
                        seen[y * width + x] += 1;
                    }
                }
                prop_assert!(window.x % 16 == 0 && window.y % 16 == 0);
                prop_assert!(window.x + halo <= core.x || window.x == 0);
                let right = window.x + window.width;
                prop_assert!(right >= core.x + core.width + halo || right == width);
                prop_assert_eq!(tile.core_in_window().x + window.x, core.x);
            }
            prop_assert!(seen.iter().all(|&n| n == 1));
        }
    }

    /// Pixels of all windows, and of the largest.
    fn cost(width: usize, height: usize, sides: (usize, usize)) -> (usize, usize) {
        let tiles = cut_sides(width, height, sides, 64, 16);
        let areas = tiles
            .iter()
            .map(|tile| tile.window.width * tile.window.height);
        (areas.clone().sum(), areas.max().unwrap_or(0))
    }

    #[test]
    fn a_picture_that_fits_is_one_tile_and_a_larger_one_the_fewest_pixels() {
        let sides = |width, height, most| sides_for(width, height, 64, 16, most);
        assert_eq!(sides(1920, 1080, 3_000_000), (1920, 1088));
        assert_eq!(cost(1920, 1080, (1920, 1088)).0, 1920 * 1080);
        // 24 megapixels: three tiles by two or by three, never bands.
        assert_eq!(sides(6000, 4000, 4_500_000), (2000, 2000));
        assert_eq!(sides(6000, 4000, 3_200_000), (2000, 1344));
        let (computed, largest) = cost(6000, 4000, (2000, 2000));
        assert!(computed < 24_000_000 * 108 / 100 && largest <= 4_500_000);
        // A strip is cut across, and only across.
        assert_eq!(sides(16000, 64, 300_000).1, 64);
        // What no tile can keep to gets the smallest there is.
        assert_eq!(sides(4000, 4000, 1), (16, 16));
    }

    proptest! {
        #[test]
        fn tiles_chosen_by_pixels_keep_to_them(
            width in 1usize..5000, height in 1usize..5000, most in 100_000usize..2_000_000
        ) {
            let (_, largest) = cost(width, height, sides_for(width, height, 64, 16, most));
            prop_assert!(largest <= most, "{largest}");
        }
    }

    #[test]
    fn a_picture_smaller_than_a_tile_is_one_tile() {
        let tiles = cut(40, 24, 64, 16, 16);
        assert_eq!(tiles.len(), 1);
        assert_eq!(tiles[0].core, tiles[0].window);
    }
}
