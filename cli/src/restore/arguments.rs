//! What can be typed after `restore`, and of that what `watch` has too.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;

use crate::io::carry::Orient;
use crate::io::files;
use crate::io::files::Shard;
use crate::io::format::Format;
use crate::io::picture::samples::Depth;
use crate::options::OptionArgs;

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// JPEG files (with --deg quant=Nbit: PNG, TIFF, WebP, PPM), folders of them, or - for
    /// standard input.
    #[arg(required_unless_present = "files_from", value_name = "IN")]
    pub inputs: Vec<PathBuf>,
    /// A list of more inputs, - for standard input: one path a line, or paths that end with a NUL
    /// byte. Results keep the folders of listed paths.
    #[arg(long, value_name = "FILE|-")]
    pub files_from: Option<PathBuf>,
    /// Restore only the Ith of N parts of the inputs, so that N machines do all of them. Which part
    /// an input is in follows from its name.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Output file for one input: the extension chooses png, tif, webp, avif, jxl, ppm, pgm, pnm,
    /// pam, pfm, y4m, rgb, yuv or jpg. Or a folder, or - for standard output: PNG there, JPEG with
    /// --out-quality or --tables.
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
    /// Skip inputs whose output already exists.
    #[arg(long, conflicts_with = "overwrite")]
    pub resume: bool,
    /// Replace files that exist in the output folder, and inputs that are their own outputs.
    #[arg(long)]
    pub overwrite: bool,
    /// Write a page of HTML about the batch, with a slider between before and after for each
    /// picture.
    #[arg(long, value_name = "PAGE.html")]
    pub report: Option<PathBuf>,
    #[command(flatten)]
    pub how: HowArgs,
}

/// How each input is restored, and what is written.
#[derive(Debug, Args)]
pub struct HowArgs {
    /// The format of the output, by its extension: for standard output, for a folder, or for a file
    /// with another extension. y4m, rgb and yuv take several inputs of one size on standard output.
    #[arg(long, value_name = "NAME", value_parser = Format::named)]
    pub format: Option<Format>,
    /// How exact the samples are: 16 for PNG, TIFF, JPEG XL, PNM, PAM, Y4M and raw samples, and for
    /// AVIF, which has 10 then; f32 for TIFF, PFM and raw RGB. 8 is what is written without it, but
    /// for PFM.
    #[arg(long, value_name = "8|16|f32", hide_possible_values = true)]
    pub depth: Option<Depth>,
    /// Write JPEG of that quality, without chroma subsampling. auto, the default for -o OUT.jpg:
    /// the highest whose file is at most half again as large as the input. Of AVIF: 90 without it.
    #[arg(long, value_name = "auto|1..100", conflicts_with = "tables")]
    pub out_quality: Option<OutQuality>,
    /// Write JPEG with these tables. source: those of the input; the result then has mostly the
    /// same levels and looks like the input, for programs that work on exact levels. A number: as
    /// --out-quality.
    #[arg(long, value_name = "source|1..100")]
    pub tables: Option<OutTables>,
    /// What to do with the orientation in EXIF. By default the pixels are turned, except for JPEG
    /// output, which keeps the tag.
    #[arg(long, value_name = "apply|keep", hide_possible_values = true)]
    pub orient: Option<Orient>,
    /// Write the input as decoded and the restored picture side by side, for comparison.
    #[arg(long)]
    pub compare: bool,
    /// Do not copy EXIF, ICC, XMP and other metadata.
    #[arg(long)]
    pub strip: bool,
    /// The inputs are PNG, TIFF, WebP or PPM that once were JPEG: find grid, tables and sampling
    /// from the pixels. Inputs that show none fail.
    #[arg(long)]
    pub was_jpeg: bool,
    /// Print one JSON object per input on standard output.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub options: OptionArgs,
}

impl HowArgs {
    /// What is written to `path`, where `resume` and `overwrite` say what may be there.
    pub fn output<'a>(&self, path: &'a Path, resume: bool, overwrite: bool) -> files::Output<'a> {
        files::Output {
            path,
            tables: self.tables.is_some(),
            quality: self.out_quality.is_some(),
            format: self.format,
            resume,
            overwrite,
        }
    }
}

/// The quality of a JPEG that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutQuality {
    /// Chosen by the size of the input.
    Auto,
    /// libjpeg's tables of this quality.
    Fixed(u8),
}

impl FromStr for OutQuality {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("auto", _) => Ok(Self::Auto),
            (_, Ok(quality @ 1..=100)) => Ok(Self::Fixed(quality)),
            _ => Err(format!("{text}: must be auto or a quality of 1..100")),
        }
    }
}

/// The tables of a JPEG that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutTables {
    /// The input's tables and its sampling.
    Source,
    /// libjpeg's of this quality.
    Quality(u8),
}

impl FromStr for OutTables {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("source", _) => Ok(Self::Source),
            (_, Ok(quality @ 1..=100)) => Ok(Self::Quality(quality)),
            _ => Err(format!("{text}: must be source or a quality of 1..100")),
        }
    }
}
