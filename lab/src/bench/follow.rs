//! What a frame of a stream costs a prior that keeps what it computed for the last one, depending
//! on how much of the frame changed.

use std::hint::black_box;
use std::sync::Arc;

use crate::bench::{Settings, timed};
use ddrmjpeg::contract::{Denoiser, Follower, Hint, ONE_CALL_SIGMA};
use ddrmjpeg::error::Result;
use ddrmjpeg::frame::{Picture, Rect};
use ddrmjpeg::model::registry::Own;
use ddrmjpeg::runtime::conv_engine::Form;

/// Shares of the frame that change: one square in the middle.
const SHARES: [f64; 7] = [0.0, 0.01, 0.02, 0.05, 0.15, 0.3, 1.0];

/// The squares start and end on multiples of this, as JPEG units do.
const GRID_PX: usize = 16;

/// One share.
#[derive(Clone, Debug, PartialEq)]
pub struct FollowRow {
    /// Share of the frame's pixels that changed.
    pub changed: f64,
    /// Share of the estimate's pixels that may have changed.
    pub answered: f64,
    /// Seconds of the fastest frame.
    pub seconds: f64,
    /// Seconds of the fastest call on a whole frame that keeps nothing.
    pub whole: f64,
}

/// Follows a stream of frames of the configured size with `own`. Returns no rows if it cannot
/// follow streams. All shares and the whole call take turns.
///
/// # Errors
/// Those of opening and calling the network.
pub fn follow(own: &Own, settings: &Settings) -> Result<Vec<FollowRow>> {
    let denoiser = own.embedded(&settings.model, Form::Fast)?;
    let Some(follower) = denoiser.follower() else {
        return Ok(Vec::new());
    };
    let mut stream = Stream::new(denoiser, follower, settings.size);
    let mut rows: Vec<FollowRow> = SHARES.map(|share| stream.row(share)).to_vec();
    stream.follow(&stream.square(1.0))?;
    // In the first round oneDNN compiles its kernels for the shapes.
    for round in 0..=settings.rounds {
        let whole = stream.whole()?;
        for (row, share) in rows.iter_mut().zip(SHARES) {
            let (seconds, answered) = stream.follow(&stream.square(share))?;
            row.answered = answered;
            if round > 0 {
                row.seconds = row.seconds.min(seconds);
                row.whole = row.whole.min(whole);
            }
        }
    }
    Ok(rows)
}

/// A stream of frames.
struct Stream {
    denoiser: Arc<dyn Denoiser>,
    follower: Box<dyn Follower>,
    hint: Hint,
    estimate: Picture,
}

impl Stream {
    fn new(
        denoiser: Arc<dyn Denoiser>,
        follower: Box<dyn Follower>,
        (width, height): (usize, usize),
    ) -> Self {
        let (width, height) = (
            width.next_multiple_of(GRID_PX),
            height.next_multiple_of(GRID_PX),
        );
        let decoded = Picture::new(3, width, height);
        Self {
            denoiser,
            follower,
            estimate: decoded.clone(),
            hint: Hint {
                decoded,
                luma: [16; 64],
                chroma: [17; 64],
                subsampling: (2, 2),
            },
        }
    }

    fn row(&self, share: f64) -> FollowRow {
        let area: usize = self.square(share).iter().map(area).sum();
        FollowRow {
            changed: area as f64 / self.pixels(),
            answered: 0.0,
            seconds: f64::INFINITY,
            whole: f64::INFINITY,
        }
    }

    fn pixels(&self) -> f64 {
        self.estimate.plane_len() as f64
    }

    /// The square in the middle that is about `share` of the frame; for 1 the whole frame.
    fn square(&self, share: f64) -> Vec<Rect> {
        let (width, height) = (self.estimate.width, self.estimate.height);
        if share == 0.0 {
            return Vec::new();
        }
        let side = (share * self.pixels()).sqrt() as usize / GRID_PX * GRID_PX;
        let side = |limit: usize| match share < 1.0 {
            true => side.clamp(GRID_PX, limit),
            false => limit,
        };
        let (w, h) = (side(width), side(height));
        vec![Rect {
            x: (width - w) / 2 / GRID_PX * GRID_PX,
            y: (height - h) / 2 / GRID_PX * GRID_PX,
            width: w,
            height: h,
        }]
    }

    /// Seconds for a frame that changed in `changed`, and the share of the estimate that may have
    /// changed.
    fn follow(&mut self, changed: &[Rect]) -> Result<(f64, f64)> {
        let (hint, estimate) = (&self.hint, &mut self.estimate);
        let call = || self.follower.follow(hint, changed, estimate);
        let (seconds, answered) = timed(call)?;
        let answered: usize = answered.iter().map(area).sum();
        Ok((seconds, answered as f64 / self.pixels()))
    }

    fn whole(&self) -> Result<f64> {
        let x = &self.hint.decoded;
        let call = || self.denoiser.denoise(x, ONE_CALL_SIGMA, Some(&self.hint));
        let (seconds, answer) = timed(call)?;
        black_box(answer);
        Ok(seconds)
    }
}

fn area(rect: &Rect) -> usize {
    rect.width * rect.height
}
