//! bench: convolutions, networks, stages and presets, each compared with those before.

use anyhow::Result;
use ddrmjpeg_lab::bench;
use ddrmjpeg_lab::bench::{
    Arithmetic, Family, FollowRow, NetworkRow, Peak, PresetRow, Settings, StageRow,
};
use serde_json::json;

use crate::Outcome;
use crate::bench::{BenchArgs, mib};
use crate::stdout::outln;

/// Measures convolutions first, then networks, then the rest.
pub fn run(arguments: &BenchArgs, settings: &Settings) -> Result<Outcome> {
    let printer = Printer {
        json: arguments.json,
    };
    let peak = bench::peak(settings)?;
    printer.peak(&peak);
    printer.networks_head(!arguments.networks.is_empty());
    for &family in &arguments.networks {
        let rows = bench::networks(family, &arithmetics(arguments), &peak, settings)?;
        printer.networks(&rows, &peak);
    }
    for &family in &arguments.networks {
        printer.follow(family, &bench::follow(family, settings)?);
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
    fn peak(&self, peak: &Peak) {
        if !self.json {
            outln!("| convolution 3x3 | GFLOP/s |\n|---|---|");
        }
        for (shape, rate) in &peak.gflops {
            let name = format!(
                "{} channels, {}x{}",
                shape.channels, shape.width, shape.height
            );
            match self.json {
                true => outln!("{}", json!({"convolution": name, "gflops": rate})),
                false => outln!("| {name} | {rate:.0} |"),
            }
        }
    }

    fn networks_head(&self, any: bool) {
        if any && !self.json {
            outln!(
                "\n| one call | arithmetic | size | GMAC | ms | GFLOP/s | of the peak | of its shapes | outside \
                 products | peak MiB | rate over as-published |"
            );
            outln!("|---|---|---|---|---|---|---|---|---|---|---|");
        }
    }

    fn networks(&self, rows: &[NetworkRow], peak: &Peak) {
        let yardstick = rows
            .iter()
            .find(|row| row.arithmetic == Arithmetic::AsPublished);
        for row in rows {
            let share = row.gflops() / peak.best();
            let ratio = yardstick.map(|slow| slow.seconds / row.seconds);
            match self.json {
                true => outln!("{}", network_json(row, share, ratio)),
                false => outln!("{}", network_line(row, share, ratio)),
            }
        }
    }

    fn follow(&self, family: Family, rows: &[FollowRow]) {
        if !rows.is_empty() && !self.json {
            outln!(
                "\n| {}, a frame of a stream: changed | computed again | ms | of a whole call |\n\
                 |---|---|---|---|",
                family.name()
            );
        }
        for row in rows {
            match self.json {
                true => outln!("{}", follow_json(family, row)),
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

fn network_line(row: &NetworkRow, share: f64, ratio: Option<f64>) -> String {
    let (width, height) = row.size;
    format!(
        "| {} | {} | {width}x{height} | {:.1} | {:.1} | {:.0} | {:.0} % | {} | {:.0} % | {} | {} |",
        row.family.name(),
        arithmetic(row.arithmetic),
        row.gmac,
        1e3 * row.seconds,
        row.gflops(),
        100.0 * share,
        row.bare_seconds.map_or_else(
            || "-".to_owned(),
            |bare| format!("{:.0} %", 100.0 * bare / row.seconds)
        ),
        100.0 * row.outside,
        mib(row.peak_bytes),
        ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"))
    )
}

fn network_json(row: &NetworkRow, share: f64, ratio: Option<f64>) -> serde_json::Value {
    json!({
        "network": row.family.name(),
        "arithmetic": arithmetic(row.arithmetic),
        "width": row.size.0,
        "height": row.size.1,
        "gmac": row.gmac,
        "ms": 1e3 * row.seconds,
        "gflops": row.gflops(),
        "share_of_peak": share,
        "share_of_its_shapes": row.bare_seconds.map(|bare| bare / row.seconds),
        "outside_products": row.outside,
        "peak_bytes": row.peak_bytes,
        "rate_over_as_published": ratio,
    })
}

fn follow_json(family: Family, row: &FollowRow) -> serde_json::Value {
    json!({
        "follows": family.name(),
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
