//! bench video: what a stream costs and gains, as a table or as JSON lines.
//!
//! `ddrmjpeg_lab::bench::video` makes the clips and measures; this module says what to measure and
//! prints each result as it comes.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::options::{Preset, Temporal};
use ddrmjpeg::{RestoreOptions, Restorer};
use ddrmjpeg_lab::bench::video;
use ddrmjpeg_lab::bench::video::{Clip, Kind, Row};
use serde_json::json;

use crate::Outcome;
use crate::io::picture;
use crate::options::MachineArgs;
use crate::stdout::outln;

#[derive(Debug, Args)]
pub struct VideoArgs {
    /// Folder of pictures to script the clips from: the first is the scene, the second what
    /// moves in it and what follows the cut. Made up when it is not given.
    #[arg(long, value_name = "FOLDER")]
    pub pictures: Option<PathBuf>,
    /// Clips: still, object, noisy, pan, cut, tables.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "still,object,noisy,pan,cut,tables",
        value_name = "NAMES"
    )]
    pub clips: Vec<Kind>,
    /// Settings to compare: off, reuse, accumulate. Pixels are compared with those of the first.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "off,reuse,accumulate",
        value_name = "NAMES"
    )]
    pub temporal: Vec<Temporal>,
    /// Size of a frame.
    #[arg(long, default_value = "640x480", value_name = "WxH", value_parser = crate::bench::size)]
    pub size: (usize, usize),
    /// Frames of a clip; the first one warms up.
    #[arg(long, default_value_t = 24, value_name = "2..1000", value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub frames: u32,
    /// Quality of the JPEGs.
    #[arg(long, default_value_t = 70, value_name = "1..100", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub quality: u8,
    /// Their chroma: 4:4:4, 4:2:2, 4:4:0 or 4:2:0.
    #[arg(long, default_value = "4:2:0", value_name = "SAMPLING", value_parser = sampling)]
    pub subsampling: (usize, usize),
    /// Standard deviation of the sensor's noise in the clip noisy, in 8-bit levels.
    #[arg(long, default_value_t = 2.5, value_name = "LEVELS")]
    pub noise: f64,
    /// Side of the object that moves, in pixels.
    #[arg(long, default_value_t = 96, value_name = "PX")]
    pub object: usize,
    /// lean (embedded), identity, or a checkpoint.
    #[arg(long, default_value = "lean", value_name = "NAME|FILE")]
    pub model: String,
    /// fast, quality, sample or paper.
    #[arg(long, default_value = "fast", value_name = "NAME")]
    pub preset: Preset,
    #[command(flatten)]
    pub machine: MachineArgs,
    /// Print one JSON object per row.
    #[arg(long)]
    pub json: bool,
}

/// Luma samples per chroma sample.
fn sampling(text: &str) -> Result<(usize, usize), String> {
    match text {
        "4:4:4" => Ok((1, 1)),
        "4:2:2" => Ok((2, 1)),
        "4:4:0" => Ok((1, 2)),
        "4:2:0" => Ok((2, 2)),
        _ => Err("must be 4:4:4, 4:2:2, 4:4:0 or 4:2:0".into()),
    }
}

/// Restores each clip with each setting.
pub fn run(arguments: &VideoArgs) -> Result<Outcome> {
    let model = arguments
        .machine
        .options()
        .with_model(arguments.model.clone());
    let options = RestoreOptions::default().with_preset(arguments.preset);
    let pictures = match &arguments.pictures {
        Some(folder) => first_two(folder)?,
        None => video::made_up(arguments.size),
    };
    let restorer = Restorer::open(&model)?;
    if !arguments.json {
        outln!("{HEAD}");
    }
    for &kind in &arguments.clips {
        let clip = Clip {
            frames: arguments.frames as usize,
            quality: arguments.quality,
            subsampling: arguments.subsampling,
            sigma: arguments.noise,
            object_px: arguments.object,
            ..Clip::new(kind, pictures.clone(), arguments.size)
        };
        for row in video::run(&restorer, &clip, &arguments.temporal, &options)? {
            match arguments.json {
                true => outln!("{}", as_json(&row)),
                false => outln!("{}", as_line(&row)),
            }
        }
    }
    Ok(Outcome::Done)
}

/// The first two pictures of a folder by name, in RGB.
fn first_two(folder: &Path) -> Result<Vec<Planar8>> {
    let context = || folder.display().to_string();
    let entries = std::fs::read_dir(folder).with_context(context)?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .with_context(context)?;
    paths.retain(|path| path.is_file());
    paths.sort();
    if paths.is_empty() {
        bail!("{}: no pictures", folder.display());
    }
    let load = |path: &PathBuf| picture::load(path).map(in_colour);
    paths.iter().take(2).map(load).collect()
}

fn in_colour(picture: Planar8) -> Planar8 {
    let mut out = Planar8::new(PixelModel::Rgb, picture.width(), picture.height(), (1, 1));
    for (c, plane) in out.planes.iter_mut().enumerate() {
        plane
            .data
            .clone_from(&picture.planes[c.min(picture.planes.len() - 1)].data);
    }
    out
}

const HEAD: &str = "\
| clip | temporal | frames/s | median ms | calls/frame | changed | recomputed | still dB, first -> last | its luma \
| moving dB | whole dB | deviation | JPEG's | as the first |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|";

fn as_line(row: &Row) -> String {
    let or_dash = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.2}"));
    let path = |pair: Option<(f64, f64)>| {
        pair.map_or("-".into(), |(first, last)| {
            format!("{first:.2} -> {last:.2}")
        })
    };
    format!(
        "| {} | {} | {:.1} | {:.2} | {:.2} | {:.0} % | {:.0} % | {} | {} | {} | {:.2} | {} | {} | {} |",
        row.kind,
        row.temporal,
        1.0 / row.seconds,
        1e3 * row.median_seconds,
        row.calls,
        100.0 * row.changed,
        100.0 * row.recomputed,
        path(row.still),
        path(row.still_luma),
        or_dash(row.moving),
        row.whole,
        or_dash(row.deviation),
        or_dash(row.jpeg_deviation),
        if row.identical { "yes" } else { "no" },
    )
}

fn as_json(row: &Row) -> serde_json::Value {
    json!({
        "clip": row.kind.name(),
        "temporal": row.temporal.to_string(),
        "ms": 1e3 * row.seconds,
        "median_ms": 1e3 * row.median_seconds,
        "calls": row.calls,
        "changed": row.changed,
        "recomputed": row.recomputed,
        "still_first_db": row.still.map(|(first, _)| first),
        "still_last_db": row.still.map(|(_, last)| last),
        "still_first_luma_db": row.still_luma.map(|(first, _)| first),
        "still_last_luma_db": row.still_luma.map(|(_, last)| last),
        "moving_db": row.moving,
        "whole_db": row.whole,
        "deviation": row.deviation,
        "jpeg_deviation": row.jpeg_deviation,
        "identical": row.identical,
    })
}
