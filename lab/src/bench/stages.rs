//! The stages of a restoration around the network, and whole restorations by preset.

use std::hint::black_box;

use crate::bench::{Settings, fastest, peak_memory, picture, timed};
use ddrmjpeg::contract::{Control, Measurement, Spread, Trust};
use ddrmjpeg::error::Result;
use ddrmjpeg::frame::Picture;
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::JpegMeasurement;
use ddrmjpeg::jpeg::grid::cell::Slack;
use ddrmjpeg::options::Preset;
use ddrmjpeg::restore::Restorer;

/// One stage.
#[derive(Clone, Debug, PartialEq)]
pub struct StageRow {
    /// What it does.
    pub name: &'static str,
    /// Seconds of the fastest run.
    pub seconds: f64,
    /// Bytes that it must read and write at least.
    pub bytes: u64,
}

/// Measures the stages on a picture of the configured size.
///
/// # Errors
/// Those of the JPEG reader.
pub fn stages(settings: &Settings) -> Result<Vec<StageRow>> {
    let (width, height) = settings.size;
    let bytes = picture::jpeg(width, height)?;
    let rounds = settings.rounds;
    let limits = &settings.restore.limits;
    let read = fastest(rounds, || jpeg::read(&bytes, limits).map(drop))?;
    let file = jpeg::read(&bytes, limits)?;
    let observe = fastest(rounds, || {
        black_box(jpeg::grid::from_file(&file));
        Ok(())
    })?;
    let seen = jpeg::grid::from_file(&file);
    let show = fastest(rounds, || {
        black_box(seen.hint());
        Ok(())
    })?;
    let estimate = off_by_a_little(seen.hint().decoded);
    let measurement = JpegMeasurement::new(&seen, Slack::NONE);
    let cell = |trust: Trust<'_>| {
        let mut copies = vec![estimate.clone(); rounds.max(1)].into_iter();
        fastest(rounds, || {
            let mut x = copies.next().unwrap_or_else(|| estimate.clone());
            measurement.project(&mut x, trust);
            Ok(())
        })
    };
    let spread = Spread::white(0.05);
    let (clamp, judged) = (cell(Trust::Clamp)?, cell(Trust::Judged)?);
    let mean = cell(Trust::Mean(&spread))?;
    let floats = 4 * 3 * (seen.padded_width * seen.padded_height) as u64;
    // Two bytes per coefficient, one and a half coefficients per pixel in 4:2:0.
    let levels = floats / 4;
    let row = |name, seconds, bytes| StageRow {
        name,
        seconds,
        bytes,
    };
    Ok(vec![
        row("read the file", read, bytes.len() as u64 + levels),
        row("levels to planes", observe, levels + floats / 2),
        row("planes to RGB", show, floats / 2 + floats),
        row("cell step, clamp", clamp, 2 * floats + levels),
        row("cell step, judged", judged, 2 * floats + levels),
        row("cell step, mean", mean, 2 * floats + levels),
    ])
}

/// `picture` with an error of up to three levels, as in a network's estimate.
fn off_by_a_little(mut picture: Picture) -> Picture {
    for (i, x) in picture.data.iter_mut().enumerate() {
        let hash = i.wrapping_mul(0x9e37_79b9) >> 8 & 0xff;
        *x += (hash as f32 - 127.5) / 127.5 * 3.0 / 127.5;
    }
    picture
}

/// A whole restoration, from the bytes of a file to 8-bit pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct PresetRow {
    /// Which preset.
    pub preset: Preset,
    /// Width and height of the picture.
    pub size: (usize, usize),
    /// Seconds of the fastest run.
    pub seconds: f64,
    /// Calls of the network, counting each tile.
    pub calls: usize,
    /// Peak memory of the process, the model included, in bytes.
    pub peak_bytes: Option<u64>,
}

/// Restores a picture of the configured size with each of `list`, in turns.
///
/// # Errors
/// Those of opening the model and of restoring.
pub fn presets(list: &[Preset], settings: &Settings) -> Result<Vec<PresetRow>> {
    let (width, height) = settings.size;
    let bytes = picture::jpeg(width, height)?;
    let restorer = Restorer::open(&settings.model)?;
    let row = |&preset: &Preset| PresetRow {
        preset,
        size: settings.size,
        seconds: f64::INFINITY,
        calls: 0,
        peak_bytes: None,
    };
    let mut rows: Vec<PresetRow> = list.iter().map(row).collect();
    for _ in 0..settings.rounds.max(1) {
        for row in &mut rows {
            let options = settings.restore.clone().with_preset(row.preset);
            peak_memory::forget_peak();
            let restore = || restorer.restore_jpeg(&bytes, &options, Control::default());
            let (seconds, restored) = timed(restore)?;
            row.seconds = row.seconds.min(seconds);
            row.calls = restored.report.network_calls;
            row.peak_bytes = peak_memory::peak().max(row.peak_bytes);
        }
    }
    Ok(rows)
}

/// Restores pictures of each of `sizes` with the preset `fast`, in turns. Before that it restores
/// each once with a newly opened model, to measure the memory that this size needs.
///
/// # Errors
/// Those of opening the model and of restoring.
pub fn sizes(sizes: &[(usize, usize)], settings: &Settings) -> Result<Vec<PresetRow>> {
    let options = settings.restore.clone().with_preset(Preset::Fast);
    let files = sizes.iter().map(|&(w, h)| picture::jpeg(w, h));
    let files = files.collect::<Result<Vec<_>>>()?;
    let alone = |(bytes, &size): (&Vec<u8>, &(usize, usize))| -> Result<PresetRow> {
        let restorer = Restorer::open(&settings.model)?;
        peak_memory::forget_peak();
        let restored = restorer.restore_jpeg(bytes, &options, Control::default())?;
        Ok(PresetRow {
            preset: options.preset,
            size,
            seconds: f64::INFINITY,
            calls: restored.report.network_calls,
            peak_bytes: peak_memory::peak(),
        })
    };
    let rows = files.iter().zip(sizes).map(alone);
    let mut rows = rows.collect::<Result<Vec<_>>>()?;
    let restorer = Restorer::open(&settings.model)?;
    for _ in 0..settings.rounds.max(1) {
        for (row, bytes) in rows.iter_mut().zip(&files) {
            let restore = || restorer.restore_jpeg(bytes, &options, Control::default());
            row.seconds = row.seconds.min(timed(restore)?.0);
        }
    }
    Ok(rows)
}
