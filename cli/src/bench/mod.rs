//! bench: what networks, stages and presets cost, as a table or as JSON lines.
//!
//! `ddrmjpeg_lab::bench` measures; `parts` says what to measure and prints each result as it comes.
//! `wholes` does the same for whole restorations, `published` for the published networks, which
//! need libtorch. Streams are a subcommand, `video`.

mod batch;
mod live;
mod parts;
#[cfg(feature = "torch")]
mod published;
mod video;
mod walks;
mod wholes;

use anyhow::Result;
use clap::{Args, Subcommand};
use ddrmjpeg::RestoreOptions;
use ddrmjpeg::options::Preset;
use ddrmjpeg_lab::bench::{Family, Settings};

use crate::Outcome;
use crate::options::MachineArgs;

#[derive(Debug, Subcommand)]
pub enum What {
    /// Frames a second, quality and steadiness of streams, by what carries over between frames.
    Video(video::VideoArgs),
    /// What a frame costs around the network, by how much of it changes.
    Live(live::LiveArgs),
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BenchArgs {
    #[command(subcommand)]
    pub what: Option<What>,
    /// Size of the picture for stages, presets, lean and nano.
    #[arg(long, default_value = "640x480", value_name = "WxH", value_parser = size)]
    pub size: (usize, usize),
    /// Networks to call: lean, nano, adm256, ddpm. The published ones, adm256 and ddpm, have random
    /// weights and need libtorch.
    #[arg(long, value_delimiter = ',', default_value = "lean,nano", value_name = "NAMES", value_parser = family)]
    pub networks: Vec<Family>,
    /// Call each also as the published program computes it: f32, channels first, unfused. Needs
    /// libtorch.
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
    #[command(flatten)]
    pub machine: MachineArgs,
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

/// Measures what was asked for and prints it.
pub fn run(arguments: &BenchArgs) -> Result<Outcome> {
    match &arguments.what {
        Some(What::Video(arguments)) => return video::run(arguments),
        Some(What::Live(arguments)) => return live::run(arguments),
        None => {}
    }
    let settings = Settings {
        size: arguments.size,
        rounds: arguments.rounds,
        model: arguments.machine.options(),
        restore: RestoreOptions::default().with_tile_size(arguments.tile_size),
    };
    settings.model.validate()?;
    settings.restore.validate()?;
    #[cfg(not(feature = "torch"))]
    if needs_libtorch(arguments) {
        return crate::hand_over::all_of("bench of networks");
    }
    match wholes::are_wanted(arguments) {
        true => wholes::run(arguments, &settings),
        false => parts::run(arguments, &settings),
    }
}

/// Whether networks are called that only libtorch computes.
#[cfg(not(feature = "torch"))]
fn needs_libtorch(arguments: &BenchArgs) -> bool {
    use ddrmjpeg::options::Device;

    let calls_networks = arguments.steps.is_some() || !wholes::are_wanted(arguments);
    let published = |family: &Family| !matches!(family, Family::Own(_));
    let on_cuda = matches!(arguments.machine.device, Device::Cuda(_));
    let by_libtorch = arguments.as_published || on_cuda;
    calls_networks && (by_libtorch || arguments.networks.iter().any(published))
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
