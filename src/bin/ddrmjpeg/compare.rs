//! `ddrmjpeg compare`: PSNR of pictures against a reference, or of folders by file name.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ddrmjpeg::eval::metrics;
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg;
use ddrmjpeg::options::Limits;

use crate::Outcome;
use crate::cli::CompareArgs;
use crate::{files, picture};

/// Prints a line per picture or folder: PSNR in dB and what it is of.
pub fn run(arguments: &CompareArgs) -> Result<Outcome> {
    for candidate in &arguments.pictures {
        let psnr = match arguments.reference.is_dir() {
            true => folder(&arguments.reference, candidate)?,
            false => file(&arguments.reference, candidate)?,
        };
        println!("{psnr:.3} dB  {}", candidate.display());
    }
    Ok(Outcome::Done)
}

fn file(reference: &Path, candidate: &Path) -> Result<f64> {
    let (a, b) = (load(reference)?, load(candidate)?);
    metrics::psnr(&a, &b).with_context(|| candidate.display().to_string())
}

/// Any picture; a JPEG as every decoder shows it.
fn load(path: &Path) -> Result<Planar8> {
    let name = || path.display().to_string();
    let bytes = std::fs::read(path).with_context(name)?;
    match bytes.starts_with(&[0xFF, 0xD8]) {
        true => jpeg::pixels::decode(&bytes, &Limits::default()).with_context(name),
        false => picture::decode(&bytes).with_context(name),
    }
}

/// The mean over the pictures of `reference`, each of which must be in `candidate`.
fn folder(reference: &Path, candidate: &Path) -> Result<f64> {
    let names: Vec<PathBuf> = files::below(reference, files::PICTURES)?;
    if names.is_empty() {
        bail!("{}: no pictures in this folder", reference.display());
    }
    let each = names
        .iter()
        .map(|name| file(&reference.join(name), &candidate.join(name)));
    let sum: f64 = each.sum::<Result<f64>>()?;
    Ok(sum / names.len() as f64)
}
