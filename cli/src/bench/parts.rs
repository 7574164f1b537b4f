//! bench: networks of our own, stages and presets, each compared with those before.

use anyhow::Result;
use ddrmjpeg_lab::bench;
use ddrmjpeg_lab::bench::{
    Arithmetic, EngineRow, Engines, Family, FollowRow, PresetRow, Settings, StageRow,
};
use serde_json::json;

use crate::Outcome;
#[cfg(feature = "torch")]
use crate::bench::published;
use crate::bench::{BenchArgs, mib};
use crate::stdout::outln;

/// Measures networks first, then the rest.
pub fn run(arguments: &BenchArgs, settings: &Settings) -> Result<Outcome> {
    let printer = Printer {
        json: arguments.json,
    };
    let own: Vec<_> = arguments
        .networks
        .iter()
        .filter_map(|&family| match family {
            Family::Own(own) => Some(own),
            _ => None,
        })
        .collect();
    printer.engines(&bench::engines(&own, settings)?);
    #[cfg(feature = "torch")]
    published::run(arguments, settings)?;
    for own in own {
        printer.follow(own.name, &bench::follow(own, settings)?);
    }
    printer.stages(&bench::stages(settings)?, settings.size);
    printer.presets(&bench::presets(&arguments.presets, settings)?);
    Ok(Outcome::Done)
}

/// Those in which each network is called.
pub fn arithmetics(arguments: &BenchArgs) -> Vec<Arithmetic> {
    match arguments.as_published {
        true => vec![Arithmetic::Ours, Arithmetic::AsPublished],
        false => vec![Arithmetic::Ours],
    }
}

/// Tables for people, JSON lines for programs.
struct Printer {
    json: bool,
}

impl Printer {
    fn engines(&self, found: &Engines) {
        for note in &found.notes {
            eprintln!("ddrmjpeg: {note}");
        }
        if !found.rows.is_empty() && !self.json {
            outln!(
                "| one call | engine | arithmetic | size | GMAC | ms | of the first | GOP/s | maps MiB |"
            );
            outln!("|---|---|---|---|---|---|---|---|---|");
        }
        for row in &found.rows {
            match self.json {
                true => outln!("{}", engine_json(row)),
                false => outln!("{}", engine_line(row)),
            }
        }
    }

    fn follow(&self, network: &str, rows: &[FollowRow]) {
        if !rows.is_empty() && !self.json {
            outln!(
                "\n| {}, a frame of a stream: changed | computed again | ms | of a whole call |\n\
                 |---|---|---|---|",
                network
            );
        }
        for row in rows {
            match self.json {
                true => outln!("{}", follow_json(network, row)),
                false => outln!(
                    "| {:.1} % | {:.1} % | {:.2} | 1/{:.1} |",
                    100.0 * row.changed,
                    100.0 * row.answered,
                    1e3 * row.seconds,
                    row.whole / row.seconds
                ),
            }
        }
    }

    fn stages(&self, rows: &[StageRow], (width, height): (usize, usize)) {
        if !self.json {
            outln!("\n| stage, {width}x{height} | ms | ns a pixel | GB/s |\n|---|---|---|---|");
        }
        let pixels = (width * height) as f64;
        for row in rows {
            let (ms, rate) = (1e3 * row.seconds, 1e-9 * row.bytes as f64 / row.seconds);
            let each = 1e9 * row.seconds / pixels;
            match self.json {
                true => outln!(
                    "{}",
                    json!({"stage": row.name, "ms": ms, "bytes": row.bytes})
                ),
                false => outln!("| {} | {ms:.2} | {each:.1} | {rate:.1} |", row.name),
            }
        }
    }

    fn presets(&self, rows: &[PresetRow]) {
        if !self.json {
            outln!("\n| preset | size | network calls | ms | Mpixel/s | peak MiB |");
            outln!("|---|---|---|---|---|---|");
        }
        for row in rows {
            let (width, height) = row.size;
            let (ms, rate) = (
                1e3 * row.seconds,
                1e-6 * (width * height) as f64 / row.seconds,
            );
            match self.json {
                true => outln!(
                    "{}",
                    json!({"preset": row.preset.to_string(), "width": width, "height": height,
                           "calls": row.calls, "ms": ms, "peak_bytes": row.peak_bytes})
                ),
                false => outln!(
                    "| {} | {width}x{height} | {} | {ms:.1} | {rate:.2} | {} |",
                    row.preset,
                    row.calls,
                    mib(row.peak_bytes)
                ),
            }
        }
    }
}

fn engine_line(row: &EngineRow) -> String {
    let (width, height) = row.size;
    format!(
        "| {} | {} | {} | {width}x{height} | {:.1} | {:.1} | {:.2} | {:.0} | {} |",
        row.network,
        row.engine,
        row.arithmetic,
        row.gmac,
        1e3 * row.seconds,
        row.seconds / row.first,
        row.gops(),
        mib(Some(row.map_bytes as u64)),
    )
}

fn engine_json(row: &EngineRow) -> serde_json::Value {
    json!({
        "network": row.network,
        "engine": row.engine,
        "arithmetic": row.arithmetic,
        "width": row.size.0,
        "height": row.size.1,
        "gmac": row.gmac,
        "ms": 1e3 * row.seconds,
        "of_the_first": row.seconds / row.first,
        "gops": row.gops(),
        "map_bytes": row.map_bytes,
    })
}

fn follow_json(network: &str, row: &FollowRow) -> serde_json::Value {
    json!({
        "follows": network,
        "changed": row.changed,
        "answered": row.answered,
        "ms": 1e3 * row.seconds,
        "whole_ms": 1e3 * row.whole,
    })
}

/// Its name in tables.
pub fn arithmetic(arithmetic: Arithmetic) -> &'static str {
    match arithmetic {
        Arithmetic::Ours => "ours",
        Arithmetic::AsPublished => "as published",
    }
}
