//! Streams that share one model: several at once, compared with one of as many pixels.

use std::thread;

use crate::bench::{Settings, picture, timed};
use ddrmjpeg::contract::Control;
use ddrmjpeg::error::{Error, Result};
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::JpegFile;
use ddrmjpeg::options::{Preset, RestoreOptions};
use ddrmjpeg::restore::{Layout, Restorer};

/// Streams of a quarter of the pixels each.
const STREAMS: usize = 4;

/// Frames of each stream in one round.
const FRAMES: usize = 6;

/// Streams that run at once.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsRow {
    /// How many.
    pub count: usize,
    /// Width and height of their frames.
    pub size: (usize, usize),
    /// Seconds for one frame of each stream, in the fastest round.
    pub seconds: f64,
}

/// One stream of the configured size, and four of half its width and height, in turns. The preset
/// is `fast`; every frame is read from a file and returned as 4:2:0.
///
/// # Errors
/// Those of opening the model and of restoring.
pub fn streams(settings: &Settings) -> Result<Vec<StreamsRow>> {
    let options = settings.restore.clone().with_preset(Preset::Fast);
    let restorer = Restorer::open(&settings.model)?;
    let (width, height) = settings.size;
    let sizes = [(1, settings.size), (STREAMS, (width / 2, height / 2))];
    let file = |(w, h)| jpeg::read(&picture::jpeg(w, h)?, &options.limits);
    let files = [file(sizes[0].1)?, file(sizes[1].1)?];
    let mut rows = sizes.map(|(count, size)| StreamsRow {
        count,
        size,
        seconds: f64::INFINITY,
    });
    // The first round folds weights and fills caches.
    for round in 0..=settings.rounds.max(1) {
        for (row, file) in rows.iter_mut().zip(&files) {
            let (seconds, ()) = timed(|| at_once(row.count, file, &restorer, &options))?;
            if round > 0 {
                row.seconds = row.seconds.min(seconds / FRAMES as f64);
            }
        }
    }
    Ok(rows.to_vec())
}

/// `count` streams, each on its own thread, as in an element.
fn at_once(
    count: usize,
    file: &JpegFile,
    restorer: &Restorer,
    options: &RestoreOptions,
) -> Result<()> {
    let stream = || -> Result<()> {
        for _ in 0..FRAMES {
            let layout = Layout::YCbCr((2, 2));
            restorer.restore_file_as(file, layout, options, Control::default())?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(stream)).collect();
        threads.into_iter().try_for_each(|thread| {
            let gone = |_| Err(Error::Backend("a stream panicked".into()));
            thread.join().unwrap_or_else(gone)
        })
    })
}
