//! bench: the published experiment by steps, and several streams at once.

use anyhow::Result;
use ddrmjpeg_lab::bench;
#[cfg(feature = "torch")]
use ddrmjpeg_lab::bench::Shape;
use ddrmjpeg_lab::bench::{Settings, StreamsRow, WalkRow};
use serde_json::{Value, json};

use crate::bench::BenchArgs;
use crate::bench::parts::{arithmetic, arithmetics};
use crate::bench::wholes::print;

/// Measures what was asked for and prints it.
pub fn run(arguments: &BenchArgs, settings: &Settings) -> Result<()> {
    let table = |head: &str, rows: Vec<(String, Value)>| print(head, &rows, arguments.json);
    if let Some(steps) = arguments.steps {
        let arithmetics = arithmetics(arguments);
        for &family in &arguments.networks {
            let rows = bench::walks(family, steps.into(), &arithmetics, settings)?;
            if rows.is_empty() {
                eprintln!(
                    "ddrmjpeg: {}: takes no steps, it has one call only",
                    family.name()
                );
                continue;
            }
            let slow = rows.iter().map(|row| row.seconds).fold(0.0, f64::max);
            table(WALKS, rows.iter().map(|row| walk(row, slow)).collect());
        }
    }
    if arguments.streams {
        let rows = bench::streams(settings)?;
        let one = rows.first().map_or(f64::NAN, |row| row.seconds);
        table(STREAMS, rows.iter().map(|row| streams(row, one)).collect());
        #[cfg(feature = "torch")]
        {
            let rows = bench::batching(4, settings)?;
            table(BATCHING, rows.iter().map(batching).collect());
        }
    }
    Ok(())
}

const WALKS: &str = "| network | arithmetic | steps | s | rate over the slowest | PSNR dB |";
const STREAMS: &str = "| streams | size | ms for a frame of each | times that of one stream |";
#[cfg(feature = "torch")]
const BATCHING: &str = "| convolution 3x3 | GFLOP/s, one at a time | four at once |";

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
#[cfg(feature = "torch")]
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
