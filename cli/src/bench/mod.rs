//! bench: what networks, stages and presets cost, as a table or as JSON lines.
//!
//! `ddrmjpeg_lab::bench` measures; this module says what to measure and prints each result as it
//! comes. `wholes` does the same for whole restorations. Streams are a subcommand, `video`.

mod batch;
mod video;
mod wholes;

use anyhow::Result;
use clap::{Args, Subcommand};
use ddrmjpeg::options::{Device, Precision, Preset};
use ddrmjpeg::{ModelOptions, RestoreOptions};
use ddrmjpeg_lab::bench;
use ddrmjpeg_lab::bench::{
    Arithmetic, Family, FollowRow, NetworkRow, Peak, PresetRow, Settings, StageRow,
};
use serde_json::json;

use crate::Outcome;
use crate::stdout::outln;

#[derive(Debug, Subcommand)]
pub enum What {
    /// Frames a second, quality and steadiness of streams, by what carries over between frames.
    Video(video::VideoArgs),
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BenchArgs {
    #[command(subcommand)]
    pub what: Option<What>,
    /// Size of the picture for stages, presets, lean and nano.
    #[arg(long, default_value = "640x480", value_name = "WxH", value_parser = size)]
    pub size: (usize, usize),
    /// Networks to call: lean, nano, adm256, ddpm. The published ones have random weights.
    #[arg(long, value_delimiter = ',', default_value = "lean,nano,adm256,ddpm", value_name = "NAMES", value_parser = family)]
    pub networks: Vec<Family>,
    /// Call each also as the published program computes it: f32, channels first, unfused.
    #[arg(long)]
    pub as_published: bool,
    /// Presets to restore with, by the built-in model.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "fast",
        value_name = "NAMES"
    )]
    pub presets: Vec<Preset>,
    /// Instead: restore a picture of each of these sizes, for the cost of a pixel and the memory.
    #[arg(long, value_delimiter = ',', value_name = "WxH", value_parser = size)]
    pub sizes: Vec<(usize, usize)>,
    /// Instead: the published experiment on 256x256 in N steps, by each of the networks.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub steps: Option<u16>,
    /// Instead: four streams at once, compared with one of as many pixels (one of --size).
    #[arg(long)]
    pub streams: bool,
    /// Instead: the command restore on N files of --size.
    #[arg(long, value_name = "N")]
    pub batch: Option<usize>,
    /// How often everything is run; the fastest run counts.
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub rounds: usize,
    /// Side of a tile in pixels; 0 chooses from the size of the picture.
    #[arg(long, default_value_t = 0, value_name = "PX")]
    pub tile_size: usize,
    /// auto, cpu, cuda or cuda:N.
    #[arg(long, default_value = "auto")]
    pub device: Device,
    /// auto, f32 or bf16.
    #[arg(long, default_value = "auto")]
    pub precision: Precision,
    /// CPU threads; 0 uses all.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub threads: usize,
    /// Print one JSON object per row.
    #[arg(long)]
    pub json: bool,
}

fn size(text: &str) -> Result<(usize, usize), String> {
    let sides = text
        .split_once('x')
        .and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    match sides {
        Some((w, h)) if (16..=16384).contains(&w) && (16..=16384).contains(&h) => Ok((w, h)),
        _ => Err(format!("{text}: must be WxH, both in 16..16384")),
    }
}

fn family(text: &str) -> Result<Family, String> {
    let found = Family::all().find(|family| family.name() == text);
    let names = || Family::all().map(Family::name).collect::<Vec<_>>();
    found.ok_or_else(|| format!("{text}: must be one of {}", names().join(", ")))
}

/// Measures convolutions first, then networks, then the rest: each is compared with those before.
pub fn run(arguments: &BenchArgs) -> Result<Outcome> {
    if let Some(What::Video(arguments)) = &arguments.what {
        return video::run(arguments);
    }
    let settings = Settings {
        size: arguments.size,
        rounds: arguments.rounds,
        model: ModelOptions::default()
            .with_device(arguments.device)
            .with_precision(arguments.precision)
            .with_threads(arguments.threads),
        restore: RestoreOptions::default().with_tile_size(arguments.tile_size),
    };
    settings.model.validate()?;
    settings.restore.validate()?;
    let arithmetics = match arguments.as_published {
        true => vec![Arithmetic::Ours, Arithmetic::AsPublished],
        false => vec![Arithmetic::Ours],
    };
    if wholes::are_wanted(arguments) {
        return wholes::run(arguments, &settings, &arithmetics);
    }
    let printer = Printer {
        json: arguments.json,
    };
    let peak = bench::peak(&settings)?;
    printer.peak(&peak);
    printer.networks_head(!arguments.networks.is_empty());
    for &family in &arguments.networks {
        let rows = bench::networks(family, &arithmetics, &peak, &settings)?;
        printer.networks(&rows, &peak);
    }
    for &family in &arguments.networks {
        printer.follow(family, &bench::follow(family, &settings)?);
    }
    printer.stages(&bench::stages(&settings)?, settings.size);
    printer.presets(&bench::presets(&arguments.presets, &settings)?);
    Ok(Outcome::Done)
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

fn arithmetic(arithmetic: Arithmetic) -> &'static str {
    match arithmetic {
        Arithmetic::Ours => "ours",
        Arithmetic::AsPublished => "as published",
    }
}

fn mib(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "-".to_owned(), |bytes| (bytes >> 20).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_bounded() {
        assert_eq!(size("640x480"), Ok((640, 480)));
        for wrong in ["640", "640x", "x480", "8x480", "640x99999", "-1x20"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_family_has_a_name_that_is_read() {
        for one in Family::all() {
            assert_eq!(family(one.name()), Ok(one));
        }
        assert!(family("nano2").is_err());
    }
}
