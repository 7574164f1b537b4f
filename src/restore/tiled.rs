//! A denoiser for pictures of any size, made of one that is run on parts.
//!
//! Convolutional priors get tiles with the halo that they need, so the result is the whole
//! picture's; priors that see squares of one size get overlapping windows (`windowed`).
//! Cancellation is looked at before every part.
//!
//! A halo is computed twice, so large tiles cost less time; a network's maps are as large as its
//! tile, so they cost more memory: two of 64 channels at half resolution are 64 bytes a pixel.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::windowed;
use crate::contract::{Control, Denoiser, Hint, Reach, Spread};
use crate::error::{Error, Result};
use crate::frame::Picture;
use crate::tiling::{self, Tile};

/// Pixels that are given to a network at once, halo included, unless a tile's side is asked for.
const AT_ONCE_PX: usize = 3_200_000;

/// Runs a prior on as many parts as a picture takes.
pub struct Tiled<'a> {
    inner: &'a dyn Denoiser,
    side_px: usize,
    control: Control<'a>,
    calls: &'a AtomicUsize,
}

impl<'a> Tiled<'a> {
    /// `side_px` 0: the largest tiles that memory allows; a prior of windows has its own.
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
        let tiles = cut((x.width, x.height), self.side_px, (halo_px, align_px));
        if let [_] = tiles[..] {
            return self.call(x, sigma, hint);
        }
        let mut out = Picture::new(x.channels, x.width, x.height);
        for tile in tiles {
            let part = self.tile(x, sigma, hint, tile)?;
            out.paste(&part, tile.core_in_window(), tile.core.x, tile.core.y);
        }
        Ok(out)
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

/// The tiles of a picture of `size`; `side_px` 0: chosen from it.
fn cut(size: (usize, usize), side_px: usize, (halo_px, align_px): (usize, usize)) -> Vec<Tile> {
    let sides = match side_px {
        0 => tiling::sides_for(size.0, size.1, halo_px, align_px, AT_ONCE_PX),
        side => (side, side),
    };
    tiling::cut_sides(size.0, size.1, sides, halo_px, align_px)
}

/// Whether a picture of `size` is given to a prior of that reach as it is. Tiles differ from it
/// by what lies beyond their halos, which may round to another pixel.
pub(super) fn is_whole(size: (usize, usize), side_px: usize, reach: Reach) -> bool {
    match reach {
        Reach::Halo { halo_px, align_px } => cut(size, side_px, (halo_px, align_px)).len() == 1,
        Reach::Window { .. } => false,
    }
}

impl Denoiser for Tiled<'_> {
    fn denoise(&self, x: &Picture, sigma: f64, hint: Option<&Hint>) -> Result<Picture> {
        match self.inner.reach() {
            Reach::Halo { halo_px, align_px } => self.tiles(x, sigma, hint, (halo_px, align_px)),
            Reach::Window { side_px } => {
                windowed::average(x, hint, side_px, |part, hint| self.call(part, sigma, hint))
            }
        }
    }

    fn reach(&self) -> Reach {
        self.inner.reach()
    }

    fn one_call(&self) -> bool {
        self.inner.one_call()
    }

    fn spread(&self, sigma: f64, hint: Option<&Hint>) -> Option<Spread> {
        self.inner.spread(sigma, hint)
    }

    fn alpha_bar(&self) -> Option<&[f64]> {
        self.inner.alpha_bar()
    }
}
