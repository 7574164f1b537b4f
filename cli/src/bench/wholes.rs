//! bench: whole restorations instead of their parts: by size, by steps of the published experiment,
//! several streams at once, or a batch of files.

use anyhow::Result;
use ddrmjpeg_lab::bench;
use ddrmjpeg_lab::bench::{Arithmetic, PresetRow, Settings, Shape, StreamsRow, WalkRow};
use serde_json::{Value, json};

use crate::Outcome;
use crate::bench::batch;
use crate::bench::batch::BatchRow;
use crate::bench::{BenchArgs, arithmetic, mib};
use crate::stdout::outln;

/// Whether any of them was asked for.
pub fn are_wanted(arguments: &BenchArgs) -> bool {
    let sizes = !arguments.sizes.is_empty();
    sizes || arguments.steps.is_some() || arguments.streams || arguments.batch.is_some()
}

/// Measures what was asked for and prints it.
pub fn run(
    arguments: &BenchArgs,
    settings: &Settings,
    arithmetics: &[Arithmetic],
) -> Result<Outcome> {
    let table = |head: &str, rows: Vec<(String, Value)>| print(head, &rows, arguments.json);
    if !arguments.sizes.is_empty() {
        let rows = bench::sizes(&arguments.sizes, settings)?;
        table(SIZES, rows.iter().map(by_size).collect());
    }
    if let Some(steps) = arguments.steps {
        for &family in &arguments.networks {
            let rows = bench::walks(family, steps.into(), arithmetics, settings)?;
            let slow = rows.iter().map(|row| row.seconds).fold(0.0, f64::max);
            table(WALKS, rows.iter().map(|row| walk(row, slow)).collect());
        }
    }
    if arguments.streams {
        let rows = bench::streams(settings)?;
        let one = rows.first().map_or(f64::NAN, |row| row.seconds);
        table(STREAMS, rows.iter().map(|row| streams(row, one)).collect());
        let rows = bench::batching(4, settings)?;
        table(BATCHING, rows.iter().map(batching).collect());
    }
    if let Some(count) = arguments.batch {
        let row = batch::measure(count, settings)?;
        table(BATCH, vec![in_batch(&row)]);
    }
    Ok(Outcome::Done)
}

fn print(head: &str, rows: &[(String, Value)], json: bool) {
    if !json {
        outln!(
            "\n{head}\n{}|",
            "|---".repeat(head.matches('|').count() - 1)
        );
    }
    for (line, value) in rows {
        match json {
            true => outln!("{value}"),
            false => outln!("{line}"),
        }
    }
}

const SIZES: &str = "| size | Mpixel | network calls | ms | µs a pixel | peak MiB |";
const WALKS: &str = "| network | arithmetic | steps | s | rate over the slowest | PSNR dB |";
const STREAMS: &str = "| streams | size | ms for a frame of each | times that of one stream |";
const BATCHING: &str = "| convolution 3x3 | GFLOP/s, one at a time | four at once |";
const BATCH: &str = "| files | size | s | s before the first | ms a file | share of all cores |";

fn by_size(row: &PresetRow) -> (String, Value) {
    let (width, height) = row.size;
    let pixels = (width * height) as f64;
    let (ms, each) = (1e3 * row.seconds, 1e6 * row.seconds / pixels);
    let line = format!(
        "| {width}x{height} | {:.2} | {} | {ms:.1} | {each:.3} | {} |",
        1e-6 * pixels,
        row.calls,
        mib(row.peak_bytes)
    );
    let value = json!({
        "width": width, "height": height, "network_calls": row.calls, "ms": ms,
        "us_a_pixel": each, "peak_bytes": row.peak_bytes,
    });
    (line, value)
}

fn walk(row: &WalkRow, slowest: f64) -> (String, Value) {
    let (family, arithmetic) = (row.family.name(), arithmetic(row.arithmetic));
    let rate = slowest / row.seconds;
    let line = format!(
        "| {family} | {arithmetic} | {} | {:.2} | {rate:.2} | {:.4} |",
        row.steps, row.seconds, row.psnr
    );
    let value = json!({
        "network": family, "arithmetic": arithmetic, "steps": row.steps,
        "seconds": row.seconds, "rate_over_slowest": rate, "psnr": row.psnr,
    });
    (line, value)
}

fn streams(row: &StreamsRow, one: f64) -> (String, Value) {
    let ((width, height), ms) = (row.size, 1e3 * row.seconds);
    let ratio = row.seconds / one;
    let line = format!(
        "| {} | {width}x{height} | {ms:.1} | {ratio:.3} |",
        row.count
    );
    let value = json!({
        "streams": row.count, "width": width, "height": height, "ms": ms, "over_one": ratio,
    });
    (line, value)
}

/// One at a time, and several at once.
fn batching([(shape, one), (together, several)]: &[(Shape, f64); 2]) -> (String, Value) {
    let (channels, width, height) = (shape.channels, shape.width, shape.height);
    let count = together.batch;
    let line = format!("| {channels} channels, {width}x{height} | {one:.0} | {several:.0} |");
    let value = json!({
        "channels": channels, "width": width, "height": height, "gflops": one,
        "batch": count, "gflops_batched": several,
    });
    (line, value)
}

fn in_batch(row: &BatchRow) -> (String, Value) {
    let (width, height) = row.size;
    let each = 1e3 * (row.seconds - row.start_up) / row.count as f64;
    let line = format!(
        "| {} | {width}x{height} | {:.2} | {:.2} | {each:.1} | {:.0} % |",
        row.count,
        row.seconds,
        row.start_up,
        100.0 * row.busy
    );
    let value = json!({
        "files": row.count, "width": width, "height": height, "seconds": row.seconds,
        "start_up": row.start_up, "ms_a_file": each, "share_of_cores": row.busy,
    });
    (line, value)
}
