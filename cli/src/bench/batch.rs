//! bench: a batch of files, restored by this program in a process of its own, so that its start-up
//! time counts too.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use ddrmjpeg_lab::bench::{Settings, jpeg};

/// Ticks per second in which Linux counts processor time.
const TICKS: f64 = 100.0;

/// A batch.
pub struct BatchRow {
    /// Files.
    pub count: usize,
    /// Width and height of each.
    pub size: (usize, usize),
    /// Seconds of the fastest run, from the start of the program to its end.
    pub seconds: f64,
    /// The part of `seconds` that a batch of one tiny picture takes.
    pub start_up: f64,
    /// Share of the time of all cores that the program used in that run.
    pub busy: f64,
}

/// Restores `count` files of the size that is set.
pub fn measure(count: usize, settings: &Settings) -> Result<BatchRow> {
    let folder = tempfile::tempdir()?;
    let (inputs, tiny) = (folder.path().join("in"), folder.path().join("tiny"));
    fill(&inputs, count, settings.size)?;
    fill(&tiny, 1, (16, 16))?;
    let mut row = BatchRow {
        count,
        size: settings.size,
        seconds: f64::INFINITY,
        start_up: f64::INFINITY,
        busy: 0.0,
    };
    let cores = std::thread::available_parallelism()?.get() as f64;
    for _ in 0..settings.rounds.max(1) {
        row.start_up = row.start_up.min(restore(&tiny, settings)?.0);
        let (seconds, processors) = restore(&inputs, settings)?;
        if seconds < row.seconds {
            (row.seconds, row.busy) = (seconds, processors / seconds / cores);
        }
    }
    Ok(row)
}

fn fill(folder: &Path, count: usize, (width, height): (usize, usize)) -> Result<()> {
    fs::create_dir_all(folder)?;
    let bytes = jpeg(width, height)?;
    (0..count).try_for_each(|n| fs::write(folder.join(format!("{n:05}.jpg")), &bytes))?;
    Ok(())
}

/// Wall-clock seconds and processor seconds that the program took for a folder.
fn restore(inputs: &Path, settings: &Settings) -> Result<(f64, f64)> {
    let results = inputs.with_extension("out");
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("restore").arg(inputs).arg("-o").arg(&results);
    let model = &settings.model;
    command.args(["--device", &model.device.to_string()]);
    command.args(["--precision", &model.precision.to_string()]);
    command.args(["--threads", &model.threads.to_string()]);
    let (start, before) = (Instant::now(), of_children()?);
    let status = command.stdin(Stdio::null()).status()?;
    let seconds = start.elapsed().as_secs_f64();
    if !status.success() {
        bail!("restore: {status}");
    }
    let processors = of_children()? - before;
    fs::remove_dir_all(&results)?;
    Ok((seconds, processors))
}

/// Processor seconds of all children that have ended, as Linux counts them.
fn of_children() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name may hold spaces, so the fields are counted after it, from 3 on; 16 and 17 are
    // wanted.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(13).take(2);
    let sum: f64 = ticks
        .map(str::parse::<f64>)
        .sum::<Result<f64, _>>()
        .context("/proc/self/stat")?;
    Ok(sum / TICKS)
}
