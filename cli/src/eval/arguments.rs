//! What can be typed after `ddrmjpeg eval`.

use std::path::PathBuf;

use clap::{Args, Parser, ValueEnum};
use ddrmjpeg::options::Preset;
use ddrmjpeg::{ModelOptions, RestoreOptions};
use ddrmjpeg_lab::eval::scores::Metric;

use crate::eval::chain::Chain;
use crate::io::files;
use crate::options::OptionArgs;

#[derive(Debug, Args)]
pub struct EvalArgs {
    /// Folder of clean pictures (png, tif, webp, ppm, jpg).
    pub folder: PathBuf,
    /// Qualities to encode at; 10,20,40 if neither these nor chains are given.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u8).range(1..=100))]
    pub quality: Vec<u8>,
    /// Chroma subsamplings to encode with: 444, 422, 420, 440.
    #[arg(long, value_delimiter = ',', default_value = "420")]
    pub sampling: Vec<Sampling>,
    /// Other ways to degrade a clean picture, as steps that end in a save: jpeg:Q and
    /// jpeg:Q:SAMPLING (a save, 4:2:0 by default), scale:F (both sides times F, by Lanczos),
    /// shift:N (N pixels cut off the left and the top, so that the next save lies on another grid),
    /// crop:N (off all four sides), sharpen:S (an unsharp mask of S pixels), noise:S (Gaussian, of
    /// S levels). The original goes through scale, shift and crop only. May be repeated.
    #[arg(long, value_name = "jpeg:20,scale:0.75,jpeg:90")]
    pub chain: Vec<Chain>,
    /// Measure on luma: the pictures are made grey first and encoded as grey JPEGs. studio is Y in
    /// 16..235, as in the published grey tables; full is Y in 0..255.
    #[arg(
        long,
        value_name = "studio|full",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "studio",
        conflicts_with = "sampling"
    )]
    pub grey: Option<Grey>,
    /// Presets to measure, each with all of --models.
    #[arg(long, value_delimiter = ',', default_value = "fast")]
    pub presets: Vec<Preset>,
    /// Priors to measure; without it, --model.
    #[arg(long, value_delimiter = ',', value_name = "NAME|FILE")]
    pub models: Vec<String>,
    /// One more method, by flags of `restore`: 'five steps=--preset sample --steps 5'. Only these
    /// flags apply to it. May be repeated.
    #[arg(long, value_name = "NAME=FLAGS")]
    pub method: Vec<Named>,
    /// A rival: a shell command that reads the JPEG {in} and writes the picture {out}, a PNG.
    /// May be repeated.
    #[arg(long, value_name = "NAME=COMMAND")]
    pub also: Vec<Named>,
    /// Metrics: psnr, psnr-b and ssim (both of luma), ssimulacra2, butteraugli, texture
    /// (high-frequency energy over the original's).
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "psnr,psnr-b,ssim,ssimulacra2,butteraugli,texture"
    )]
    pub metrics: Vec<Metric>,
    /// Use only every Nth picture, sorted by name, starting with the first.
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..))]
    pub every: u16,
    /// Of those, use only this many, from the first on.
    #[arg(long, value_name = "N")]
    pub first: Option<usize>,
    /// Also write the results to this file: a table (.md), every picture's figures (.csv), or all
    /// of it (.json). May be repeated.
    #[arg(long, value_name = "FILE", value_parser = report_file)]
    pub save: Vec<PathBuf>,
    /// Write a contact sheet to this file (.png): a row for each of the first eight pictures, with
    /// the original, the JPEG and every method side by side, at the first quality and sampling.
    #[arg(long, value_name = "FILE")]
    pub sheet: Option<PathBuf>,
    #[command(flatten)]
    pub options: OptionArgs,
}

/// Which luma grey pictures have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Grey {
    /// BT.601 in 16..=235, as MATLAB's rgb2ycbcr gives it.
    Studio,
    /// BT.601 in 0..=255, as JFIF has it.
    Full,
}

impl EvalArgs {
    /// Every quality with every sampling, then the chains.
    pub fn chains(&self) -> Vec<Chain> {
        let usual: &[u8] = match self.chain.is_empty() {
            true => &[10, 20, 40],
            false => &[],
        };
        let qualities: &[u8] = match self.quality.is_empty() {
            true => usual,
            false => &self.quality,
        };
        let singles = qualities.iter().flat_map(|&quality| {
            let samplings = self.sampling.iter();
            samplings.map(move |&sampling| Chain::single(quality, sampling))
        });
        singles.chain(self.chain.iter().cloned()).collect()
    }
}

/// NAME=VALUE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    pub value: String,
}

impl std::str::FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
                Ok(Self {
                    name: name.trim().to_owned(),
                    value: value.trim().to_owned(),
                })
            }
            _ => Err(format!("{text:?}: must be NAME=…")),
        }
    }
}

/// Luma samples per chroma sample across and down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling(pub usize, pub usize);

const SAMPLINGS: [(&str, Sampling); 4] = [
    ("444", Sampling(1, 1)),
    ("422", Sampling(2, 1)),
    ("420", Sampling(2, 2)),
    ("440", Sampling(1, 2)),
];

impl std::str::FromStr for Sampling {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = SAMPLINGS.iter().find(|(name, _)| *name == text);
        let found = found.map(|(_, sampling)| *sampling);
        found.ok_or_else(|| format!("{text}: must be 444, 422, 420 or 440"))
    }
}

impl std::fmt::Display for Sampling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let found = SAMPLINGS.iter().find(|(_, sampling)| sampling == self);
        f.write_str(found.map_or("?", |(name, _)| name))
    }
}

fn report_file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match files::has_extension(&path, &["md", "csv", "json"]) {
        true => Ok(path),
        false => Err(format!("{text}: must end in .md, .csv or .json")),
    }
}

/// The flags of one `--method`.
#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
struct Flags {
    #[command(flatten)]
    options: OptionArgs,
}

impl Named {
    /// The options that the value's flags stand for.
    pub fn options(&self) -> anyhow::Result<(ModelOptions, RestoreOptions)> {
        let flags = Flags::try_parse_from(self.value.split_whitespace());
        let flags = flags.map_err(|error| {
            let said = error.to_string();
            let first = said.lines().next().unwrap_or_default().to_owned();
            anyhow::anyhow!("--method {}: {first}", self.name)
        })?;
        Ok(flags.options.resolve()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_a_name_and_flags_of_restore() {
        let named: Named = "sharp = --model nano --preset sample --steps 3"
            .parse()
            .unwrap();
        let (model, options) = named.options().unwrap();
        assert_eq!(model.model.as_str(), "nano");
        assert_eq!((&*named.name, options.steps), ("sharp", Some(3)));
        assert_eq!(options.preset, Preset::Sample);
        let wrong: Named = "x=--stepss 3".parse().unwrap();
        let message = wrong.options().unwrap_err().to_string();
        assert!(message.contains("--stepss"), "{message}");
        assert!("nameless".parse::<Named>().is_err());
    }

    #[test]
    fn samplings_have_their_usual_names() {
        for (name, sampling) in SAMPLINGS {
            assert_eq!(name.parse::<Sampling>().unwrap(), sampling);
            assert_eq!(sampling.to_string(), name);
        }
        assert!("411".parse::<Sampling>().unwrap_err().contains("411"));
    }
}
