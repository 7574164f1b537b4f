//! Tests of what is computed again, against following every pixel by itself.

use super::*;
use proptest::collection::vec;
use proptest::prelude::{Strategy, prop_assert, proptest};

const fn rect(x: usize, y: usize, width: usize, height: usize) -> Rect {
    Rect {
        x,
        y,
        width,
        height,
    }
}

fn contains(outer: &[Rect], x: usize, y: usize) -> bool {
    let inside = |r: &Rect| (r.x..r.x + r.width).contains(&x) && (r.y..r.y + r.height).contains(&y);
    outer.iter().any(inside)
}

const fn link(from: usize, onto: Option<usize>, scale: Scale) -> Link {
    Link {
        from,
        onto,
        scale,
        channels: 8,
        pixel_macs: 1_000_000,
    }
}

/// A small U: down, a convolution, up with the result added to the earlier map, and a convolution.
const LINKS: [Link; 5] = [
    link(0, None, Scale::Same),
    link(1, None, Scale::Halved),
    link(2, None, Scale::Same),
    link(3, Some(1), Scale::Doubled),
    link(4, None, Scale::Same),
];

/// What one pixel of the input affects, pixel by pixel, by the definition of the layers.
fn reached(at: (usize, usize), size: Size) -> Vec<Vec<(usize, usize)>> {
    let mut maps = vec![vec![at]];
    let sizes = sizes(&LINKS, size);
    for (k, link) in LINKS.iter().enumerate() {
        let (w, h) = sizes[k + 1];
        let touched = |x: usize, y: usize| {
            let hits = |&(a, b): &(usize, usize)| match link.scale {
                Scale::Same => x.abs_diff(a) <= 1 && y.abs_diff(b) <= 1,
                Scale::Halved => (a / 2, b / 2) == (x, y),
                Scale::Doubled => (x / 2, y / 2) == (a, b),
            };
            maps[link.from].iter().any(hits) || link.onto.is_some_and(|m| maps[m].contains(&(x, y)))
        };
        let all = (0..w * h).map(|i| (i % w, i / w));
        maps.push(all.filter(|&(x, y)| touched(x, y)).collect());
    }
    maps
}

fn changes() -> impl Strategy<Value = Vec<Rect>> {
    let one = (0usize..10, 0usize..10, 1usize..4, 1usize..4);
    vec(
        one.prop_map(|(x, y, w, h)| rect(4 * x, 4 * y, 4 * w, 4 * h)),
        1..4,
    )
}

proptest! {
    /// Every pixel that a change can affect is in a window and in the last parts; windows are
    /// inside their maps.
    #[test]
    fn all_that_a_change_reaches_is_computed(changed in changes()) {
        let size = (52, 60);
        let plan = Plan::of(&LINKS, size, changed.clone());
        let sizes = sizes(&LINKS, size);
        let corners = changed.iter().flat_map(|r| {
            let (right, low) = (r.x + r.width - 1, r.y + r.height - 1);
            [(r.x, r.y), (right, r.y), (r.x, low), (right, low)]
        });
        for corner in corners {
            let reached = reached(corner, size);
            for (k, work) in plan.work.iter().enumerate() {
                let Work::Windows(windows) = work else { continue };
                let zoom = if LINKS[k].scale == Scale::Doubled { 2 } else { 1 };
                let (w, h) = sizes[k + 1];
                let windows: Vec<Rect> = windows.iter().map(|&r| times(r, zoom)).collect();
                for (i, a) in windows.iter().enumerate() {
                    prop_assert!(windows[..i].iter().all(|b| !overlap(*a, *b)));
                }
                prop_assert!(windows.iter().all(|r| r.x + r.width <= w && r.y + r.height <= h));
                prop_assert!(reached[k + 1].iter().all(|&(x, y)| contains(&windows, x, y)));
            }
            prop_assert!(reached[LINKS.len()].iter().all(|&(x, y)| contains(&plan.last, x, y)));
        }
    }
}

#[test]
fn near_parts_are_joined_and_far_ones_not() {
    let near = vec![rect(0, 0, 8, 8), rect(8, 0, 8, 8)];
    assert_eq!(joined(near, (160, 120), 50), [rect(0, 0, 16, 8)]);
    let far = vec![rect(0, 0, 8, 8), rect(140, 100, 8, 8)];
    assert_eq!(joined(far.clone(), (160, 120), 50), far);
}

#[test]
fn most_of_a_map_is_all_of_it() {
    let size = (40, 40);
    let (work, parts) = divide(vec![rect(0, 0, 40, 32)], size, 0, WINDOW_COST);
    assert_eq!((work, parts), (Work::Whole, vec![whole(size)]));
    let (work, _) = divide(vec![rect(0, 0, 40, 16)], size, 0, WINDOW_COST);
    assert_eq!(work, Work::Windows(vec![rect(0, 0, 40, 16)]));
    let (none, _) = divide(Vec::new(), size, 0, WINDOW_COST);
    assert_eq!(none, Work::Windows(Vec::new()));
}

#[test]
fn pieces_cover_their_window_once() {
    let window = rect(3, 5, 56, 41);
    for threads in [1, 2, 3, 16] {
        let pieces: Vec<Rect> = pieces(window, &LINKS[0], threads).collect();
        assert!(pieces.len() <= threads.max(2), "{pieces:?}");
        assert!(pieces.iter().all(|r| r.height <= PIECE_ROWS));
        let ends = pieces.iter().map(|r| r.y + r.height);
        assert!(ends.eq(pieces[1..].iter().map(|r| r.y).chain([46])));
    }
    // Three would be enough; with four each thread has the same number.
    assert_eq!(pieces(rect(0, 0, 56, 76), &LINKS[0], 2).count(), 4);
    let small = Link {
        pixel_macs: 1000,
        ..LINKS[0]
    };
    let low = rect(3, 5, 56, PIECE_ROWS);
    assert!(pieces(low, &small, 16).eq([low]));
}

/// Small pieces on a map of odd size, at its far corner.
#[test]
fn windows_stay_inside() {
    assert_eq!(window(rect(50, 33, 3, 2), (53, 35)), rect(49, 31, 4, 4));
    assert_eq!(window(rect(0, 0, 5, 5), (6, 7)), rect(0, 0, 6, 7));
}
