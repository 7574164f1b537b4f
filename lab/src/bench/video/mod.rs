//! What a stream costs and gains: scripted clips, restored with each setting of
//! `RestoreOptions::temporal`, in turns.
//!
//! The true scene of each clip is known, without noise and before coding, so quality is measured
//! against that. Called by `ddrmjpeg bench video`.

mod clip;
mod score;

pub use crate::bench::video::clip::{Clip, Kind};

use std::time::Instant;

use crate::bench::video::score::Score;
use ddrmjpeg::contract::Control;
use ddrmjpeg::error::Result;
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg;
use ddrmjpeg::options::{RestoreOptions, Temporal};
use ddrmjpeg::restore::{Layout, Restored, Restorer, Stream};

/// One clip under one setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which clip.
    pub kind: Kind,
    /// Which setting.
    pub temporal: Temporal,
    /// Seconds per frame, from its bytes to its pixels, the mean over all but the first.
    pub seconds: f64,
    /// Seconds of the median frame.
    pub median_seconds: f64,
    /// Network calls per frame, not counting the first.
    pub calls: f64,
    /// Share of the picture that was found to have changed, likewise.
    pub changed: f64,
    /// Share of the picture that the network computed again, likewise.
    pub recomputed: f64,
    /// PSNR in dB of what never moves, in the first frame and in the last.
    pub still: Option<(f64, f64)>,
    /// The same for luma only.
    pub still_luma: Option<(f64, f64)>,
    /// PSNR in dB of the object that moves, over all frames but the first.
    pub moving: Option<f64>,
    /// PSNR in dB of the whole picture, over all frames but the first.
    pub whole: f64,
    /// Flicker of the restored frames, in 8-bit levels: the standard deviation over time, as root
    /// mean square over what never moves.
    pub deviation: Option<f64>,
    /// The same for the decoded JPEGs.
    pub jpeg_deviation: Option<f64>,
    /// Whether every frame was bit for bit the same as with the first setting.
    pub identical: bool,
}

/// Restores `clip` with each of `settings`; the first frame of each stream warms it up.
///
/// # Errors
/// Those of coding and restoring.
pub fn run(
    restorer: &Restorer,
    clip: &Clip,
    settings: &[Temporal],
    options: &RestoreOptions,
) -> Result<Vec<Row>> {
    let frames: Vec<Vec<u8>> = (0..clip.frames)
        .map(|n| clip.coded(n))
        .collect::<Result<_>>()?;
    let mut decoded = Score::new(clip);
    let mut takes: Vec<Take> = settings
        .iter()
        .map(|&t| Take::new(restorer, clip, t))
        .collect();
    for (n, bytes) in frames.iter().enumerate() {
        let scene = clip.scene(n);
        decoded.add(
            n,
            &jpeg::file::pixels::decode(bytes, &options.limits)?,
            &scene,
        );
        let mut alone = None;
        for take in &mut takes {
            let frame = take.restore(bytes, options)?.frame;
            take.score.add(n, &frame, &scene);
            // The others are compared with the first setting.
            take.identical &= *alone.get_or_insert_with(|| frame.clone()) == frame;
        }
    }
    let deviation = decoded.deviation();
    Ok(takes
        .into_iter()
        .map(|take| take.row(clip.kind, deviation))
        .collect())
}

/// One stream that restores a clip.
struct Take {
    temporal: Temporal,
    stream: Stream,
    score: Score,
    /// Of each frame: seconds, network calls, share changed, share recomputed.
    frames: Vec<[f64; 4]>,
    identical: bool,
}

impl Take {
    fn new(restorer: &Restorer, clip: &Clip, temporal: Temporal) -> Self {
        Self {
            temporal,
            stream: restorer.stream(),
            score: Score::new(clip),
            frames: Vec::new(),
            identical: true,
        }
    }

    fn restore(&mut self, bytes: &[u8], options: &RestoreOptions) -> Result<Restored> {
        let options = options.clone().with_temporal(self.temporal);
        let begun = Instant::now();
        let control = Control::default();
        let restored = self
            .stream
            .restore_jpeg(bytes, Layout::Rgb, &options, control)?;
        let seconds = begun.elapsed().as_secs_f64();
        let calls = restored.report.network_calls as f64;
        let (changed, reused) = match restored.report.carried {
            Some(carried) if carried.pixels > 0 => {
                let share = |part: usize| part as f64 / carried.pixels as f64;
                (share(carried.changed), share(carried.reused))
            }
            _ => (1.0, 0.0),
        };
        self.frames.push([seconds, calls, changed, 1.0 - reused]);
        Ok(restored)
    }

    fn row(self, kind: Kind, jpeg_deviation: Option<f64>) -> Row {
        let after_first = self.frames.get(1..).unwrap_or_default();
        let mean = |i: usize| {
            after_first.iter().map(|frame| frame[i]).sum::<f64>() / after_first.len().max(1) as f64
        };
        let mut seconds: Vec<f64> = after_first.iter().map(|frame| frame[0]).collect();
        seconds.sort_by(f64::total_cmp);
        Row {
            kind,
            temporal: self.temporal,
            seconds: mean(0),
            median_seconds: seconds.get(seconds.len() / 2).copied().unwrap_or_default(),
            calls: mean(1),
            changed: mean(2),
            recomputed: mean(3),
            still: self.score.still(),
            still_luma: self.score.still_luma(),
            moving: self.score.moving(),
            whole: self.score.whole(),
            deviation: self.score.deviation(),
            jpeg_deviation,
            identical: self.identical,
        }
    }
}

/// Two synthetic pictures: the scene, and what moves in it or follows a cut.
pub fn made_up((width, height): (usize, usize)) -> Vec<Planar8> {
    let scene = crate::bench::made_up(width, height);
    let mut other = scene.clone();
    for plane in &mut other.planes {
        plane.data.reverse();
        plane.data.iter_mut().for_each(|byte| *byte = 255 - *byte);
    }
    vec![scene, other]
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddrmjpeg::model::identity::Identity;
    use std::sync::Arc;

    /// With a prior that computes nothing: reuse changes no pixel of any clip, only the cost; a
    /// still scene is computed once.
    #[test]
    fn reuse_changes_no_pixel_of_any_clip() {
        let restorer = Restorer::with_denoiser(Arc::new(Identity));
        for kind in Kind::ALL {
            let clip = Clip {
                frames: 6,
                object_px: 24,
                ..Clip::new(kind, made_up((96, 64)), (96, 64))
            };
            let settings = [Temporal::Off, Temporal::Reuse];
            let rows = run(&restorer, &clip, &settings, &RestoreOptions::default()).unwrap();
            assert!(rows.iter().all(|row| row.identical), "{kind:?}");
            if kind == Kind::Still {
                assert_eq!((rows[1].calls, rows[1].changed), (0.0, 0.0));
                assert_eq!(rows[1].deviation, Some(0.0));
            }
        }
    }
}
