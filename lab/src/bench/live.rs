//! What a frame of a live stream costs, from the bytes of a JPEG to 4:2:0 pixels, and how much of that
//! is the network's, by how much of the picture changes from frame to frame.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::bench::{Settings, picture, timed};
use ddrmjpeg::contract::{Control, Denoiser, Follower, Hint, ModelFacts, Reach};
use ddrmjpeg::error::Result;
use ddrmjpeg::frame::{Picture, Rect};
use ddrmjpeg::model;
use ddrmjpeg::options::{Preset, Temporal};
use ddrmjpeg::restore::{Layout, Restorer, Stream};

/// Shares of the picture that change.
const SHARES: [f64; 3] = [0.0, 0.05, 1.0];

/// What changes begins and ends on multiples of this, as JPEG units do.
const GRID_PX: usize = 16;

/// A frame of one size of which one share changes.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveRow {
    /// Width and height in pixels.
    pub size: (usize, usize),
    /// Share of the pixels that change from frame to frame.
    pub changed: f64,
    /// Seconds of the fastest frame.
    pub seconds: f64,
    /// Seconds that the network took of them.
    pub network: f64,
}

/// Frames of each of `sizes`, with the preset `fast` and `temporal=reuse`. What changes is a square
/// in the middle; all shares of a size take turns.
///
/// # Errors
/// Those of opening the model and of restoring.
pub fn live(sizes: &[(usize, usize)], settings: &Settings) -> Result<Vec<LiveRow>> {
    let timer = Arc::new(AtomicU64::new(0));
    let restorer = Restorer::with_denoiser(Arc::new(Timed {
        inner: model::open::open(&settings.model)?,
        timer: Arc::clone(&timer),
    }));
    let mut rows = Vec::new();
    for &size in sizes {
        let clips = SHARES.map(|share| Clip::new(share, size, restorer.stream()));
        let mut clips = clips.into_iter().collect::<Result<Vec<_>>>()?;
        // The first frames warm up.
        for round in 0..2 + settings.rounds.max(1) {
            for clip in &mut clips {
                clip.next(&timer, settings, round)?;
            }
        }
        rows.extend(clips.into_iter().map(|clip| clip.row));
    }
    Ok(rows)
}

/// Two frames that are shown in turns.
struct Clip {
    frames: [Vec<u8>; 2],
    stream: Stream,
    row: LiveRow,
}

impl Clip {
    fn new(share: f64, size: (usize, usize), stream: Stream) -> Result<Self> {
        let square = square(share, size);
        Ok(Self {
            frames: [
                picture::jpeg(size.0, size.1)?,
                picture::jpeg_but(size, square)?,
            ],
            stream,
            row: LiveRow {
                size,
                changed: (square.width * square.height) as f64 / (size.0 * size.1) as f64,
                seconds: f64::INFINITY,
                network: f64::INFINITY,
            },
        })
    }

    /// The frame number `round`; the first two are not counted.
    fn next(&mut self, timer: &AtomicU64, settings: &Settings, round: usize) -> Result<()> {
        let options = settings.restore.clone().with_preset(Preset::Fast);
        let options = options.with_temporal(Temporal::Reuse);
        timer.store(0, Ordering::Relaxed);
        let (layout, frame) = (Layout::YCbCr((2, 2)), &self.frames[round % 2]);
        let restore = || {
            let control = Control::default();
            self.stream.restore_jpeg(frame, layout, &options, control)
        };
        let (seconds, _) = timed(restore)?;
        if round >= self.frames.len() && seconds < self.row.seconds {
            self.row.seconds = seconds;
            self.row.network = 1e-9 * timer.load(Ordering::Relaxed) as f64;
        }
        Ok(())
    }
}

/// The square in the middle that is about `share` of the picture; for 1 all of it.
fn square(share: f64, (width, height): (usize, usize)) -> Rect {
    let area = share * (width * height) as f64;
    let side = |limit: usize| match share < 1.0 {
        true => (area.sqrt() as usize / GRID_PX * GRID_PX).min(limit),
        false => limit,
    };
    let (w, h) = (side(width), side(height));
    Rect {
        x: (width - w) / 2 / GRID_PX * GRID_PX,
        y: (height - h) / 2 / GRID_PX * GRID_PX,
        width: w,
        height: h,
    }
}

/// A prior that counts the nanoseconds that it takes.
struct Timed {
    inner: Arc<dyn Denoiser>,
    timer: Arc<AtomicU64>,
}

/// What `work` returns; adds the time that it took to `timer`.
fn counted<T>(timer: &AtomicU64, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    let passed = start.elapsed().as_nanos() as u64;
    timer.fetch_add(passed, Ordering::Relaxed);
    result
}

impl Denoiser for Timed {
    fn denoise(&self, x: &Picture, sigma: f64, hint: Option<&Hint>) -> Result<Picture> {
        counted(&self.timer, || self.inner.denoise(x, sigma, hint))
    }

    fn reach(&self) -> Reach {
        self.inner.reach()
    }

    fn facts(&self) -> &ModelFacts {
        self.inner.facts()
    }

    fn follower(&self) -> Option<Box<dyn Follower>> {
        let inner = self.inner.follower()?;
        let timer = Arc::clone(&self.timer);
        Some(Box::new(TimedFollower { inner, timer }))
    }
}

/// The same for what follows a stream.
struct TimedFollower {
    inner: Box<dyn Follower>,
    timer: Arc<AtomicU64>,
}

impl Follower for TimedFollower {
    fn follow(
        &mut self,
        hint: &Hint,
        changed: &[Rect],
        estimate: &mut Picture,
    ) -> Result<Vec<Rect>> {
        let inner = &mut self.inner;
        counted(&self.timer, || inner.follow(hint, changed, estimate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_are_about_the_share_that_is_asked_for() {
        assert_eq!(square(0.0, (640, 480)).width, 0);
        let some = square(0.05, (640, 480));
        assert_eq!((some.width, some.height), (112, 112));
        let all = square(1.0, (640, 480));
        assert_eq!((all.x, all.y, all.width, all.height), (0, 0, 640, 480));
    }
}
