//! A denoiser for pictures of any size, made of one that is run on parts.
//!
//! Convolutional priors get tiles with the halo that they need, so the result is the whole
//! picture's; priors that see squares of one size get overlapping windows (`windowed`).
//! Cancellation is checked before every part. Tiles that the prior can take together are asked
//! at once; a tile's pixels do not depend on it.
//!
//! A halo is computed twice, so large tiles cost less time; a network's maps are as large as its
//! tile, so they cost more memory: two of 64 channels at half resolution are 64 bytes a pixel.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::contract::{Control, Denoiser, Hint, ModelFacts, Reach};
use crate::error::{Error, Result};
use crate::frame::Picture;
use crate::solve::tiling;
use crate::solve::tiling::Tile;
use crate::solve::windowed;

/// Pixels up to which a picture is one piece, and of the largest tile, halo included, unless a tile's side
/// is asked for.
const LARGEST_PX: usize = 3_200_000;

/// Pixels of a tile below which no memory is saved: its halo would cost a fifth and more.
const SMALLEST_PX: usize = 1_600_000;

/// Bytes that picture and tile are to stay below together: with the rest of the process some 1.5 GB. A
/// picture that is larger by itself gets the smallest tiles.
const MEMORY: usize = 1_240_000_000;

/// Bytes of a pixel of the picture: decoded and estimated in f32 (24), levels, cells; as 24 megapixels
/// were seen to take.
const PICTURE_BYTES: usize = 38;

/// Runs a prior on as many parts as a picture takes.
pub struct Tiled<'a> {
    inner: &'a dyn Denoiser,
    side_px: usize,
    control: Control<'a>,
    calls: &'a AtomicUsize,
}

impl<'a> Tiled<'a> {
    /// `side_px` 0: one piece or the largest tiles that the prior's memory allows; a prior of windows has its own.
    /// `calls` counts network calls.
    pub fn new(
        inner: &'a dyn Denoiser,
        side_px: usize,
        control: Control<'a>,
        calls: &'a AtomicUsize,
    ) -> Self {
        Self {
            inner,
            side_px,
            control,
            calls,
        }
    }

    fn tiles(
        &self,
        x: &Picture,
        sigma: f64,
        hint: Option<&Hint>,
        (halo_px, align_px): (usize, usize),
    ) -> Result<Picture> {
        let most_px = most_px(x.width * x.height, self.inner.facts().pixel_bytes);
        let size = (x.width, x.height);
        let mut tiles = cut(size, self.side_px, most_px, (halo_px, align_px));
        if let [_] = tiles[..] {
            return self.call(x, sigma, hint);
        }
        let at_once = self.inner.facts().at_once.max(1);
        if at_once > 1 {
            // Those of one size, which alone are taken together, side by side.
            tiles.sort_by_key(window_size);
        }
        let mut out = Picture::new(x.channels, x.width, x.height);
        let alike = tiles.chunk_by(|a, b| window_size(a) == window_size(b));
        for group in alike.flat_map(|alike| alike.chunks(at_once)) {
            self.expect(group.len());
            let parts = each(group, |&tile| self.tile(x, sigma, hint, tile))?;
            for (tile, part) in group.iter().zip(parts) {
                out.paste(&part, tile.core_in_window(), tile.core.x, tile.core.y);
            }
        }
        Ok(out)
    }

    /// Announces so many parts that are asked at once.
    fn expect(&self, parts: usize) {
        if parts > 1 {
            self.inner.expect(parts);
        }
    }

    fn tile(&self, x: &Picture, sigma: f64, hint: Option<&Hint>, tile: Tile) -> Result<Picture> {
        let Some(whole) = hint else {
            return self.call(&x.crop(tile.window), sigma, None);
        };
        let hint = Hint {
            decoded: whole.decoded.crop(tile.window),
            ..*whole
        };
        // One call begins from the decoded picture itself, which need not be there twice.
        match std::ptr::eq(x, &whole.decoded) {
            true => self.call(&hint.decoded, sigma, Some(&hint)),
            false => self.call(&x.crop(tile.window), sigma, Some(&hint)),
        }
    }

    /// One call of the prior, unless the caller asked to stop.
    fn call(&self, x: &Picture, sigma: f64, hint: Option<&Hint>) -> Result<Picture> {
        let cancelled = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        if self.control.cancel.is_some_and(cancelled) {
            return Err(Error::Cancelled);
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.inner.denoise(x, sigma, hint)
    }
}

fn window_size(tile: &Tile) -> (usize, usize) {
    (tile.window.width, tile.window.height)
}

/// What `work` makes of each of `items`: from a thread each, if there are several.
pub(crate) fn each<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    if let [item] = items {
        return Ok(vec![work(item)?]);
    }
    let work = &work;
    thread::scope(|scope| {
        let begin = |item| thread::Builder::new().spawn_scoped(scope, move || work(item));
        let begun: Vec<_> = items.iter().map(begin).collect();
        let end = |begun: std::io::Result<thread::ScopedJoinHandle<'_, Result<R>>>| {
            let panicked = |_| Err(Error::Backend("a tile's thread panicked".into()));
            let no_thread = |e| Error::Backend(format!("cannot start a tile's thread: {e}"));
            begun.map_err(no_thread)?.join().unwrap_or_else(panicked)
        };
        begun.into_iter().map(end).collect()
    })
}

/// Pixels of a tile of a picture of so many pixels, by a prior whose maps take so many bytes for each.
fn most_px(picture_px: usize, pixel_bytes: usize) -> usize {
    let left = MEMORY.saturating_sub(PICTURE_BYTES * picture_px);
    (left / pixel_bytes.max(1)).clamp(SMALLEST_PX, LARGEST_PX)
}

/// The tiles of a picture of `size`; `side_px` 0: of at most `most_px` pixels, where one is not enough.
fn cut(
    size: (usize, usize),
    side_px: usize,
    most_px: usize,
    (halo_px, align_px): (usize, usize),
) -> Vec<Tile> {
    let sides = match side_px {
        0 if size.0 * size.1 <= LARGEST_PX => size,
        0 => tiling::sides_for(size.0, size.1, halo_px, align_px, most_px),
        side => (side, side),
    };
    tiling::cut_sides(size.0, size.1, sides, halo_px, align_px)
}

/// Whether a picture of `size` is given to a prior of that reach as it is. Tiles differ from it
/// by what lies beyond their halos, which may round to another pixel.
pub(crate) fn is_whole(size: (usize, usize), side_px: usize, reach: Reach) -> bool {
    let Reach::Halo { halo_px, align_px } = reach else {
        return false;
    };
    cut(size, side_px, LARGEST_PX, (halo_px, align_px)).len() == 1
}

impl Denoiser for Tiled<'_> {
    fn denoise(&self, x: &Picture, sigma: f64, hint: Option<&Hint>) -> Result<Picture> {
        match self.inner.reach() {
            Reach::Halo { halo_px, align_px } => self.tiles(x, sigma, hint, (halo_px, align_px)),
            Reach::Window { side_px } => {
                let at_once = self.inner.facts().at_once;
                windowed::average(x, hint, side_px, at_once, |windows| {
                    self.expect(windows.len());
                    each(windows, |w| self.call(&w.x, sigma, w.hint.as_ref()))
                })
            }
        }
    }

    fn reach(&self) -> Reach {
        self.inner.reach()
    }

    fn facts(&self) -> &ModelFacts {
        self.inner.facts()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::time::{Duration, Instant};

    /// A blur to the right, which needs 8 pixels around it; notes how many were inside at once.
    struct Blur {
        facts: ModelFacts,
        inside: Mutex<(usize, usize)>,
        expected: AtomicUsize,
    }

    impl Blur {
        fn new(at_once: usize) -> Self {
            Self {
                facts: ModelFacts {
                    at_once,
                    ..ModelFacts::default()
                },
                inside: Mutex::default(),
                expected: AtomicUsize::new(0),
            }
        }

        fn most(&self) -> usize {
            self.inside.lock().unwrap().1
        }

        /// Waits for company, if any was announced.
        fn enter(&self) {
            let begun = Instant::now();
            let mut inside = self.inside.lock().unwrap();
            inside.0 += 1;
            inside.1 = inside.1.max(inside.0);
            drop(inside);
            let expects = self.expected.load(Ordering::Relaxed) > 0;
            let patient = || begun.elapsed() < Duration::from_secs(5);
            while expects && self.most() < self.facts.at_once && patient() {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    impl Denoiser for Blur {
        fn denoise(&self, x: &Picture, _: f64, hint: Option<&Hint>) -> Result<Picture> {
            self.enter();
            let mut out = x.clone();
            let pairs = x.data.windows(2).zip(&hint.unwrap().decoded.data);
            for (out, (x, y)) in out.data.iter_mut().zip(pairs) {
                *out = 0.3 * x[0] + 0.6 * x[1] + 0.1 * y;
            }
            self.inside.lock().unwrap().0 -= 1;
            Ok(out)
        }

        fn reach(&self) -> Reach {
            Reach::Halo {
                halo_px: 8,
                align_px: 8,
            }
        }

        fn facts(&self) -> &ModelFacts {
            &self.facts
        }

        fn expect(&self, pieces: usize) {
            self.expected.fetch_add(pieces, Ordering::Relaxed);
        }
    }

    fn waves(width: usize, height: usize, step: f32) -> Picture {
        let data = (0..3 * width * height).map(|i| (i as f32 * step).sin());
        Picture::from_data(3, width, height, data.collect()).unwrap()
    }

    fn estimate(prior: &Blur, control: Control<'_>) -> (Result<Picture>, usize) {
        let calls = AtomicUsize::new(0);
        let tiled = Tiled::new(prior, 64, control, &calls);
        let hint = Hint {
            decoded: waves(334, 270, 0.1),
            luma: [9; 64],
            chroma: [9; 64],
            subsampling: (1, 1),
        };
        let found = tiled.denoise(&waves(334, 270, 0.37), 0.3, Some(&hint));
        (found, calls.into_inner())
    }

    /// Of the 30 tiles 12 have one size, 4 another, 4, 3, 3 and four times 1: all but six of them
    /// are announced, in threes.
    #[test]
    fn tiles_that_are_asked_at_once_give_the_same_pixels() {
        let (one, several) = (Blur::new(1), Blur::new(3));
        let (wanted, calls) = estimate(&one, Control::default());
        let found = estimate(&several, Control::default());
        assert_eq!((found.0.unwrap(), found.1), (wanted.unwrap(), calls));
        assert_eq!((one.most(), several.most()), (1, 3));
        let expected = [one, several].map(|prior| prior.expected.into_inner());
        assert_eq!((calls, expected), (30, [0, 24]));
    }

    #[test]
    fn a_picture_is_one_piece_or_tiles_as_large_as_memory_bears() {
        let million = 1_000_000;
        assert_eq!(most_px(6 * million, 200), LARGEST_PX);
        assert_eq!(most_px(24 * million, 100), LARGEST_PX);
        assert_eq!(most_px(24 * million, 200), 1_640_000);
        assert_eq!(most_px(100 * million, 200), SMALLEST_PX);
        let pieces = |size, side_px, most_px| cut(size, side_px, most_px, (64, 16)).len();
        assert_eq!(pieces((2000, 1600), 0, 2_000_000), 1);
        assert_eq!(pieces((2000, 1616), 0, 3_200_000), 2);
        assert_eq!(pieces((6000, 4000), 0, 3_200_000), 9);
        assert_eq!(pieces((6000, 4000), 0, 1_640_000), 20);
        assert_eq!(pieces((640, 480), 320, 2_000_000), 4);
        let reach = Reach::Halo {
            halo_px: 64,
            align_px: 16,
        };
        assert!(is_whole((2000, 1600), 0, reach) && !is_whole((2000, 1616), 0, reach));
        assert!(!is_whole((640, 480), 0, Reach::Window { side_px: 640 }));
    }

    #[test]
    fn nothing_is_asked_after_a_cancellation() {
        let cancel = AtomicBool::new(true);
        let control = Control {
            cancel: Some(&cancel),
            progress: None,
        };
        let (found, calls) = estimate(&Blur::new(3), control);
        assert!(matches!(found, Err(Error::Cancelled)) && calls == 0);
    }
}
