//! bench live: what a frame costs around the network, as a table or as JSON lines.
//!
//! `ddrmjpeg_lab::bench::live` measures; this module says what to measure and prints the result.

use anyhow::Result;
use clap::Args;
use ddrmjpeg::options::Precision;
use ddrmjpeg::{ModelOptions, RestoreOptions};
use ddrmjpeg_lab::bench;
use ddrmjpeg_lab::bench::{LiveRow, Settings};
use serde_json::{Value, json};

use crate::Outcome;
use crate::bench::wholes::print;

#[derive(Debug, Args)]
pub struct LiveArgs {
    /// Sizes of a frame.
    #[arg(long, value_delimiter = ',', default_value = "640x480,1920x1080", value_name = "WxH", value_parser = crate::bench::size)]
    pub sizes: Vec<(usize, usize)>,
    /// Models to restore with: lean, nano, or checkpoints.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "lean,nano",
        value_name = "NAME|FILE"
    )]
    pub models: Vec<String>,
    /// auto, f32, bf16 or int8.
    #[arg(long, default_value = "auto")]
    pub precision: Precision,
    /// CPU threads; 0 uses all.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub threads: usize,
    /// Frames of each row; the fastest counts.
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub rounds: usize,
    /// Print one JSON object per row.
    #[arg(long)]
    pub json: bool,
}

const HEAD: &str =
    "| model | size | changed | ms a frame | network | around it | share around it |";

/// Measures each model and prints it.
pub fn run(arguments: &LiveArgs) -> Result<Outcome> {
    let mut lines = Vec::new();
    for model in &arguments.models {
        let settings = Settings {
            size: (0, 0),
            rounds: arguments.rounds,
            model: ModelOptions::default()
                .with_model(model.clone())
                .with_precision(arguments.precision)
                .with_threads(arguments.threads),
            restore: RestoreOptions::default(),
        };
        let rows = bench::live(&arguments.sizes, &settings)?;
        lines.extend(rows.iter().map(|row| line(model, row)));
    }
    print(HEAD, &lines, arguments.json);
    Ok(Outcome::Done)
}

fn line(model: &str, row: &LiveRow) -> (String, Value) {
    let ((width, height), changed) = (row.size, 100.0 * row.changed);
    let (ms, network) = (1e3 * row.seconds, 1e3 * row.network);
    let around = ms - network;
    let share = around / ms;
    let line = format!(
        "| {model} | {width}x{height} | {changed:.0} % | {ms:.2} | {network:.2} | {around:.2} | {:.0} % |",
        100.0 * share
    );
    let value = json!({
        "model": model, "width": width, "height": height, "changed": row.changed, "ms": ms,
        "network_ms": network, "around_ms": around, "share_around": share,
    });
    (line, value)
}
