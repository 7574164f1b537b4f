//! `ddrmjpeg compare`: PSNR of pictures against a reference, or of folders by file name.
//!
//! A picture that cannot be compared gets a message; the others are compared.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::options::Limits;
use ddrmjpeg_lab::eval::metrics;

use crate::Outcome;
use crate::io::{files, picture};
use crate::message;
use crate::stdout::outln;

#[derive(Debug, Args)]
pub struct CompareArgs {
    /// A picture, or a folder of them.
    pub reference: PathBuf,
    /// Pictures of the same size, JPEGs too, or folders with pictures of the same names.
    #[arg(required = true, value_name = "PICTURE")]
    pub pictures: Vec<PathBuf>,
}

/// Prints a line per picture or folder: PSNR in dB and the name.
pub fn run(arguments: &CompareArgs) -> Result<Outcome> {
    let mut outcome = Outcome::Done;
    let mut fail = |error: &anyhow::Error| {
        eprintln!("ddrmjpeg: {}", message::of(error));
        outcome = Outcome::Partly;
    };
    match arguments.reference.is_dir() {
        true => folders(arguments, &mut fail)?,
        false => {
            let reference = load(&arguments.reference)?;
            for candidate in &arguments.pictures {
                match psnr(&reference, candidate) {
                    Ok(psnr) => outln!("{psnr:.3} dB  {}", candidate.display()),
                    Err(error) => fail(&error),
                }
            }
        }
    }
    Ok(outcome)
}

/// For each folder, the mean over the pictures that it shares with the reference in the same size;
/// and how many, if not all.
fn folders(arguments: &CompareArgs, fail: &mut dyn FnMut(&anyhow::Error)) -> Result<()> {
    let reference = &arguments.reference;
    let names = files::below(reference, &files::PICTURES)?;
    if names.is_empty() {
        bail!("{}: no pictures in this folder", reference.display());
    }
    for folder in &arguments.pictures {
        let (mut sum, mut count) = (0.0, 0usize);
        for name in &names {
            let one = load(&reference.join(name)).and_then(|it| psnr(&it, &folder.join(name)));
            match one {
                Ok(psnr) => (sum, count) = (sum + psnr, count + 1),
                Err(error) => fail(&error),
            }
        }
        let (mean, shown, all) = (sum / count as f64, folder.display(), names.len());
        match count {
            0 => {}
            _ if count == all => outln!("{mean:.3} dB  {shown}"),
            _ => outln!("{mean:.3} dB  {shown} ({count} of {all} pictures)"),
        }
    }
    Ok(())
}

fn psnr(reference: &Planar8, candidate: &Path) -> Result<f64> {
    let found = metrics::psnr(reference, &load(candidate)?);
    found.with_context(|| candidate.display().to_string())
}

/// Any picture, in colour and upright; a JPEG as every decoder shows it.
fn load(path: &Path) -> Result<Planar8> {
    let name = || path.display().to_string();
    let bytes = std::fs::read(path).with_context(name)?;
    let picture = picture::decode_upright(&bytes, &Limits::default()).with_context(name)?;
    Ok(in_colour(picture))
}

fn in_colour(picture: Planar8) -> Planar8 {
    if picture.model != PixelModel::Grey {
        return picture;
    }
    let (width, height) = (picture.width(), picture.height());
    let rgb = picture.planes[0].data.iter().flat_map(|&grey| [grey; 3]);
    Planar8::from_rgb(width, height, &Vec::from_iter(rgb))
}
