//! Which parts of each map have to be computed again after parts of the input changed: integer
//! geometry.
//!
//! A 3x3 convolution spreads a change by one pixel of its map, a strided one halves it rounding
//! outwards, a transposed one doubles it. Parts are computed as windows of few different sizes,
//! because oneDNN compiles a kernel for each; a window may be larger than the part, because it then
//! only computes the same values again. Also how a whole map is cut into bands. Integers only. Called by
//! `engine`, `follower` and `pass`.

use crate::frame::Rect;
use crate::runtime::conv_net::net::{Conv, Kernel, Net};

/// The fixed cost of a window, in multiply-adds: about 60 µs of one thread on machine C of
/// docs/measurements, in f32.
const WINDOW_MACS: usize = 4_000_000;

/// Multiply-adds that are worth a separate piece: with fewer, the call costs more than the work.
const PIECE_MACS: usize = 4_000_000;

/// The rows of a window are a multiple of this, those of its pieces a multiple of half of it, so
/// that two threads get the same amount.
const ROWS: usize = 4;

/// Bands of a whole map for each thread, at least.
const SHARES: usize = 4;

/// Most rows of a band of a whole map.
const BAND_ROWS: usize = 16;

/// Most rows of a piece, so that pieces have few different heights.
const PIECE_ROWS: usize = 32;

/// Windows are copied in and out, so their pixels cost 4/3 of those of a whole map.
const WINDOW_COST: (usize, usize) = (4, 3);

/// How the result of a layer relates to its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// A 3x3 convolution: the same size, and it reads one more pixel on every side.
    Same,
    /// A 2x2 convolution of stride 2.
    Halved,
    /// A transposed one.
    Doubled,
}

/// The geometry of one layer. Maps are numbered: 0 is the input, k + 1 the result of layer k.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// The map that it reads.
    pub from: usize,
    /// The map that its result is added to.
    pub onto: Option<usize>,
    /// How its result relates to `from`.
    pub scale: Scale,
    /// Channels of its result.
    pub channels: usize,
    /// Multiply-adds for each pixel of the coarser of the two maps.
    pub pixel_macs: usize,
}

impl Link {
    /// How many rows of the coarser map, of `size`, one thread computes at a time: few enough that
    /// all of `threads` threads have several, and that what is read and written stays in a cache;
    /// enough to be worth a call. A divisor of the height if there is one nearby, because oneDNN
    /// compiles a kernel for each height.
    pub fn rows_of_band(&self, (width, height): Size, threads: usize) -> usize {
        let least = PIECE_MACS.div_ceil((width * self.pixel_macs).max(1));
        let share = height.div_ceil(SHARES * threads.max(1));
        let rows = share.min(BAND_ROWS).max(least).clamp(1, height.max(1));
        let divisors = (rows.div_ceil(2)..=rows).rev();
        let mut divisors = divisors.filter(|&rows| height.is_multiple_of(rows));
        divisors.next().unwrap_or(rows)
    }
}

/// Width and height of a map.
pub(crate) type Size = (usize, usize);

/// What to compute of one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// All of it.
    Whole,
    /// These windows, in pixels of the coarser of its two maps; they do not overlap.
    Windows(Vec<Rect>),
}

/// What to compute after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// One entry for each layer.
    pub work: Vec<Work>,
    /// Where the last map may have changed.
    pub last: Vec<Rect>,
}

impl Plan {
    /// The plan for the layers `links` after their input of `size` changed in `changed`.
    pub fn of(links: &[Link], size: Size, changed: Vec<Rect>) -> Self {
        Self::with_cost(links, size, changed, WINDOW_COST)
    }

    /// The same without computing any layer as a whole.
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

/// The geometry of the layers of `net` and of the head before them.
pub(crate) fn links(net: &Net) -> Vec<Link> {
    let link = |conv: &Conv, from, onto| Link {
        from,
        onto,
        scale: match conv.kernel {
            Kernel::Same => Scale::Same,
            Kernel::Halving => Scale::Halved,
            Kernel::Doubling => Scale::Doubled,
        },
        channels: conv.output,
        pixel_macs: conv.weights(),
    };
    let layers = net.layers.iter();
    let layers = layers.map(|layer| link(&layer.conv, layer.from, layer.onto));
    [link(&net.heads[1], 0, None)]
        .into_iter()
        .chain(layers)
        .collect()
}

/// `window` of the layer `link`, cut into bands for up to `threads` threads.
pub(crate) fn pieces(window: Rect, link: &Link, threads: usize) -> impl Iterator<Item = Rect> {
    let macs = window.width * window.height * link.pixel_macs;
    let least = window.height.div_ceil(PIECE_ROWS).max(1);
    let threads = threads.max(1);
    let wanted = match least <= threads {
        true => (macs / PIECE_MACS).clamp(least, threads),
        // The same number for each thread, if the rows can be divided that way.
        false => least.next_multiple_of(threads),
    };
    let rows = window.height.div_ceil(wanted);
    bands(window, rows.next_multiple_of(ROWS / 2))
}

/// `rect` in bands of `rows` rows; the last may have fewer.
pub(crate) fn bands(rect: Rect, rows: usize) -> impl Iterator<Item = Rect> {
    let rows = rows.max(1);
    (0..rect.height.div_ceil(rows)).map(move |band| Rect {
        y: rect.y + band * rows,
        height: rows.min(rect.height - band * rows),
        ..rect
    })
}

/// Sizes of all maps of layers `links` over an input of `size`.
pub(crate) fn sizes(links: &[Link], size: Size) -> Vec<Size> {
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
pub(crate) fn whole((width, height): Size) -> Rect {
    Rect {
        x: 0,
        y: 0,
        width,
        height,
    }
}

/// `rect` with sides and corners times `by`.
pub(crate) fn times(rect: Rect, by: usize) -> Rect {
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

/// `rect` and one more pixel on every side, inside the map.
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

/// The windows of `parts`, or the whole map if that is cheaper: a pixel of a window costs
/// `window_cost` times one of the whole.
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

/// Joins parts that are cheaper together, and parts whose windows overlap. `fixed_px` is the fixed
/// cost of a window, in pixels.
fn joined(parts: Vec<Rect>, size: Size, fixed_px: usize) -> Vec<Rect> {
    let cost = |rect: Rect| cost(rect, size, fixed_px);
    let mut kept: Vec<Rect> = Vec::with_capacity(parts.len());
    for mut rect in parts.into_iter().filter(|r| r.width * r.height > 0) {
        let overlap = |a: Rect, b: Rect| overlap(window(a, size), window(b, size));
        let pays = |other: &Rect, rect: Rect| {
            overlap(*other, rect) || cost(hull(*other, rect)) <= cost(*other) + cost(rect)
        };
        while let Some(at) = kept.iter().position(|other| pays(other, rect)) {
            rect = hull(kept.swap_remove(at), rect);
        }
        kept.push(rect);
    }
    kept
}

/// `parts`; those that overlap are replaced by one rectangle around them.
pub(crate) fn apart(parts: Vec<Rect>) -> Vec<Rect> {
    let overlaps = |(n, a): (usize, &Rect)| parts[..n].iter().any(|&b| overlap(*a, b));
    match parts.iter().enumerate().any(overlaps) {
        true => parts.into_iter().reduce(hull).into_iter().collect(),
        false => parts,
    }
}

fn cost(rect: Rect, size: Size, fixed_px: usize) -> usize {
    let window = window(rect, size);
    window.width * window.height + fixed_px
}

fn overlap(a: Rect, b: Rect) -> bool {
    let apart = |a: usize, length: usize, b: usize| a + length <= b;
    let beside = apart(a.x, a.width, b.x) || apart(b.x, b.width, a.x);
    let above = apart(a.y, a.height, b.y) || apart(b.y, b.height, a.y);
    !beside && !above
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

/// The window in which `rect` is computed: one of few sizes, inside the map.
fn window(rect: Rect, size: Size) -> Rect {
    let width = columns(rect.width).min(size.0);
    let height = rect.height.next_multiple_of(ROWS).min(size.1);
    Rect {
        x: rect.x.min(size.0 - width),
        y: rect.y.min(size.1 - height),
        width,
        height,
    }
}

/// One of few widths, at least `length`.
fn columns(length: usize) -> usize {
    let step = match length {
        0..=64 => 2,
        65..=96 => 8,
        97..=128 => 16,
        _ => 32,
    };
    length.next_multiple_of(step)
}

#[cfg(test)]
#[path = "region_tests.rs"]
mod region_tests;
