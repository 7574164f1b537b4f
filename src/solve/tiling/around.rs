//! Tiles around parts of a picture.

use crate::frame::Rect;
use crate::solve::tiling::Tile;

/// Tiles that cover `parts` of a picture of `size`, corners and windows on multiples of `align` or
/// at the picture's edge, `halo` around each. Two become one where that computes no more pixels.
pub fn around(parts: &[Rect], size: (usize, usize), halo: usize, align: usize) -> Vec<Tile> {
    let mut tiles: Vec<Tile> = Vec::new();
    for part in parts {
        let mut tile = grown(*part, size, halo, align);
        // What it has grown to may be worth joining with others than before.
        while let Some((at, joined)) = tiles.iter().enumerate().find_map(|(at, other)| {
            let joined = grown(union(tile.core, other.core), size, halo, align);
            let apart = area(tile.window) + area(other.window);
            (area(joined.window) <= apart).then_some((at, joined))
        }) {
            tiles.swap_remove(at);
            tile = joined;
        }
        tiles.push(tile);
    }
    tiles
}

/// The tile of which `part` is the core, its corners moved outwards.
fn grown(part: Rect, size: (usize, usize), halo: usize, align: usize) -> Tile {
    let align = align.max(1);
    let halo = halo.next_multiple_of(align);
    let span = |start: usize, length: usize, all: usize, halo: usize| {
        let from = (start / align * align).saturating_sub(halo);
        let to = ((start + length).next_multiple_of(align) + halo).min(all);
        (from, to - from)
    };
    let rect = |halo: usize| {
        let (x, width) = span(part.x, part.width, size.0, halo);
        let (y, height) = span(part.y, part.height, size.1, halo);
        Rect {
            x,
            y,
            width,
            height,
        }
    };
    Tile {
        core: rect(0),
        window: rect(halo),
    }
}

fn union(a: Rect, b: Rect) -> Rect {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    let right = (a.x + a.width).max(b.x + b.width);
    let bottom = (a.y + a.height).max(b.y + b.height);
    Rect {
        x,
        y,
        width: right - x,
        height: bottom - y,
    }
}

fn area(rect: Rect) -> usize {
    rect.width * rect.height
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Every part lies in a core, every core with its halo in a window, and all the windows
        /// are no more than one for each part would be.
        #[test]
        fn parts_are_covered_with_their_halo(
            corners in prop::collection::vec((0usize..24, 0usize..16, 1usize..6, 1usize..6), 1..30),
            halo in 0usize..70
        ) {
            let size = (29 * 8, 21 * 8);
            let parts: Vec<Rect> = corners
                .iter()
                .map(|&(x, y, w, h)| Rect { x: 8 * x, y: 8 * y, width: 8 * w, height: 8 * h })
                .collect();
            let tiles = around(&parts, size, halo, 16);
            let picture = Rect { x: 0, y: 0, width: size.0, height: size.1 };
            for part in &parts {
                prop_assert!(tiles.iter().any(|tile| tile.holds(*part)));
            }
            for Tile { core, window } in &tiles {
                let inside = |part: Rect, core: Rect| Tile { core, window: core }.holds(part);
                prop_assert!(inside(*core, *window) && inside(*window, picture));
                prop_assert!(window.x % 16 == 0 && window.y % 16 == 0);
                prop_assert!(window.x + halo <= core.x || window.x == 0);
                prop_assert!(window.y + halo <= core.y || window.y == 0);
                let (right, bottom) = (window.x + window.width, window.y + window.height);
                prop_assert!(right >= core.x + core.width + halo || right == size.0);
                prop_assert!(bottom >= core.y + core.height + halo || bottom == size.1);
            }
            let apart: usize = parts.iter().map(|&p| area(grown(p, size, halo, 16).window)).sum();
            prop_assert!(tiles.iter().map(|tile| area(tile.window)).sum::<usize>() <= apart);
        }
    }

    #[test]
    fn near_parts_are_one_tile_and_far_ones_are_two() {
        let part = |x| Rect {
            x,
            y: 64,
            width: 16,
            height: 16,
        };
        let count = |x| around(&[part(64), part(x)], (640, 480), 32, 16).len();
        assert_eq!([count(64), count(96), count(400)], [1, 1, 2]);
    }
}
