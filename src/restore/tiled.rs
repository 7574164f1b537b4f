//! A denoiser for pictures of any size, made of one that is run on parts.
//!
//! Convolutional priors get tiles with the halo that they need, so the result is the whole
//! picture's; priors that see squares of one size get overlapping windows (`windowed`).
//! Cancellation is looked at before every part.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::windowed;
use crate::contract::{Control, Denoiser, Hint, Reach, Spread};
use crate::error::{Error, Result};
use crate::frame::Picture;
use crate::tiling::{self, Tile};

/// Pictures up to this many pixels are one tile: no halo is computed twice.
const WHOLE_PX: usize = 1_500_000;
/// Side of a tile of larger pictures.
const SIDE_PX: usize = 1024;

/// Runs a prior on as many parts as a picture takes.
pub struct Tiled<'a> {
    inner: &'a dyn Denoiser,
    side_px: usize,
    control: Control<'a>,
    calls: &'a AtomicUsize,
}

impl<'a> Tiled<'a> {
    /// `side_px` 0: chosen from the size of the picture; a prior of windows has its own.
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

    fn side(&self, x: &Picture) -> usize {
        match self.side_px {
            0 if x.plane_len() <= WHOLE_PX => x.width.max(x.height),
            0 => SIDE_PX,
            side => side,
        }
    }

    fn tiles(
        &self,
        x: &Picture,
        sigma: f64,
        hint: Option<&Hint>,
        (halo_px, align_px): (usize, usize),
    ) -> Result<Picture> {
        let tiles = tiling::cut(x.width, x.height, self.side(x), halo_px, align_px);
        let mut out = Picture::new(x.channels, x.width, x.height);
        for tile in tiles {
            let part = self.tile(x, sigma, hint, tile)?;
            out.paste(&part, tile.core_in_window(), tile.core.x, tile.core.y);
        }
        Ok(out)
    }

    fn tile(&self, x: &Picture, sigma: f64, hint: Option<&Hint>, tile: Tile) -> Result<Picture> {
        let hint = hint.map(|hint| Hint {
            decoded: hint.decoded.crop(tile.window),
            ..*hint
        });
        self.call(&x.crop(tile.window), sigma, hint.as_ref())
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
