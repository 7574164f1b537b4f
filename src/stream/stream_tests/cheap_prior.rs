//! A cheap prior that follows, and pictures with something that moves.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::contract::gate_limits::GateLimits;
use crate::contract::{Denoiser, Follower, Hint, ModelFacts, Reach};
use crate::error::{Error, Result};
use crate::frame::{Picture, PixelModel, Planar8, Rect};
use crate::jpeg;
use crate::jpeg::JpegFile;
use crate::options::Limits;
use crate::restore::Restorer;

/// A prior that looks [`HALO`] pixels far and answers in one call: a blur of the decoded picture,
/// darker where the pixel's own value is large, so that it leaves the cells here and there.
#[derive(Default)]
pub struct Blur {
    /// Whether it follows.
    pub follows: bool,
    /// Whether one call is all that it can do.
    pub one_call_only: bool,
    /// Whether it has no one-call answer of its own, so that draws begin from the decoded picture.
    pub walks: bool,
    /// Whether it answers with what it is asked.
    pub keeps: bool,
    /// Whether it answers with the decoded picture as it is.
    pub echoes: bool,
    /// Share of far departures above which it is strange.
    pub strange: Option<f64>,
    /// Pixels computed.
    pub computed: Arc<AtomicUsize>,
    /// What the fields above come to.
    pub facts: OnceLock<ModelFacts>,
}

const HALO: usize = 3;

/// One pixel of the answer.
fn answer(decoded: &Picture, c: usize, x: usize, y: usize) -> f32 {
    let plane = decoded.plane(c);
    let (mut sum, mut count) = (0.0f32, 0.0f32);
    for yy in y.saturating_sub(HALO)..(y + HALO + 1).min(decoded.height) {
        for xx in x.saturating_sub(HALO)..(x + HALO + 1).min(decoded.width) {
            sum += plane[yy * decoded.width + xx];
            count += 1.0;
        }
    }
    sum / count - 0.1 * plane[y * decoded.width + x]
}

fn fill(decoded: &Picture, rect: Rect, echoes: bool, out: &mut Picture) {
    for c in 0..3 {
        for y in rect.y..rect.y + rect.height {
            for x in rect.x..rect.x + rect.width {
                let at = (c * out.height + y) * out.width + x;
                out.data[at] = match echoes {
                    true => decoded.data[at],
                    false => answer(decoded, c, x, y),
                };
            }
        }
    }
}

fn whole(picture: &Picture) -> Rect {
    Rect {
        x: 0,
        y: 0,
        width: picture.width,
        height: picture.height,
    }
}

impl Denoiser for Blur {
    fn denoise(&self, x: &Picture, _: f64, hint: Option<&Hint>) -> Result<Picture> {
        let decoded = &hint
            .ok_or_else(|| Error::Backend("no hint".into()))?
            .decoded;
        let mut out = x.clone();
        if !self.keeps {
            fill(decoded, whole(x), self.echoes, &mut out);
        }
        self.computed.fetch_add(x.plane_len(), Ordering::Relaxed);
        Ok(out)
    }

    fn reach(&self) -> Reach {
        Reach::Halo {
            halo_px: HALO,
            align_px: 16,
        }
    }

    fn facts(&self) -> &ModelFacts {
        self.facts.get_or_init(|| ModelFacts {
            one_call: !self.walks,
            one_call_only: self.one_call_only,
            gate: self.strange.map(GateLimits::of_all),
            ..ModelFacts::default()
        })
    }

    fn follower(&self) -> Option<Box<dyn Follower>> {
        let follower = Following {
            computed: self.computed.clone(),
            echoes: self.echoes,
        };
        self.follows
            .then(|| Box::new(follower) as Box<dyn Follower>)
    }
}

struct Following {
    computed: Arc<AtomicUsize>,
    echoes: bool,
}

impl Follower for Following {
    fn follow(&mut self, hint: &Hint, changed: &[Rect], out: &mut Picture) -> Result<Vec<Rect>> {
        let mut answered = Vec::new();
        for rect in changed {
            let (x, y) = (rect.x.saturating_sub(HALO), rect.y.saturating_sub(HALO));
            let wider = Rect {
                x,
                y,
                width: (rect.x + rect.width + HALO).min(out.width) - x,
                height: (rect.y + rect.height + HALO).min(out.height) - y,
            };
            fill(&hint.decoded, wider, self.echoes, out);
            self.computed
                .fetch_add(wider.width * wider.height, Ordering::Relaxed);
            answered.push(wider);
        }
        Ok(answered)
    }
}

/// Smooth ramps with texture, and a square of another colour at `at`.
pub fn scene(model: PixelModel, (width, height): (usize, usize), at: (usize, usize)) -> Planar8 {
    let mut out = Planar8::new(model, width, height, (1, 1));
    for (c, plane) in out.planes.iter_mut().enumerate() {
        for (i, value) in plane.data.iter_mut().enumerate() {
            let (x, y) = (i % width, i / width);
            let inside = (at.0..at.0 + 12).contains(&x) && (at.1..at.1 + 10).contains(&y);
            let texture = (x * (c + 1) + 2 * y + (x * y) % 23) % 150 + 60;
            *value = (if inside { 210 - texture / 2 } else { texture }) as u8;
        }
    }
    out
}

pub fn file(picture: &Planar8, quality: u8, sampling: (usize, usize)) -> JpegFile {
    let bytes = jpeg::encode(picture, quality, sampling).unwrap();
    jpeg::read(&bytes, &Limits::default()).unwrap()
}

pub fn restorer(prior: Blur) -> Restorer {
    Restorer::with_denoiser(Arc::new(prior))
}

pub fn following() -> Blur {
    Blur {
        follows: true,
        ..Blur::default()
    }
}

/// Places of the moving square: it stays, moves, leaves, comes back.
pub const PATH: [(usize, usize); 6] = [(5, 7), (5, 7), (8, 7), (40, 25), (900, 0), (0, 0)];
