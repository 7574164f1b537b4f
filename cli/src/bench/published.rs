//! bench: bare convolutions, and the published networks compared with them.

use anyhow::Result;
use ddrmjpeg_lab::bench;
use ddrmjpeg_lab::bench::{Arithmetic, Family, NetworkRow, Peak, Settings};
use serde_json::json;

use crate::bench::parts::{arithmetic, arithmetics};
use crate::bench::{BenchArgs, mib};
use crate::stdout::outln;

/// Measures what was asked for and prints it.
pub fn run(arguments: &BenchArgs, settings: &Settings) -> Result<()> {
    let networks = arguments.networks.iter().copied();
    let published: Vec<Family> = networks
        .filter(|family| !matches!(family, Family::Own(_)))
        .collect();
    if published.is_empty() {
        return Ok(());
    }
    let printer = Printer {
        json: arguments.json,
    };
    let peak = bench::peak(settings)?;
    printer.peak(&peak);
    printer.head();
    for family in published {
        let rows = bench::networks(family, &arithmetics(arguments), &peak, settings)?;
        printer.networks(&rows, &peak);
    }
    Ok(())
}

/// Tables for people, JSON lines for programs.
struct Printer {
    json: bool,
}

impl Printer {
    fn peak(&self, peak: &Peak) {
        if !self.json {
            outln!("\n| convolution 3x3 | GFLOP/s |\n|---|---|");
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

    fn head(&self) {
        if !self.json {
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
