//! bench: whole restorations instead of their parts: by size, by steps of the published experiment,
//! several streams at once, or a batch of files.

use anyhow::Result;
use ddrmjpeg_lab::bench;
use ddrmjpeg_lab::bench::{PresetRow, Settings};
use serde_json::{Value, json};

use crate::Outcome;
use crate::bench::batch;
use crate::bench::batch::BatchRow;
use crate::bench::walks;
use crate::bench::{BenchArgs, mib};
use crate::stdout::outln;

/// Whether any of them was asked for.
pub fn are_wanted(arguments: &BenchArgs) -> bool {
    let sizes = !arguments.sizes.is_empty();
    sizes || arguments.batch.is_some() || arguments.steps.is_some() || arguments.streams
}

/// Measures what was asked for and prints it.
pub fn run(arguments: &BenchArgs, settings: &Settings) -> Result<Outcome> {
    let table = |head: &str, rows: Vec<(String, Value)>| print(head, &rows, arguments.json);
    if !arguments.sizes.is_empty() {
        let rows = bench::sizes(&arguments.sizes, settings)?;
        table(SIZES, rows.iter().map(by_size).collect());
    }
    walks::run(arguments, settings)?;
    if let Some(count) = arguments.batch {
        let row = batch::measure(count, settings)?;
        table(BATCH, vec![in_batch(&row)]);
    }
    Ok(Outcome::Done)
}

/// Prints a table, or its values.
pub fn print(head: &str, rows: &[(String, Value)], json: bool) {
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
