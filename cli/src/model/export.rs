//! `ddrmjpeg model export`: a network of this project as ONNX.

use std::path::Path;

use anyhow::{Context, Result, bail};
use ddrmjpeg::JpegFile;
use ddrmjpeg::model::onnx::{Tables, Wanted, export};
use ddrmjpeg::options::Limits;
use indicatif::DecimalBytes;

use crate::Outcome;
use crate::io::{files, picture};
use crate::model::args::ExportArgs;
use crate::model::subject::Subject;
use crate::stdout::outln;

/// Writes the file, completely or not at all, and prints its size.
pub fn run(arguments: &ExportArgs) -> Result<Outcome> {
    let output = &arguments.onnx;
    if !files::has_extension(output, &["onnx"]) {
        bail!("{}: must end in .onnx", output.display());
    }
    let subject = Subject::of(&arguments.input, &arguments.place.experiments)?;
    let wanted = Wanted {
        with_noise: arguments.with_noise,
        tables: arguments.tables_of.as_deref().map(tables_of).transpose()?,
        licence: subject.entry.as_ref().map(|entry| entry.licence.clone()),
    };
    let bytes = export(&subject.open()?, &wanted)
        .with_context(|| format!("{} is not exported", subject.place()))?;
    picture::save_bytes(&bytes, output)?;
    let size = DecimalBytes(bytes.len() as u64);
    outln!("{}: {size}", output.display());
    Ok(Outcome::Done)
}

/// Tables and sampling of the JPEG `path`.
fn tables_of(path: &Path) -> Result<Tables> {
    let name = || path.display().to_string();
    let bytes = std::fs::read(path).with_context(name)?;
    let file = JpegFile::read(&bytes, &Limits::default()).with_context(name)?;
    Ok(Tables::of(&file))
}
