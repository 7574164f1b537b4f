//! Where restoration begins to harm: pictures encoded at high qualities and samplings,
//! restored with the identity gate open and not at all. Prints a Markdown table; behind
//! docs/measurements/gate.md.
//!
//! `cargo run --release --example gate_sweep -- SOURCE COUNT QUALITY,… 420,422,444 [SIDE [MODEL [gate]]]`;
//! SOURCE a folder, `drawings`, or one of these: `text`, `drawing`, `window`;
//! with SIDE the middle of each picture alone, so many pixels wide and high (0: all of it);
//! with the word gate behind that, the gate in use.

mod common;

use anyhow::{Result, bail};
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg;
use ddrmjpeg::{Control, ModelOptions, RestoreOptions, Restorer};
use ddrmjpeg_lab::eval::metrics;

#[path = "gate_sweep/drawings.rs"]
mod drawings;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [source, count, qualities, samplings, rest @ ..] = &arguments[..] else {
        bail!("SOURCE COUNT QUALITY,… SAMPLING,… [SIDE [MODEL [gate]]]");
    };
    let side = rest.first().map_or(Ok(0), |side| side.parse())?;
    let model = rest.get(1).map_or("lean", String::as_str);
    let pictures = match source.as_str() {
        "drawings" => drawings::all(),
        "text" => drawings::all().into_iter().take(1).collect(),
        "drawing" => drawings::all().into_iter().skip(1).take(1).collect(),
        "window" => drawings::all().into_iter().skip(2).collect(),
        folder => common::pictures(folder, count.parse()?, side)?,
    };
    let options = RestoreOptions::default()
        .with_identity_gate(rest.get(2).is_some_and(|word| word == "gate"));
    let restorer = Restorer::open(&ModelOptions::default().with_model(model))?;
    println!(
        "| sampling | quality | JPEG dB | gain | worst | lost on | outside cells | luma far outside, gained: most | lost: least | flat blocks, most |"
    );
    println!("|{}", "---|".repeat(10));
    for sampling in samplings.split(',') {
        for quality in qualities.split(',') {
            let quality = quality.parse()?;
            let rows = pictures
                .iter()
                .map(|clean| {
                    measure(
                        &restorer,
                        clean,
                        quality,
                        common::factors(sampling)?,
                        &options,
                    )
                })
                .collect::<Result<Vec<_>>>()?;
            println!(
                "| 4:{}:{} {}",
                &sampling[1..2],
                &sampling[2..3],
                line(quality, &rows)
            );
        }
    }
    Ok(())
}

/// PSNR of the JPEG and of the restored picture; shares of the coefficients that left their cells, of
/// luma's that left them by more than half a step, and of luma's blocks with nothing but DC.
type Row = [f64; 5];

fn line(quality: u8, rows: &[Row]) -> String {
    let mean = |of: &dyn Fn(&Row) -> f64| rows.iter().map(of).sum::<f64>() / rows.len() as f64;
    let gains = || {
        let gain = |row: &Row| row[1] - row[0];
        let worst = rows.iter().map(gain).fold(f64::INFINITY, f64::min);
        let lost = rows.iter().filter(|row| gain(row) < 0.0).count();
        format!(
            "{:+.3} | {worst:+.3} | {lost} of {}",
            mean(&gain),
            rows.len()
        )
    };
    // The limit of a prior has to lie between these.
    let far = |gained: bool| {
        let rows = rows.iter().filter(move |row| (row[1] >= row[0]) == gained);
        rows.map(|row| row[3])
    };
    let percent = |share: Option<f64>| share.map_or("-".into(), |s| format!("{:.2} %", 100.0 * s));
    format!(
        "| {quality} | {:.3} | {} | {:.2} % | {} | {} | {} |",
        mean(&|row| row[0]),
        gains(),
        100.0 * mean(&|row| row[2]),
        percent(far(true).reduce(f64::max)),
        percent(far(false).reduce(f64::min)),
        percent(rows.iter().map(|row| row[4]).reduce(f64::max)),
    )
}

fn measure(
    restorer: &Restorer,
    clean: &Planar8,
    quality: u8,
    subsampling: (usize, usize),
    options: &RestoreOptions,
) -> Result<Row> {
    let file = jpeg::read(&jpeg::encode(clean, quality, subsampling)?, &options.limits)?;
    let decode = options.clone().with_strength(0.0);
    let decoded = restorer
        .restore_file(&file, &decode, Control::default())?
        .frame;
    let restored = restorer.restore_file(&file, options, Control::default())?;
    let departures = restored.report.departures;
    let share = |part: u64, of: u64| part as f64 / of.max(1) as f64;
    Ok([
        metrics::psnr(clean, &decoded)?,
        metrics::psnr(clean, &restored.frame)?,
        share(departures.left, departures.known),
        share(departures.luma_far, departures.luma_known),
        flat_share(&file),
    ])
}

/// Share of the blocks of luma of which nothing but DC is left.
fn flat_share(file: &jpeg::JpegFile) -> f64 {
    let levels = &file.components[0].levels;
    let flat = |levels: &&[i16; 64]| levels[1..].iter().all(|&level| level == 0);
    levels.iter().filter(flat).count() as f64 / levels.len().max(1) as f64
}
