//! Which parts of each map are to be computed again when parts of the input changed: integer
//! geometry.
//!
//! A 3x3 convolution spreads a change by one pixel of its map, a strided one halves outward, a
//! transposed one doubles. Parts are computed as windows of few different sizes, since oneDNN
//! makes a program for each; a window may be larger than the part, for it computes what is
//! there already. No tensors. Called by `follow`.

use crate::frame::Rect;

/// Multiply-adds that cost as much as what a window costs whatever its size.
const WINDOW_MACS: usize = 13_000_000;

/// Windows are copied in and out, so that their pixels cost more than those of a whole map:
/// by 4/3.
const WINDOW_COST: (usize, usize) = (4, 3);

/// How the result of a layer lies on what it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// A 3x3 convolution: the same size, and a pixel more is seen on every side.
    Same,
    /// A 2x2 convolution of stride 2.
    Halved,
    /// A transposed one.
    Doubled,
}

/// One layer, as far as geometry goes. Maps have numbers: 0 is the input, k + 1 what layer k
/// makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// The map that it reads.
    pub from: usize,
    /// The map that its result is added to.
    pub onto: Option<usize>,
    /// How its result lies on `from`.
    pub scale: Scale,
    /// Channels of its result.
    pub channels: usize,
    /// Multiply-adds for each pixel of the coarser of the two maps.
    pub pixel_macs: usize,
}

/// Width and height of a map.
pub(super) type Size = (usize, usize);

/// What of one layer is to be computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// All of it.
    Whole,
    /// These windows, in pixels of the coarser of its two maps.
    Windows(Vec<Rect>),
}

/// What is to be done about a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// One entry for each layer.
    pub work: Vec<Work>,
    /// Where the last map may have changed.
    pub last: Vec<Rect>,
}

impl Plan {
    /// What layers `links` have to do when their input of `size` changed in `changed`.
    pub fn of(links: &[Link], size: Size, changed: Vec<Rect>) -> Self {
        Self::with_cost(links, size, changed, WINDOW_COST)
    }

    /// The same, no layer computed as a whole.
    pub fn in_windows(links: &[Link], size: Size, changed: Vec<Rect>) -> Self {
        Self::with_cost(links, size, changed, (0, 1))
    }

    fn with_cost(
        links: &[Link],
        size: Size,
        changed: Vec<Rect>,
        window_cost: (usize, usize),
    ) -> Self {
        let mut maps = vec![(size, changed)];
        let mut work = Vec::with_capacity(links.len());
        for link in links {
            let (coarse, parts) = coarse_parts(link, &maps);
            let fixed_px = WINDOW_MACS / link.pixel_macs.max(1);
            let parts = joined(parts, coarse, fixed_px);
            let (todo, parts) = divide(parts, coarse, fixed_px, window_cost);
            work.push(todo);
            maps.push(match link.scale {
                Scale::Doubled => ((2 * coarse.0, 2 * coarse.1), doubled(&parts)),
                Scale::Same | Scale::Halved => (coarse, parts),
            });
        }
        let last = maps.pop().map_or_else(Vec::new, |(_, parts)| parts);
        Self { work, last }
    }
}

/// Sizes of all maps of layers `links` over an input of `size`.
pub(super) fn sizes(links: &[Link], size: Size) -> Vec<Size> {
    let mut sizes = vec![size];
    for link in links {
        let (w, h) = sizes[link.from];
        sizes.push(match link.scale {
            Scale::Same => (w, h),
            Scale::Halved => (w / 2, h / 2),
            Scale::Doubled => (2 * w, 2 * h),
        });
    }
    sizes
}

/// All of a map.
pub(super) fn whole((width, height): Size) -> Rect {
    Rect {
        x: 0,
        y: 0,
        width,
        height,
    }
}

/// `rect` with sides and corners times `by`.
pub(super) fn times(rect: Rect, by: usize) -> Rect {
    Rect {
        x: by * rect.x,
        y: by * rect.y,
        width: by * rect.width,
        height: by * rect.height,
    }
}

/// The parts that `link` has to compute, in the coarser of its two maps, and that map's size.
fn coarse_parts(link: &Link, maps: &[(Size, Vec<Rect>)]) -> (Size, Vec<Rect>) {
    let (size, parts) = &maps[link.from];
    let below = link.onto.map_or(&[][..], |map| &maps[map].1);
    match link.scale {
        Scale::Same => {
            let grown = parts.iter().map(|&rect| grown(rect, *size));
            (*size, grown.chain(below.iter().copied()).collect())
        }
        Scale::Halved => {
            let halved = halved(parts).into_iter();
            let size = (size.0 / 2, size.1 / 2);
            (size, halved.chain(below.iter().copied()).collect())
        }
        Scale::Doubled => (*size, [parts.clone(), halved(below)].concat()),
    }
}

/// `rect` and a pixel more on every side, inside of the map.
fn grown(rect: Rect, size: Size) -> Rect {
    let (x, y) = (rect.x.saturating_sub(1), rect.y.saturating_sub(1));
    Rect {
        x,
        y,
        width: (rect.x + rect.width + 1).min(size.0) - x,
        height: (rect.y + rect.height + 1).min(size.1) - y,
    }
}

fn halved(parts: &[Rect]) -> Vec<Rect> {
    let half = |rect: &Rect| {
        let (x, y) = (rect.x / 2, rect.y / 2);
        Rect {
            x,
            y,
            width: (rect.x + rect.width).div_ceil(2) - x,
            height: (rect.y + rect.height).div_ceil(2) - y,
        }
    };
    parts.iter().map(half).collect()
}

fn doubled(parts: &[Rect]) -> Vec<Rect> {
    parts.iter().map(|&rect| times(rect, 2)).collect()
}

/// The windows of `parts`, or all of the map where that is cheaper: a pixel of a window costs
/// `window_cost` of one of the whole.
fn divide(
    parts: Vec<Rect>,
    size: Size,
    fixed_px: usize,
    window_cost: (usize, usize),
) -> (Work, Vec<Rect>) {
    let cost: usize = parts.iter().map(|&rect| cost(rect, size, fixed_px)).sum();
    match cost * window_cost.0 < size.0 * size.1 * window_cost.1 {
        true => {
            let windows = parts.iter().map(|&rect| window(rect, size));
            (Work::Windows(windows.collect()), parts)
        }
        false => (Work::Whole, vec![whole(size)]),
    }
}

/// Parts that are cheaper together are joined. `fixed_px` is what a window costs beside its
/// pixels.
fn joined(parts: Vec<Rect>, size: Size, fixed_px: usize) -> Vec<Rect> {
    let cost = |rect: Rect| cost(rect, size, fixed_px);
    let mut kept: Vec<Rect> = Vec::with_capacity(parts.len());
    for mut rect in parts.into_iter().filter(|r| r.width * r.height > 0) {
        let pays = |other: &Rect, rect: Rect| cost(hull(*other, rect)) <= cost(*other) + cost(rect);
        while let Some(at) = kept.iter().position(|other| pays(other, rect)) {
            rect = hull(kept.swap_remove(at), rect);
        }
        kept.push(rect);
    }
    kept
}

fn cost(rect: Rect, size: Size, fixed_px: usize) -> usize {
    let window = window(rect, size);
    window.width * window.height + fixed_px
}

fn hull(a: Rect, b: Rect) -> Rect {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    Rect {
        x,
        y,
        width: (a.x + a.width).max(b.x + b.width) - x,
        height: (a.y + a.height).max(b.y + b.height) - y,
    }
}

/// The window that `rect` is computed in: sides of few sizes, inside of the map.
fn window(rect: Rect, size: Size) -> Rect {
    let (width, height) = (side(rect.width, size.0), side(rect.height, size.1));
    Rect {
        x: rect.x.min(size.0 - width),
        y: rect.y.min(size.1 - height),
        width,
        height,
    }
}

fn side(length: usize, limit: usize) -> usize {
    let step = match length {
        0..=32 => 8,
        33..=96 => 8,
        97..=128 => 16,
        _ => 32,
    };
    length.next_multiple_of(step).min(limit)
}

#[cfg(test)]
mod tests {
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
        let inside =
            |r: &Rect| (r.x..r.x + r.width).contains(&x) && (r.y..r.y + r.height).contains(&y);
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

    /// A small U: down, a convolution, up onto what was before, and a convolution.
    const LINKS: [Link; 5] = [
        link(0, None, Scale::Same),
        link(1, None, Scale::Halved),
        link(2, None, Scale::Same),
        link(3, Some(1), Scale::Doubled),
        link(4, None, Scale::Same),
    ];

    /// What one pixel of the input reaches, pixel by pixel, by the layers' own definition.
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
                maps[link.from].iter().any(hits)
                    || link.onto.is_some_and(|m| maps[m].contains(&(x, y)))
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
        /// Every pixel that a change can reach is in a window and in the last parts; windows
        /// lie inside of their maps.
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

    /// Small pieces on a map of odd size, at its far corner.
    #[test]
    fn windows_stay_inside() {
        assert_eq!(window(rect(50, 33, 3, 2), (53, 35)), rect(45, 27, 8, 8));
        assert_eq!(window(rect(0, 0, 5, 5), (6, 7)), rect(0, 0, 6, 7));
    }
}
